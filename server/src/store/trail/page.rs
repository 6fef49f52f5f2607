//! One page of the trails, newest first: a range of each table's index, laid together.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};
use sqlx::QueryBuilder;

use super::chain::Trail;
use super::{AuditRow, CALL_ACTIONS, CallRow, TrailEntry, TrailQuery, WantedActor, calls, changes};
use crate::store::work::{Dialect, Tx, for_both, key};
use crate::store::{Page, PageQuery, StoreError, cursor};

const NAME: &str = "trail";

/// Where an entry stands: of the same second changes come before calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    at: i64,
    rank: u8,
    seq: i64,
}

const fn rank(trail: Trail) -> u8 {
    match trail {
        Trail::Changes => 1,
        Trail::Calls => 0,
    }
}

impl Place {
    /// What a trail's own rows have to be below.
    const fn within(self, trail: Trail) -> (i64, i64) {
        let (own, other) = (rank(trail), self.rank);
        let seq = if own < other {
            i64::MAX
        } else if own > other {
            i64::MIN
        } else {
            self.seq
        };
        (self.at, seq)
    }
}

impl TrailQuery {
    /// Whether a trail can hold what is asked: looking through all calls for what none of them is would take long.
    fn may_find(&self, trail: Trail) -> bool {
        if self.only.is_some_and(|only| only != trail) {
            return false;
        }
        match trail {
            Trail::Changes => {
                let call = self
                    .action
                    .as_deref()
                    .is_some_and(|action| CALL_ACTIONS.contains(&action));
                !call && self.tool.is_none() && self.failed.is_none()
            }
            Trail::Calls => {
                let wanted = self.search.as_deref().unwrap_or_default().trim().to_lowercase();
                CALL_ACTIONS
                    .iter()
                    .any(|known| self.action.as_ref().is_none_or(|action| action == known) && known.contains(&wanted))
            }
        }
    }
}

/// Its last two letters.
fn end(id: &str) -> &str {
    let start = id.char_indices().rev().nth(1).map_or(0, |(start, _)| start);
    id.get(start..).unwrap_or(id)
}

/// The condition's pieces; only what is written here is put together, everything else is bound.
macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) async fn trail_page(&mut self, query: &TrailQuery) -> Result<Page<TrailEntry>, StoreError> {
                let after: Option<Place> = cursor::place(NAME, query.cursor.as_deref())?;
                let mut found = Vec::new();
                if query.may_find(Trail::Changes) {
                    let sql = Self::trail_sql(Trail::Changes, query, after);
                    for record in self.rows::<changes::Record>(sql).await? {
                        let place = Place {
                            at: record.at,
                            rank: rank(Trail::Changes),
                            seq: record.seq,
                        };
                        found.push((place, TrailEntry::Change(AuditRow::try_from(record)?)));
                    }
                }
                if query.may_find(Trail::Calls) {
                    let sql = Self::trail_sql(Trail::Calls, query, after);
                    for record in self.rows::<calls::Record>(sql).await? {
                        let place = Place {
                            at: record.at,
                            rank: rank(Trail::Calls),
                            seq: record.seq,
                        };
                        found.push((place, TrailEntry::Call(place.seq, CallRow::try_from(record)?)));
                    }
                }
                found.sort_by_key(|(place, _)| Reverse(*place));
                let asked = PageQuery {
                    limit: query.limit,
                    ..PageQuery::default()
                };
                let page = cursor::page(NAME, &asked, found, |(place, _)| *place)?;
                Ok(Page {
                    items: page.items.into_iter().map(|(_, entry)| entry).collect(),
                    next: page.next,
                })
            }

            async fn rows<R>(&mut self, mut sql: QueryBuilder<'static, $db>) -> Result<Vec<R>, StoreError>
            where
                R: for<'r> sqlx::FromRow<'r, <$db as sqlx::Database>::Row> + Send + Unpin,
            {
                Ok(sql.build_query_as().fetch_all(&mut *self.tx).await?)
            }

            fn trail_sql(trail: Trail, query: &TrailQuery, after: Option<Place>) -> QueryBuilder<'static, $db> {
                let select = match trail {
                    Trail::Changes => changes::SELECT,
                    Trail::Calls => calls::SELECT,
                };
                let mut sql = QueryBuilder::<$db>::new(select);
                let (at, seq) = after.map_or((i64::MAX, i64::MAX), |place| place.within(trail));
                sql.push("(at, seq) < (")
                    .push_bind(at)
                    .push(", ")
                    .push_bind(seq)
                    .push(")");
                Self::trail_filter(&mut sql, trail, query);
                sql.push(" ORDER BY at DESC, seq DESC LIMIT ");
                sql.push_bind(cursor::limits(query.limit).1);
                sql
            }

            fn trail_filter(sql: &mut QueryBuilder<'static, $db>, trail: Trail, query: &TrailQuery) {
                let texts = [
                    (" AND server = ", query.server.clone()),
                    (
                        " AND server_id = ",
                        query.server_id.as_ref().map(|id| id.as_str().to_owned()),
                    ),
                    (" AND action = ", query.action.clone()),
                ];
                for (condition, text) in texts {
                    if let Some(text) = text {
                        sql.push(condition).push_bind(key(&text).to_owned());
                    }
                }
                for (condition, time) in [(" AND at >= ", query.since), (" AND at < ", query.until)] {
                    if let Some(time) = time {
                        sql.push(condition).push_bind(time.0);
                    }
                }
                if let Some(pattern) = cursor::pattern(query.search.as_deref()) {
                    sql.push(" AND action LIKE ")
                        .push_bind(pattern)
                        .push(r" ESCAPE '\'");
                }
                if let Some(actor) = &query.actor {
                    Self::by_actor(sql, trail, actor);
                }
                if let Some(of) = &query.of {
                    Self::by_end(sql, trail, std::slice::from_ref(&of.id));
                    sql.push(" AND ((actor_type = ").push_bind(of.kind.as_str());
                    sql.push(" AND actor_id = ")
                        .push_bind(key(&of.id).to_owned())
                        .push(")");
                    if trail == Trail::Changes {
                        sql.push(" OR (subject_type = ").push_bind(of.kind.as_str());
                        sql.push(" AND subject_id = ")
                            .push_bind(key(&of.id).to_owned())
                            .push(")");
                    }
                    sql.push(")");
                }
                if let Some(tool) = &query.tool {
                    sql.push(" AND (tool = ").push_bind(key(tool).to_owned());
                    sql.push(" OR method = ")
                        .push_bind(key(tool).to_owned())
                        .push(")");
                }
                if let Some(failed) = query.failed {
                    sql.push(" AND failed = ").push_bind(i64::from(failed));
                }
            }

            /// The index of calls by actor begins with the end of their ids (migration 0010).
            fn by_end(sql: &mut QueryBuilder<'static, $db>, trail: Trail, ids: &[String]) {
                if trail == Trail::Calls {
                    sql.push(" AND ").push(Self::ACTOR_END).push(" IN (");
                    let mut ends = sql.separated(", ");
                    for id in ids {
                        ends.push_bind(end(key(id)).to_owned());
                    }
                    sql.push(")");
                }
            }

            fn by_actor(sql: &mut QueryBuilder<'static, $db>, trail: Trail, actor: &WantedActor) {
                Self::by_end(sql, trail, &actor.ids);
                sql.push(" AND (actor_id IN (");
                let mut ids = sql.separated(", ");
                for id in &actor.ids {
                    ids.push_bind(key(id).to_owned());
                }
                sql.push(")");
                if trail == Trail::Changes {
                    sql.push(" OR actor_name = ")
                        .push_bind(key(&actor.name).to_owned());
                }
                sql.push(")");
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
#[path = "plans.rs"]
mod plans;
