//! What a search finds, before the page: the names alone, out of the narrowest index there is. If they are few, the page is put together
//! from their overrides. If there are more than it takes to say so, nothing is counted further; a page by name is put together from the
//! first of them, and going along another order soon finds enough.

use std::sync::Arc;

use domain::id::ServerId;
use domain::total::Total;
use sqlx::QueryBuilder;

use super::override_order::Spot;
use super::work::{Dialect, Tx, for_both};
use super::{OverrideQuery, OverrideSort, StoreError, cursor};

/// So many overrides that a search finds are counted, and can be looked up one by one.
pub(super) const COUNTED: i64 = 1_000;
/// Of more, a further page fills sooner along its order than these names are read again.
const SOON: i64 = 200;

/// What overrides of a server are called that a search finds, in the order of their names.
pub(super) enum Names {
    /// All of them, and how many overrides that are.
    Few(Arc<[String]>, i64),
    /// More than `COUNTED`; one for each of the first overrides.
    Many(Vec<String>),
}

impl Names {
    fn of(mut found: Vec<String>) -> Self {
        let total = found.len() as i64;
        if total > COUNTED {
            return Self::Many(found);
        }
        found.dedup();
        Self::Few(found.into(), total)
    }

    /// Those that the page is put together from: all, or as many as a first page by name has; `None` if it goes along its order.
    pub fn of_page(&self, query: &OverrideQuery, from: Option<&Spot>) -> Option<Arc<[String]>> {
        match self {
            Self::Few(names, _) => Some(names.clone()),
            Self::Many(first) if from.is_none() && query.among.is_none() && query.sort == OverrideSort::Entity => {
                let (_, rows) = cursor::limits(query.limit);
                let mut names: Vec<String> = first.iter().take(rows as usize).cloned().collect();
                names.dedup();
                Some(names.into())
            }
            Self::Many(_) => None,
        }
    }

    pub fn total(&self) -> Total {
        match self {
            Self::Few(_, total) => Total::Exactly(*total),
            Self::Many(_) => Total::MoreThan(COUNTED),
        }
    }

    pub fn many(&self) -> bool {
        match self {
            Self::Few(_, total) => *total > SOON,
            Self::Many(_) => true,
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
                let many = from.is_some_and(|spot| spot.known.many);
                let (None, false, Some(text)) = (&query.only, many, cursor::sought(query.search.as_deref())) else {
                    return Ok(None);
                };
                // From the end that a page by name begins at.
                let descending = query.sort == OverrideSort::Entity && query.descending;
                let mut sql = Self::names_sql("", &query.server, text, descending);
                let found = sql.build_query_scalar().persistent(false);
                Ok(Some(Names::of(found.fetch_all(&mut *self.tx).await?)))
            }

            /// `before` is for tests, as everywhere here.
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

    fn names(count: i64) -> Vec<String> {
        (0..count).map(|n| format!("{n:04}")).collect()
    }

    #[test]
    fn few_names_are_counted_with_those_that_are_equal() {
        let found = Names::of(vec!["ada".to_owned(), "ada".to_owned(), "bob".to_owned()]);
        assert_eq!((found.total(), found.many()), (Total::Exactly(3), false));
        assert!(matches!(found, Names::Few(few, _) if few[..] == ["ada".to_owned(), "bob".to_owned()]));
    }

    #[test]
    fn counting_ends_with_one_too_many() {
        assert_eq!(Names::of(names(COUNTED)).total(), Total::Exactly(COUNTED));
        assert_eq!(Names::of(names(COUNTED + 1)).total(), Total::MoreThan(COUNTED));
    }

    #[test]
    fn further_pages_of_much_need_no_names() {
        let many = [SOON, SOON + 1, COUNTED + 1].map(|count| Names::of(names(count)).many());
        assert_eq!(many, [false, true, true]);
    }
}
