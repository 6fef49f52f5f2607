//! What a search finds, before the page: the names alone, out of the narrowest index there is. If they are few, the page is put together
//! from their overrides; if not, going along the page's order soon finds enough. Either way no index is read from end to end twice, and
//! counting goes on where this has stopped.

use std::sync::Arc;

use domain::id::ServerId;
use sqlx::QueryBuilder;

use super::override_page::Spot;
use super::work::{Dialect, Tx, for_both};
use super::{OverrideQuery, StoreError, cursor};

/// So many are looked up one by one.
pub(super) const NAMED: usize = 200;

/// What overrides of a server are called that a search finds.
pub(super) enum Names {
    /// All of them, and how many overrides that are.
    Few(Arc<[String]>, i64),
    /// How many overrides there are before this name.
    Many(i64, String),
}

impl Names {
    fn of(mut found: Vec<String>) -> Self {
        let total = found.len();
        if let Some(last) = found.get(NAMED).cloned() {
            let before = found.partition_point(|name| *name < last);
            return Self::Many(before as i64, last);
        }
        found.dedup();
        Self::Few(found.into(), total as i64)
    }

    pub fn few(&self) -> Option<&Arc<[String]>> {
        match self {
            Self::Few(names, _) => Some(names),
            Self::Many(..) => None,
        }
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
                let many = from
                    .and_then(|spot| spot.total)
                    .is_some_and(|total| total > NAMED as i64);
                let (None, false, Some(text)) = (&query.only, many, cursor::sought(query.search.as_deref())) else {
                    return Ok(None);
                };
                let mut sql = Self::names_sql("", &query.server, text);
                let found = sql.build_query_scalar().persistent(false);
                Ok(Some(Names::of(found.fetch_all(&mut *self.tx).await?)))
            }

            /// How many overrides of the server the search finds. `names`: what it has found so far.
            pub(super) async fn count_names(
                &mut self,
                query: &OverrideQuery,
                names: &Names,
            ) -> Result<i64, StoreError> {
                let (before, last) = match names {
                    Names::Few(_, total) => return Ok(*total),
                    Names::Many(before, last) => (before, last),
                };
                let text = cursor::sought(query.search.as_deref()).unwrap_or_default();
                let mut sql = Self::further_names_sql("", &query.server, text, last);
                let rest: i64 = sql
                    .build_query_scalar()
                    .persistent(false)
                    .fetch_one(&mut *self.tx)
                    .await?;
                Ok(before + rest)
            }

            /// `before` is for tests, as everywhere here.
            pub(super) fn names_sql(before: &str, server: &ServerId, text: String) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT entity_key");
                Self::with_name(&mut sql, server, text);
                sql.push(format!(" ORDER BY entity_key LIMIT {}", NAMED + 1));
                sql
            }

            /// From this name on, and in the order of names, which only the narrowest index has.
            pub(super) fn further_names_sql(
                before: &str,
                server: &ServerId,
                text: String,
                last: &str,
            ) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT COUNT(*) FROM (SELECT 1");
                Self::with_name(&mut sql, server, text);
                sql.push(" AND entity_key >= ").push_bind(last.to_owned());
                sql.push(" ORDER BY entity_key LIMIT 1000000000) rest");
                sql
            }

            fn with_name(sql: &mut QueryBuilder<'_, $db>, server: &ServerId, text: String) {
                sql.push(" FROM overrides WHERE server_id = ")
                    .push_bind(server.as_str().to_owned());
                sql.push(" AND ")
                    .push(Self::PLACE_IN)
                    .push("(entity_key, ")
                    .push_bind(text)
                    .push(") > 0");
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
                sql.push(format!(") LIMIT {NAMED}) o"));
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("{n:04}")).collect()
    }

    #[test]
    fn few_names_are_counted_with_those_that_are_equal() {
        let Names::Few(few, total) = Names::of(vec!["ada".to_owned(), "ada".to_owned(), "bob".to_owned()]) else {
            panic!("three are few");
        };
        assert_eq!((few.to_vec(), total), (vec!["ada".to_owned(), "bob".to_owned()], 3));
        assert!(matches!(Names::of(names(NAMED)), Names::Few(few, 200) if few.len() == NAMED));
    }

    #[test]
    fn counting_goes_on_before_those_that_are_equal() {
        assert!(matches!(Names::of(names(NAMED + 1)), Names::Many(200, last) if last == "0200"));
        let mut equal = names(NAMED + 1);
        equal[NAMED - 1] = "0200".to_owned();
        assert!(matches!(Names::of(equal), Names::Many(199, last) if last == "0200"));
    }
}
