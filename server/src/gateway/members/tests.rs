//! What remains after cutting is what was there.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn without(text: &str, names: &[&str]) -> String {
    Object::read(text).unwrap().without(names)
}

#[test]
fn what_remains_stands_as_it_stood() {
    for (text, left) in [
        (r#"{"x":1,"a":1e400,"b":2}"#, r#"{"a":1e400,"b":2}"#),
        (r#"{"a":1 , "x" : {"x":[1,"}"]} , "b":2}"#, r#"{"a":1 , "b":2}"#),
        (r#"{"a":1,"x":null}"#, r#"{"a":1}"#),
        (r#" { "x" : "\"," } "#, " {  } "),
        (r#"{"x":1,"y":2}"#, "{}"),
        (r#"{"x":1,"y":2,"a":3,"x":4,"y":5,"a":6,"x":7}"#, r#"{"a":3,"a":6}"#),
        (r#"{"a":{"x":1,"y":[{"x":2}]}}"#, r#"{"a":{"x":1,"y":[{"x":2}]}}"#),
        (r#"{"\u0078":1,"a":"x"}"#, r#"{"a":"x"}"#),
        ("{}", "{}"),
    ] {
        assert_eq!(without(text, &["x", "y"]), left, "{text}");
    }
}

#[test]
fn of_repeated_names_the_last_one_counts() {
    let object = Object::read(r#"{"a":1,"b":"\u00e9","a": {"c":2} }"#).unwrap();
    assert_eq!(object.get("a"), Some(r#"{"c":2}"#));
    assert_eq!(object.string("b").as_deref(), Some("é"));
    assert_eq!(object.object("a").unwrap().get("c"), Some("2"));
    assert_eq!(object.with("a", "[]"), r#"{"a":1,"b":"\u00e9","a": [] }"#);
    assert!(object.string("a").is_none() && object.object("b").is_none() && object.get("d").is_none());
}

#[test]
fn only_whole_objects_are_read() {
    for text in [
        "",
        "[]",
        "1",
        r#""{}""#,
        "{",
        r#"{"a":}"#,
        r#"{"a":1}x"#,
        r#"{"a":1,}"#,
        "{'a':1}",
    ] {
        assert!(Object::read(text).is_none(), "{text}");
    }
}

const CUT: &[&str] = &["inputResponses", "requestState"];

fn space() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just(String::new()), 1 => "[ \t\n\r]{1,3}"]
}

/// A name as it may be written: plain, or with its first letter escaped.
fn name() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("inputResponses".to_owned()),
        Just("requestState".to_owned()),
        Just("arguments".to_owned()),
        "\\PC{0,6}",
    ];
    (plain, any::<bool>()).prop_map(|(name, escaped)| match name.chars().next() {
        Some(first @ 'a'..='z') if escaped => {
            let rest = serde_json::to_string(&name[1..]).unwrap();
            format!("\"\\u{:04x}{}", first as u32, &rest[1..])
        }
        _ => serde_json::to_string(&name).unwrap(),
    })
}

/// Any value as text, with members of the same names inside.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-1.5e300".to_owned()),
        Just("123456789012345678901234567890".to_owned()),
        "\\PC{0,8}".prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\\\"{[,:""#.to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            written(inner).prop_map(|members| object(&members)),
        ]
    })
}

/// Members as `(name, value)` texts.
fn written(value: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<(String, String)>> {
    let member = (space(), name(), space(), space(), value, space())
        .prop_map(|(a, name, b, c, value, d)| (format!("{a}{name}{b}"), format!("{c}{value}{d}")));
    prop::collection::vec(member, 0..6)
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{{{}}}", members.join(","))
}

fn is_cut(written: &str) -> bool {
    CUT.contains(&serde_json::from_str::<String>(written).unwrap().as_str())
}

proptest! {
    #[test]
    fn b09_cutting_leaves_every_other_member_byte_for_byte(members in written(value())) {
        let text = object(&members);
        let left = without(&text, CUT);
        let cut = Object::read(&left).unwrap();
        let kept: Vec<_> = members.iter().filter(|(name, _)| !is_cut(name)).collect();
        let names: Vec<String> = kept.iter().map(|(name, _)| serde_json::from_str(name).unwrap()).collect();
        let values: Vec<&str> = kept.iter().map(|(_, value)| value.trim()).collect();
        prop_assert_eq!(cut.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>(), names);
        prop_assert_eq!(cut.iter().map(|(_, value)| value).collect::<Vec<_>>(), values);
        if kept.len() == members.len() {
            prop_assert_eq!(&left, &text);
        }
        // Members that stand together stay together, spaces included.
        for pair in members.windows(2).filter(|pair| !is_cut(&pair[0].0) && !is_cut(&pair[1].0)) {
            let together = object(pair);
            let together = together[1..together.len() - 1].trim();
            prop_assert!(left.contains(together), "{} in {}", together, left);
        }
    }

    #[test]
    fn members_are_read_as_serde_json_reads_them(members in written(value())) {
        let text = object(&members);
        let Ok(Value::Object(read)) = serde_json::from_str::<Value>(&text) else {
            return Ok(());
        };
        let object = Object::read(&text).unwrap();
        for (name, value) in read {
            prop_assert_eq!(serde_json::from_str::<Value>(object.get(&name).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn nothing_makes_it_panic(text in "[\\{\\}\\[\\]\",:a0\\\\ ]{0,24}") {
        if let Some(object) = Object::read(&text) {
            prop_assert!(Object::read(&object.without(&["a"])).is_some());
        }
    }
}
