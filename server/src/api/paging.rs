//! `limit`, `cursor` and `search`, the same on every list, and the shape of its answer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use crate::store::{Page, PageQuery};

const DEFAULT: u32 = 50;
pub(super) const MOST: u32 = 200;

/// What every list takes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// How many at once, 1 to 200; 50 when not given.
    #[param(example = "50", value_type = Option<u32>, minimum = 1, maximum = 200)]
    pub(super) limit: Option<String>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// Found anywhere in a name, without regard to case.
    #[param(example = "git")]
    pub(super) search: Option<String>,
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Items<T> {
    items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last.
    #[schema(example = json!(null))]
    next_cursor: Option<String>,
}

impl<T> Items<T> {
    pub(super) const fn new(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { items, next_cursor }
    }

    pub(super) fn of<R>(page: Page<R>, view: impl FnMut(R) -> T) -> Self {
        Self::new(page.items.into_iter().map(view).collect(), page.next)
    }
}

impl Paging {
    pub(super) fn query(self) -> Result<PageQuery, Problem> {
        Ok(PageQuery {
            limit: limit(self.limit.as_deref())?,
            search: self.search.filter(|text| !text.trim().is_empty()),
            cursor: self.cursor,
        })
    }

    /// Cuts a page out of a short list that is read whole. `name` is what is searched, `key` what tells the items apart.
    pub(super) fn cut<T>(
        self,
        all: Vec<T>,
        name: impl Fn(&T) -> &str,
        key: impl Fn(&T) -> String,
    ) -> Result<Items<T>, Problem> {
        let query = self.query()?;
        let wanted = query.search.unwrap_or_default().trim().to_lowercase();
        let mut left = all
            .into_iter()
            .filter(|item| name(item).to_lowercase().contains(&wanted));
        if let Some(cursor) = query.cursor {
            let last = decoded(&cursor)?;
            // The list begins anew when the item is gone meanwhile: better seen twice than never.
            let rest: Vec<T> = left.collect();
            let from = rest.iter().position(|item| key(item) == last).map_or(0, |at| at + 1);
            return Ok(page(rest.into_iter().skip(from), query.limit, key));
        }
        Ok(page(left.by_ref(), query.limit, key))
    }
}

fn page<T>(left: impl Iterator<Item = T>, limit: u32, key: impl Fn(&T) -> String) -> Items<T> {
    let mut left = left.peekable();
    let items: Vec<T> = left.by_ref().take(limit as usize).collect();
    let next = match (left.peek(), items.last()) {
        (Some(_), Some(last)) => Some(URL_SAFE_NO_PAD.encode(key(last))),
        _ => None,
    };
    Items::new(items, next)
}

pub(super) fn limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(DEFAULT) };
    text.parse()
        .ok()
        .filter(|limit| (1..=MOST).contains(limit))
        .ok_or_else(|| Problem::malformed("limit", "Choose a whole number from 1 to 200."))
}

fn decoded(cursor: &str) -> Result<String, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Problem::malformed("cursor", "This is not a cursor of this list. Start at its first page."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(cursor: Option<String>) -> Items<&'static str> {
        let paging = Paging {
            limit: Some("2".to_owned()),
            cursor,
            search: None,
        };
        paging
            .cut(vec!["a", "b", "c"], |item| item, |item| (*item).to_owned())
            .unwrap()
    }

    #[test]
    fn short_lists_are_cut_into_pages_without_gaps() {
        let first = cut(None);
        assert_eq!(first.items, ["a", "b"]);
        let second = cut(first.next_cursor);
        assert_eq!(second.items, ["c"]);
        assert_eq!(second.next_cursor, None);
    }

    #[test]
    fn limits_are_1_to_200() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some("200")).unwrap(), 200);
        for bad in ["0", "201", "-1", "x", "", "1.5"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }
}
