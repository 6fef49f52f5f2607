//! Where a list goes on: the sort values of the last row seen (keyset), so that a page costs the same wherever it is.
//!
//! Opaque to callers: base64url of a JSON array, that begins with the name of the list it belongs to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Page, PageQuery, StoreError};

pub(super) fn encode<T: Serialize>(list: &str, place: T) -> Result<String, StoreError> {
    let json = serde_json::to_vec(&(list, place)).map_err(|_| StoreError::broken("a cursor does not encode"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

pub(super) fn decode<T: DeserializeOwned>(list: &str, cursor: &str) -> Result<T, StoreError> {
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::BadCursor)?;
    let (of, place): (String, T) = serde_json::from_slice(&json).map_err(|_| StoreError::BadCursor)?;
    // PostgreSQL takes no NUL in text; no list ever gave one out.
    if of == list && !json.windows(6).any(|part| part == b"\\u0000") {
        Ok(place)
    } else {
        Err(StoreError::BadCursor)
    }
}

/// The place after which a page begins; `None`: at the start.
pub(super) fn place<T: DeserializeOwned>(list: &str, cursor: Option<&str>) -> Result<Option<T>, StoreError> {
    cursor.map(|cursor| decode(list, cursor)).transpose()
}

/// How many rows to show, and one more to know whether there are others.
pub(super) fn limits(wanted: u32) -> (usize, i64) {
    let shown = wanted.clamp(1, 200);
    (shown as usize, i64::from(shown) + 1)
}

/// Cuts off the extra row, and points after the last one shown.
pub(super) fn page<T, P: Serialize>(
    list: &str,
    query: &PageQuery,
    mut items: Vec<T>,
    place: impl Fn(&T) -> P,
) -> Result<Page<T>, StoreError> {
    let (shown, _) = limits(query.limit);
    let more = items.len() > shown;
    items.truncate(shown);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| encode(list, place(last)))
        .transpose()?;
    Ok(Page { items, next })
}

/// What to find anywhere in columns stored in lower case. `None`: nothing was asked.
pub(super) fn sought(search: Option<&str>) -> Option<String> {
    let text = search.map(str::trim).filter(|text| !text.is_empty())?;
    Some(text.to_lowercase().replace('\0', ""))
}

/// The same as a LIKE pattern (`ESCAPE '\'`).
pub(super) fn pattern(search: Option<&str>) -> Option<String> {
    let mut pattern = String::from("%");
    for letter in sought(search)?.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_one_list() {
        let cursor = encode("users", "a@b").unwrap();
        assert_eq!(decode::<String>("users", &cursor).unwrap(), "a@b");
        assert!(matches!(
            decode::<String>("servers", &cursor),
            Err(StoreError::BadCursor)
        ));
        assert!(matches!(decode::<i64>("users", &cursor), Err(StoreError::BadCursor)));
        for bad in ["", "!", "e30", &encode("users", "a\0").unwrap()] {
            assert!(
                matches!(decode::<String>("users", bad), Err(StoreError::BadCursor)),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_pattern_takes_wildcards_as_letters() {
        assert_eq!(pattern(Some(" 5%_Ö\\ ")).as_deref(), Some(r"%5\%\_ö\\%"));
        assert_eq!(pattern(Some("  ")), None);
        assert_eq!(sought(Some(" 5%_\0Ö\\ ")).as_deref(), Some(r"5%_ö\"));
    }
}
