//! What a search finds, before the page: the names alone, out of blocks of them (`name_blocks.rs`). A first page by name is put
//! together from the overrides of the first of them, and any other page from all, if they are few. If there are more than it takes to
//! say so, nothing is counted further, and going along the page's order soon finds enough.

use std::sync::Arc;

use domain::id::ServerId;
use domain::total::Total;
use sqlx::QueryBuilder;

use super::name_blocks::SEPARATOR;
use super::override_order::Spot;
use super::work::{Dialect, Tx, for_both};
use super::{OverrideQuery, OverrideSort, StoreError, cursor};

/// So many overrides that a search finds are counted, and can be looked up one by one.
pub(super) const COUNTED: i64 = 1_000;
/// Of more, a further page fills sooner along its order than these names are read again.
const SOON: usize = 200;
/// Blocks in which something was found, as many as are read at first: where much is found these are enough.
const SOME_BLOCKS: i64 = 32;

const CHANGED: &str = "SELECT 1 FROM override_name_changes WHERE server_id = $1 LIMIT 1";
const IN_BLOCKS: &str = "SELECT CAST(COALESCE(SUM(many), 0) AS BIGINT) FROM override_name_blocks WHERE server_id = $1";

/// What overrides of a server are called that a search finds, one name for each, in the order of names; one more than `COUNTED` if there
/// are more.
pub(super) struct Names(Vec<String>);

impl Names {
    /// Those that the page is put together from: as many as a first page by name has, or all; `None` if it goes along its order.
    pub fn of_page(&self, query: &OverrideQuery, from: Option<&Spot>) -> Option<Arc<[String]>> {
        let first = from.is_none() && query.among.is_none() && query.sort == OverrideSort::Entity;
        let (_, rows) = cursor::limits(query.limit);
        let mut names = match self.total() {
            _ if first => self.0.iter().take(rows as usize).cloned().collect(),
            Total::Exactly(_) => self.0.clone(),
            Total::MoreThan(_) => return None,
        };
        names.dedup();
        Some(names.into())
    }

    pub fn total(&self) -> Total {
        Total::up_to(COUNTED, self.0.len() as i64)
    }

    pub fn many(&self) -> bool {
        self.0.len() > SOON
    }
}

/// Adds what is found in a block, up to one more than `COUNTED` in all.
fn take(names: &str, text: &str, descending: bool, found: &mut Vec<String>) {
    let room = (COUNTED as usize + 1).saturating_sub(found.len());
    let fit = |name: &&str| name.contains(text);
    if descending {
        found.extend(names.rsplit(SEPARATOR).filter(fit).take(room).map(str::to_owned));
    } else {
        found.extend(names.split(SEPARATOR).filter(fit).take(room).map(str::to_owned));
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// `None`: nothing is searched for, or what is read is few anyway, or known to be many.
            pub(super) async fn names(
                &mut self,
                query: &OverrideQuery,
                from: Option<&Spot>,
            ) -> Result<Option<Names>, StoreError> {
                let many = from.is_some_and(|spot| spot.known.many);
                let (None, false, Some(text)) = (&query.only, many, cursor::sought(query.search.as_deref())) else {
                    return Ok(None);
                };
                // From the end that a page by name begins at.
                let descending = query.sort == OverrideSort::Entity && query.descending;
                if self.blocks_are_true(&query.server).await? {
                    return Ok(Some(
                        self.names_in_blocks(&query.server, &text, descending).await?,
                    ));
                }
                let mut sql = Self::names_sql("", &query.server, text, descending);
                let found = sql.build_query_scalar().persistent(false);
                Ok(Some(Names(found.fetch_all(&mut *self.tx).await?)))
            }

            /// How many overrides a server has; `None` while blocks are not true.
            pub(super) async fn count_all(&mut self, server: &ServerId) -> Result<Option<i64>, StoreError> {
                if !self.blocks_are_true(server).await? {
                    return Ok(None);
                }
                let many = sqlx::query_scalar(IN_BLOCKS).bind(server.as_str());
                Ok(Some(many.fetch_one(&mut *self.tx).await?))
            }

            async fn blocks_are_true(&mut self, server: &ServerId) -> Result<bool, StoreError> {
                let changed = sqlx::query_scalar(CHANGED).bind(server.as_str());
                let changed: Option<i32> = changed.fetch_optional(&mut *self.tx).await?;
                Ok(changed.is_none())
            }

            async fn names_in_blocks(
                &mut self,
                server: &ServerId,
                text: &str,
                descending: bool,
            ) -> Result<Names, StoreError> {
                let (mut found, mut from) = (Vec::new(), None);
                for most in [SOME_BLOCKS, COUNTED + 1] {
                    let mut sql = Self::blocks_sql("", server, text, descending, from.as_deref(), most);
                    let blocks = sql.build_query_as().persistent(false);
                    let blocks: Vec<(String, String)> = blocks.fetch_all(&mut *self.tx).await?;
                    for (_, names) in &blocks {
                        take(names, text, descending, &mut found);
                    }
                    from = match blocks.into_iter().nth(most as usize - 1) {
                        Some((low, _)) if found.len() <= COUNTED as usize => Some(low),
                        _ => break,
                    };
                }
                Ok(Names(found))
            }

            /// `before` is for tests, as everywhere here. `from`: the block after which to go on.
            pub(super) fn blocks_sql(
                before: &str,
                server: &ServerId,
                text: &str,
                descending: bool,
                from: Option<&str>,
                most: i64,
            ) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT low, names FROM override_name_blocks WHERE server_id = ")
                    .push_bind(server.as_str().to_owned());
                let (beyond, way) = if descending { (" < ", " DESC") } else { (" > ", "") };
                if let Some(from) = from {
                    sql.push(" AND low").push(beyond).push_bind(from.to_owned());
                }
                sql.push(" AND ").push(Self::PLACE_IN).push("(names, ");
                sql.push_bind(text.to_owned());
                sql.push(format!(") > 0 ORDER BY low{way} LIMIT {most}"));
                sql
            }

            /// The same where blocks are not true.
            pub(super) fn names_sql(
                before: &str,
                server: &ServerId,
                text: String,
                descending: bool,
            ) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT entity_key FROM overrides WHERE server_id = ")
                    .push_bind(server.as_str().to_owned());
                sql.push(" AND ")
                    .push(Self::PLACE_IN)
                    .push("(entity_key, ")
                    .push_bind(text);
                let way = if descending { " DESC" } else { "" };
                sql.push(format!(") > 0 ORDER BY entity_key{way} LIMIT {}", COUNTED + 1));
                sql
            }

            /// Their overrides, to take a page from.
            pub(super) fn named(sql: &mut QueryBuilder<'_, $db>, server: &ServerId, names: &[String]) {
                sql.push("(SELECT * FROM overrides WHERE server_id = ")
                    .push_bind(server.as_str().to_owned());
                sql.push(" AND entity_key IN (");
                let mut list = sql.separated(", ");
                for name in names {
                    list.push_bind(name.clone());
                }
                sql.push(format!(") LIMIT {COUNTED}) o"));
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: i64) -> Names {
        Names((0..count).map(|n| format!("{:04}", n / 2)).collect())
    }

    fn query(sort: OverrideSort) -> OverrideQuery {
        OverrideQuery {
            server: ServerId::new("s"),
            only: None,
            search: Some("0".to_owned()),
            among: None,
            counted: true,
            sort,
            descending: false,
            cursor: None,
            limit: 50,
        }
    }

    #[test]
    fn each_name_is_looked_up_once_and_counted_as_often_as_it_is_there() {
        let found = names(3);
        assert_eq!((found.total(), found.many()), (Total::Exactly(3), false));
        let all = found.of_page(&query(OverrideSort::LastUsed), None);
        assert_eq!(all.as_deref(), Some(&["0000".to_owned(), "0001".to_owned()][..]));
    }

    #[test]
    fn names_come_out_of_a_block_in_either_order_until_they_are_enough() {
        let block = "ann\u{1}bob\u{1}hans\u{1}joanna";
        let taken = |text, descending, before: usize| {
            let mut found = vec![String::new(); before];
            take(block, text, descending, &mut found);
            found.split_off(before)
        };
        assert_eq!(taken("an", false, 0), ["ann", "hans", "joanna"]);
        assert_eq!(taken("an", true, 0), ["joanna", "hans", "ann"]);
        assert_eq!(taken("n\u{1}b", false, 0), [""; 0]);
        assert_eq!(taken("an", true, COUNTED as usize), ["joanna"]);
        assert_eq!(taken("an", true, COUNTED as usize + 1), [""; 0]);
    }

    #[test]
    fn a_first_page_by_name_needs_no_other_names() {
        let of = |count, sort| names(count).of_page(&query(sort), None).map(|names| names.len());
        let by_name = [3, COUNTED, COUNTED + 1].map(|count| of(count, OverrideSort::Entity));
        assert_eq!(by_name, [Some(2), Some(26), Some(26)]);
        let by_use = [3, COUNTED, COUNTED + 1].map(|count| of(count, OverrideSort::LastUsed));
        assert_eq!(by_use, [Some(2), Some(500), None]);
    }

    #[test]
    fn counting_ends_with_one_too_many() {
        let totals = [COUNTED, COUNTED + 1].map(|count| names(count).total());
        assert_eq!(totals, [Total::Exactly(COUNTED), Total::MoreThan(COUNTED)]);
    }

    #[test]
    fn further_pages_of_much_need_no_names() {
        let many = [200, 201, COUNTED + 1].map(|count| names(count).many());
        assert_eq!(many, [false, true, true]);
    }
}
