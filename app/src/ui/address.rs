//! Addresses with something in them that somebody typed.

/// Percent-encodes all but what may always stand in a query (RFC 3986 section 2.3).
pub fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let letter = |byte: u8| {
        if plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(letter).collect()
}

/// Where the next page of a searched list is.
pub fn next_page(list: &str, search: &str, next: Option<&String>) -> Option<String> {
    next.map(|cursor| format!("{list}?search={}&cursor={}", encode(search), encode(cursor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_searched_goes_on_with_the_next_page() {
        assert_eq!(
            next_page("/people", "a b&c=ü", Some(&"x_-1".to_owned())).as_deref(),
            Some("/people?search=a%20b%26c%3D%C3%BC&cursor=x_-1")
        );
        assert_eq!(next_page("/people", "a", None), None);
    }
}
