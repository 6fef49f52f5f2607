use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json::Json;
use super::{Unreadable, parsed};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: String,
    count: u64,
    offset: i8,
    on: bool,
    note: Option<String>,
    kinds: Vec<Kind>,
    pair: (String, u8),
    nothing: (),
    id: Id,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Alone,
    With(String),
    Both(u8, String),
    Named { first: u8, second: Option<u8> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Id(String);

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Wish {
    search: String,
    page: u8,
    all: bool,
}

fn row() -> Row {
    Row {
        name: "\"a\\b/\u{1}\u{8}\u{c}\n\r\t </script> ü € 🗝".to_owned(),
        count: 9_007_199_254_740_993,
        offset: -7,
        on: true,
        note: None,
        kinds: vec![
            Kind::Alone,
            Kind::With("x".to_owned()),
            Kind::Both(1, String::new()),
            Kind::Named {
                first: 2,
                second: Some(3),
            },
        ],
        pair: ("p".to_owned(), 255),
        nothing: (),
        id: Id("i".to_owned()),
    }
}

#[test]
fn what_serde_json_writes_is_read() {
    assert_eq!(parsed(&serde_json::to_string(&row()).unwrap()), Ok(row()));
    assert_eq!(parsed(&serde_json::to_string_pretty(&row()).unwrap()), Ok(row()));
    let named: BTreeMap<String, Vec<u8>> = [("a".to_owned(), vec![1, 2]), (String::new(), vec![])].into();
    assert_eq!(parsed(&serde_json::to_string(&named).unwrap()), Ok(named));
    for result in [Ok(Some(1_u8)), Ok(None), Err("no".to_owned())] {
        assert_eq!(parsed(&serde_json::to_string(&result).unwrap()), Ok(result));
    }
}

#[test]
fn every_way_to_write_a_sign_is_read() {
    let text = r#""\u0041\u00fc\u20AC\ud83d\udddd\/""#;
    assert_eq!(Json::parse(text), Ok(Json::Text("Aü€🗝/".to_owned())));
    for bad in [
        r#""\ud83d""#,
        r#""\ud83dxx""#,
        r#""\ud83d\u0041""#,
        r#""\udddd""#,
        r#""\u12g4""#,
        r#""\x""#,
    ] {
        assert_eq!(Json::parse(bad), Err(Unreadable), "{bad}");
    }
}

#[test]
fn fields_are_found_in_any_order_and_others_are_passed_over() {
    let text = r#"{"page": 3, "new": {"deep": [1, "]}"]}, "search": "a"}"#;
    let wish = Wish {
        search: "a".to_owned(),
        page: 3,
        all: false,
    };
    assert_eq!(parsed(text), Ok(wish));
    assert_eq!(parsed::<Id>("{}"), Err(Unreadable));
    assert_eq!(parsed::<Row>(r#"{"name": "without the others"}"#), Err(Unreadable));
}

#[test]
fn what_is_cut_off_or_of_another_type_is_no_answer() {
    let whole = serde_json::to_string(&row()).unwrap();
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        assert_eq!(parsed::<Row>(&whole[..end]), Err(Unreadable), "{}", &whole[..end]);
    }
    assert_eq!(parsed::<Row>(&format!("{whole},")), Err(Unreadable));
    for (bad, what) in [
        ("256", "a number too large"),
        ("1.5", "a fraction"),
        ("-", "a sign"),
        ("\"1\"", "a text"),
    ] {
        assert_eq!(parsed::<u8>(bad), Err(Unreadable), "{what}");
    }
    for bad in ["[1,]", "[,1]", "[1 2]", "tru", "nul", "", "{\"a\" 1}", "{a: 1}"] {
        assert_eq!(Json::parse(bad), Err(Unreadable), "{bad}");
    }
    assert_eq!(parsed::<Kind>(r#""unknown""#), Err(Unreadable));
}
