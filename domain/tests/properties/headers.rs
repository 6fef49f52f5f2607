//! D05, C3, C7: header names and values.

use domain::header::{HeaderName, HeaderNameError, check_value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// As D05 lists them; the hop-by-hop ones as RFC 9110 section 7.6.1 does.
const OWNED: [&str; 17] = [
    "Host",
    "Content-Length",
    "Content-Type",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailer",
    "Upgrade",
    "Cookie",
    "Accept",
    "Mcp-Session-Id",
    "Mcp-Protocol-Version",
    "Mcp-",
];

/// The same text in other capitals, with white space around it.
fn respelt(text: &str, upper: &[bool], around: &str) -> String {
    let letters = text.chars().zip(upper.iter().cycle());
    let letters = letters.map(|(letter, upper)| {
        if *upper {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        }
    });
    format!("{around}{}{around}", letters.collect::<String>())
}

/// RFC 9110 section 5.6.2, written as the RFC does.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}

proptest! {
    #[test]
    fn d05_c7_what_the_proxy_owns_is_refused_however_it_is_spelt(name in select(&OWNED[..]), upper in vec(any::<bool>(), 1..9), around in "[ \t]{0,2}") {
        let name = respelt(name, &upper, &around);
        prop_assert_eq!(HeaderName::parse(&name), Err(HeaderNameError::Owned), "{:?}", name);
    }

    #[test]
    fn d05_every_name_of_mcp_is_refused(rest in "[A-Za-z0-9-]{0,20}", upper in vec(any::<bool>(), 1..9)) {
        let name = respelt(&format!("mcp-{rest}"), &upper, "");
        prop_assert_eq!(HeaderName::parse(&name), Err(HeaderNameError::Owned), "{:?}", name);
    }

    #[test]
    fn d05_a_name_that_is_accepted_is_a_token_and_not_owned(text in prop_oneof![any::<String>(), "[ -~]{0,20}", "[A-Za-z-]{1,20}"]) {
        if let Ok(name) = HeaderName::parse(&text) {
            prop_assert!(is_token(name.as_str()), "{:?}", name);
            prop_assert_eq!(name.as_str(), text.trim(), "kept as it was typed");
            prop_assert!(!OWNED.iter().any(|owned| owned.eq_ignore_ascii_case(name.as_str())), "{:?}", name);
        }
    }

    #[test]
    fn c3_one_character_too_many_anywhere_inside_spoils_a_name(name in "[A-Za-z]{2,20}", bad in "[\\x00-\\x20\\x7f:(),/;<=>?@{}\"\\[\\]\\\\é]", at in any::<prop::sample::Index>()) {
        let spoilt = [&name[..1 + at.index(name.len() - 1)], &bad, &name[1 + at.index(name.len() - 1)..]].concat();
        prop_assert_eq!(HeaderName::parse(&spoilt), Err(HeaderNameError::NotAToken), "{:?}", spoilt);
    }

    #[test]
    fn names_that_differ_in_capitals_only_are_one_name(name in "X-[A-Za-z]{1,20}", upper in vec(any::<bool>(), 1..9)) {
        let (one, other) = (HeaderName::parse(&name).unwrap(), HeaderName::parse(&respelt(&name, &upper, "")).unwrap());
        prop_assert_eq!(one.lower(), other.lower());
        prop_assert_eq!(one, other);
    }

    #[test]
    fn d05_a_name_read_from_json_goes_through_the_same_door(text in prop_oneof![any::<String>(), "[A-Za-z-]{1,20}", select(&OWNED[..]).prop_map(ToOwned::to_owned)]) {
        let read = serde_json::from_value::<HeaderName>(text.clone().into());
        prop_assert_eq!(read.ok(), HeaderName::parse(&text).ok());
    }

    #[test]
    fn d05_c3_a_value_is_accepted_exactly_when_it_is_printable_ascii(text in prop_oneof![any::<String>(), "[ -~]{0,40}", "[ -~]{0,20}[\\x00-\\x1f\\x7f-\\xa0][ -~]{0,20}"]) {
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        prop_assert_eq!(check_value(&text).is_ok(), printable, "{:?}", text);
    }
}
