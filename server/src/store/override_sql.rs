//! The text of a page of overrides. Only pieces written here are put together; whatever comes from outside is bound.

use std::cmp::Ordering;
use std::sync::Arc;

use domain::actor::SubjectRef;
use domain::timestamp::Timestamp;
use sqlx::QueryBuilder;

use super::override_access::Access;
use super::override_order::{Key, Order, Spot, by};
use super::override_page::{FEW, counted_to};
use super::overrides::{columns, joins};
use super::standing::Standing;
use super::work::{Dialect, Tx, for_both};
use super::{OverrideQuery, Part, cursor};

/// The range first, so that only the rows to show are read whole.
const ROWS: &str = concat!(columns!(), "(");
const JOIN: &str = concat!(
    ") page CROSS JOIN overrides o ",
    joins!(),
    "WHERE o.id = page.id ORDER BY "
);

/// One range that a page is put together from.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// `None`: all of the server.
    pub standing: Option<Standing>,
    pub ended: Option<(bool, Timestamp)>,
    /// Those whose end has come (or has not) are few, and are found by their end.
    pub gathered: bool,
    pub access: Access,
    /// What is searched for has these few names, and is found by them.
    pub named: Option<Arc<[String]>>,
}

impl Branch {
    pub fn all() -> Self {
        Self {
            standing: None,
            ended: None,
            gathered: false,
            access: Access::Any,
            named: None,
        }
    }
}

/// `o.updated_at DESC, ...`: the same order on the joined rows.
fn of(table: &str, by: &str) -> String {
    let columns = by.split(", ").map(|column| format!("{table}.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

fn side(ended: bool) -> &'static str {
    if ended { " <= " } else { " > " }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// `before` is for tests, which ask how the database would go about it.
            pub(super) fn page_sql(
                before: &str,
                query: &OverrideQuery,
                branches: &[Branch],
                order: &Order,
                from: Option<&Spot>,
            ) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                Self::gather(&mut sql, query, branches);
                let descending = query.descending != from.is_some_and(|spot| spot.before);
                let by = by(order.columns, descending);
                sql.push(ROWS);
                for (number, branch) in branches.iter().enumerate() {
                    sql.push(if number == 0 {
                        "SELECT * FROM ("
                    } else {
                        " UNION ALL SELECT * FROM ("
                    });
                    Self::branch_sql(&mut sql, query, branch, order, from, descending);
                    sql.push(") part");
                }
                let limit = format!(" LIMIT {}", cursor::limits(query.limit).1);
                sql.push(" ORDER BY ").push(&by).push(limit);
                sql.push(JOIN).push(of("page", &by));
                sql
            }

            fn branch_sql(
                sql: &mut QueryBuilder<'_, $db>,
                query: &OverrideQuery,
                branch: &Branch,
                order: &Order,
                from: Option<&Spot>,
                descending: bool,
            ) {
                sql.push("SELECT ").push(order.columns.join(", ")).push(" FROM ");
                Self::source(sql, query, branch);
                Self::of_branch(sql, query, branch);
                if let Some(spot) = from {
                    Self::go_on(sql, branch, order, spot, descending);
                }
                let limit = format!(" LIMIT {}", cursor::limits(query.limit).1);
                sql.push(" ORDER BY ")
                    .push(by(order.within(branch), descending))
                    .push(limit);
            }

            fn of_branch(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery, branch: &Branch) {
                match &branch.standing {
                    Some(standing) => sql.push(" WHERE standing = ").push_bind(standing.text.clone()),
                    None => sql
                        .push(" WHERE server_id = ")
                        .push_bind(query.server.as_str().to_owned()),
                };
                if let Some((ended, at)) = branch.ended {
                    // The plus keeps SQLite from going by the end, for all of them, where it is to go by the order of the page.
                    sql.push(" AND +expires_at").push(side(ended)).push_bind(at.0);
                }
                Self::access(sql, query, branch);
                Self::search(sql, query);
            }

            /// A LIMIT keeps the databases from looking into what is gathered.
            fn source(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery, branch: &Branch) {
                let server = query.server.as_str().to_owned();
                if let Some(subject) = &query.only {
                    Self::own(sql, query, subject);
                } else if let Some(names) = &branch.named {
                    Self::named(sql, &query.server, names);
                } else if branch.access == Access::Gathered(true) {
                    sql.push("(SELECT x.* FROM reached CROSS JOIN overrides x WHERE x.id = reached.id) o");
                } else if let (Some(standing), Some((ended, at)), true) =
                    (&branch.standing, branch.ended, branch.gathered)
                {
                    sql.push("(SELECT * FROM overrides WHERE server_id = ")
                        .push_bind(server);
                    sql.push(" AND standing = ").push_bind(standing.text.clone());
                    sql.push(" AND expires_at").push(side(ended)).push_bind(at.0);
                    sql.push(format!(" ORDER BY expires_at LIMIT {FEW}) o"));
                } else {
                    sql.push("overrides o");
                }
            }

            /// One of each kind at most (D02).
            fn own(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery, SubjectRef { kind, id }: &SubjectRef) {
                sql.push("(SELECT * FROM overrides WHERE server_id = ");
                sql.push_bind(query.server.as_str().to_owned());
                sql.push(" AND subject_type = ").push_bind(kind.as_str());
                sql.push(" AND subject_id = ")
                    .push_bind(id.clone())
                    .push(" LIMIT 10) o");
            }

            fn search(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery) {
                if let Some(text) = cursor::sought(query.search.as_deref()) {
                    sql.push(" AND ").push(Self::PLACE_IN).push("(entity_key, ");
                    sql.push_bind(text).push(") > 0");
                }
            }

            fn go_on(sql: &mut QueryBuilder<'_, $db>, branch: &Branch, order: &Order, spot: &Spot, descending: bool) {
                let beyond = if descending { ") < (" } else { ") > (" };
                let columns = order.within(branch);
                // Where the kind is one, all of it lies before, behind or at the spot.
                if let (true, Some(standing), Key::Text(kind)) = (columns != order.columns, &branch.standing, &spot.key)
                {
                    match standing.kind.as_str().cmp(kind) {
                        Ordering::Equal => {}
                        way if (way == Ordering::Less) == descending => return,
                        _ => {
                            sql.push(" AND 1 = 0");
                            return;
                        }
                    }
                }
                sql.push(" AND (").push(columns.join(", ")).push(beyond);
                if let [_, _, _] = columns {
                    match &spot.key {
                        Key::Number(number) => sql.push_bind(*number),
                        Key::Text(text) => sql.push_bind(text.clone()),
                    };
                    sql.push(", ");
                }
                sql.push_bind(spot.entity.clone())
                    .push(", ")
                    .push_bind(spot.id.clone())
                    .push(")");
            }

            /// In one index that holds little; what is searched for, in the one that a page by name goes along. Only until it shows that
            /// they are many.
            pub(super) fn count_sql(
                before: &str,
                query: &OverrideQuery,
                branches: &[Branch],
            ) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT COUNT(*) FROM (");
                let searched = cursor::sought(query.search.as_deref()).is_some();
                let limit = counted_to(query).map(|most| format!(" LIMIT {}", most + 1));
                let limit = limit.unwrap_or_default();
                for (number, branch) in branches.iter().enumerate() {
                    sql.push(if number == 0 {
                        "SELECT * FROM ("
                    } else {
                        " UNION ALL SELECT * FROM ("
                    });
                    sql.push("SELECT 1 FROM ");
                    Self::source(&mut sql, query, branch);
                    Self::of_branch(&mut sql, query, branch);
                    if searched {
                        sql.push(" ORDER BY entity_key, id");
                    } else {
                        sql.push(" AND server_id = ")
                            .push_bind(query.server.as_str().to_owned());
                    }
                    sql.push(&limit).push(") part");
                }
                sql.push(&limit).push(") found");
                sql
            }

            /// How many of a part are on that side of their end, if they are few.
            pub(super) fn ended_sql(before: &str, query: &OverrideQuery, part: &Part) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT COUNT(*) FROM (SELECT 1 FROM overrides WHERE server_id = ");
                sql.push_bind(query.server.as_str().to_owned());
                sql.push(" AND standing = ").push_bind(part.standing.text.clone());
                if let Some((ended, at)) = part.ended {
                    sql.push(" AND expires_at").push(side(ended)).push_bind(at.0);
                }
                sql.push(format!(" ORDER BY expires_at LIMIT {}) few", FEW + 1));
                sql
            }
        }
    };
}
for_both!(stamp);
