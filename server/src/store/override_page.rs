//! One page of a server's overrides: any sort, any filter, forward and back, at 100,000 rows as quick as at ten.
//!
//! Every sort is the order of one index, whose `id` makes it total and whose last columns are what can be filtered by; a page is a
//! range of that index. A search reads it once at most. Only pieces of SQL
//! written here are put together; whatever comes from outside is bound.

use domain::actor::SubjectRef;
use domain::overrides::Condition;
use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

use super::overrides::{Record, columns, joins};
use super::work::{Tx, for_both};
use super::{OverridePage, OverrideQuery, OverrideRow, OverrideSort, StoreError, cursor};

/// The range first, so that only the rows to show are joined.
const ROWS: &str = concat!(columns!(), "(SELECT * FROM overrides WHERE server_id = ");
const JOIN: &str = concat!(") o ", joins!());
const COUNT: &str = "SELECT COUNT(*) FROM overrides WHERE server_id = ";

/// What an index sorts by before `entity_key, id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

/// A row's place in the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    key: Key,
    entity: String,
    id: String,
    /// Whether the page wanted lies before it.
    before: bool,
    /// How many there were when the first page was read: counting them again would cost more than the page.
    #[serde(default)]
    total: Option<i64>,
}

impl Place {
    fn of(sort: OverrideSort, (row, entity): &(OverrideRow, String), before: bool, total: i64) -> Self {
        let key = match sort {
            OverrideSort::Entity => Key::Text(entity.clone()),
            OverrideSort::Kind => Key::Text(row.kind.as_str().to_owned()),
            OverrideSort::UpdatedAt => Key::Number(row.updated_at.0),
            OverrideSort::LastUsed => Key::Number(row.last_used_at.map_or(0, |at| at.0)),
        };
        Self {
            key,
            entity: entity.clone(),
            id: row.id.as_str().to_owned(),
            before,
            total: Some(total),
        }
    }
}

/// How the pages of one query go.
struct Order {
    /// Cursors of another order are none of this one's.
    name: &'static str,
    columns: &'static [&'static str],
    numeric: bool,
}

fn order(query: &OverrideQuery) -> Order {
    let (up, down, columns, numeric): (_, _, &[_], _) = match query.sort {
        OverrideSort::Entity => ("overrides.entity", "overrides.-entity", &["entity_key", "id"], false),
        OverrideSort::Kind => (
            "overrides.kind",
            "overrides.-kind",
            &["kind", "entity_key", "id"],
            false,
        ),
        OverrideSort::UpdatedAt => (
            "overrides.updated",
            "overrides.-updated",
            &["updated_at", "entity_key", "id"],
            true,
        ),
        OverrideSort::LastUsed => (
            "overrides.used",
            "overrides.-used",
            &["last_used_key", "entity_key", "id"],
            true,
        ),
    };
    Order {
        name: if query.descending { down } else { up },
        columns,
        numeric,
    }
}

impl Order {
    fn place(&self, cursor: Option<&str>) -> Result<Option<Place>, StoreError> {
        let place: Option<Place> = cursor::place(self.name, cursor)?;
        match &place {
            Some(place) if matches!(place.key, Key::Number(_)) != self.numeric => Err(StoreError::BadCursor),
            _ => Ok(place),
        }
    }

    /// `updated_at DESC, entity_key DESC, id DESC`.
    fn by(&self, descending: bool) -> String {
        let way = if descending { " DESC" } else { "" };
        let columns = self.columns.iter().map(|column| format!("{column}{way}"));
        columns.collect::<Vec<_>>().join(", ")
    }
}

/// The rows in the order of the page, and the cursors to its neighbours.
fn page(
    query: &OverrideQuery,
    from: Option<&Place>,
    mut rows: Vec<(OverrideRow, String)>,
    total: i64,
) -> Result<OverridePage, StoreError> {
    let (shown, _) = cursor::limits(query.limit);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let back = from.is_some_and(|place| place.before);
    if back {
        rows.reverse();
    }
    // Where it came from there are others: at least the row that the cursor was made of.
    let (has_next, has_previous) = if back { (true, more) } else { (more, from.is_some()) };
    let name = order(query).name;
    let point = |row: Option<&(OverrideRow, String)>, before: bool| match (row, from) {
        (Some(row), _) => cursor::encode(name, Place::of(query.sort, row, before, total)).map(Some),
        // Nothing is left on this side: back to where it came from.
        (None, Some(place)) => cursor::encode(
            name,
            Place {
                before,
                ..place.clone()
            },
        )
        .map(Some),
        (None, None) => Ok(None),
    };
    let next = if has_next { point(rows.last(), false)? } else { None };
    let previous = if has_previous { point(rows.first(), true)? } else { None };
    Ok(OverridePage {
        rows: rows.into_iter().map(|(row, _)| row).collect(),
        next,
        previous,
        total,
    })
}

/// How many rows the query finds, if no counting is needed: the first page shows all there are, or a later one knows it from there
/// (unless it is empty, so that much has changed).
fn known_total(query: &OverrideQuery, from: Option<&Place>, found: usize) -> Option<i64> {
    match from {
        Some(place) => place.total.filter(|_| found > 0),
        None => (found <= cursor::limits(query.limit).0).then_some(found as i64),
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) async fn override_page(&mut self, query: &OverrideQuery) -> Result<OverridePage, StoreError> {
                let order = order(query);
                let from = order.place(query.cursor.as_deref())?;
                let found: Vec<Record> = Self::page_sql("", query, &order, from.as_ref())
                    .build_query_as()
                    .fetch_all(&mut *self.tx)
                    .await?;
                let found = found.into_iter().map(|record| {
                    let entity = record.entity_key.clone();
                    Ok((record.try_into()?, entity))
                });
                let found: Vec<(OverrideRow, String)> = found.collect::<Result<_, StoreError>>()?;
                let total = match known_total(query, from.as_ref(), found.len()) {
                    Some(total) => total,
                    None => {
                        Self::count_sql(query)
                            .build_query_scalar()
                            .fetch_one(&mut *self.tx)
                            .await?
                    }
                };
                page(query, from.as_ref(), found, total)
            }

            /// `before` is for tests, which ask how the database would go about it.
            fn page_sql(
                before: &str,
                query: &OverrideQuery,
                order: &Order,
                from: Option<&Place>,
            ) -> QueryBuilder<'static, $db> {
                let mut rows = QueryBuilder::<$db>::new(before);
                rows.push(ROWS);
                Self::filter(&mut rows, query);
                let descending = query.descending != from.is_some_and(|place| place.before);
                if let Some(place) = from {
                    Self::go_on(&mut rows, order, place, descending);
                }
                let by = order.by(descending);
                rows.push(" ORDER BY ").push(&by).push(" LIMIT ");
                rows.push_bind(cursor::limits(query.limit).1);
                rows.push(JOIN).push(" ORDER BY ").push(outer(&by));
                rows
            }

            fn count_sql(query: &OverrideQuery) -> QueryBuilder<'static, $db> {
                let mut count = QueryBuilder::<$db>::new(COUNT);
                Self::filter(&mut count, query);
                count
            }

            fn filter(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery) {
                sql.push_bind(query.server.as_str().to_owned());
                if let Some(SubjectRef { kind, id }) = &query.only {
                    sql.push(" AND subject_type = ").push_bind(kind.as_str());
                    sql.push(" AND subject_id = ").push_bind(id.clone());
                }
                if let Some(kind) = query.subject_kind {
                    sql.push(" AND subject_type = ").push_bind(kind.as_str());
                }
                if let Some(condition) = query.condition.map(Condition::as_str) {
                    sql.push(" AND condition = ").push_bind(condition);
                }
                if let Some(pattern) = cursor::pattern(query.search.as_deref()) {
                    sql.push(" AND entity_key LIKE ")
                        .push_bind(pattern)
                        .push(r" ESCAPE '\'");
                }
            }

            fn go_on(sql: &mut QueryBuilder<'_, $db>, order: &Order, place: &Place, descending: bool) {
                sql.push(" AND (").push(order.columns.join(", "));
                sql.push(if descending { ") < (" } else { ") > (" });
                match &place.key {
                    Key::Number(number) => sql.push_bind(*number),
                    Key::Text(text) => sql.push_bind(text.clone()),
                };
                if order.columns.len() == 3 {
                    sql.push(", ").push_bind(place.entity.clone());
                }
                sql.push(", ").push_bind(place.id.clone()).push(")");
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod plans;

/// The same order on the joined rows, where `id` stands in both tables.
fn outer(by: &str) -> String {
    by.split(", ")
        .map(|column| format!("o.{column}"))
        .collect::<Vec<_>>()
        .join(", ")
}
