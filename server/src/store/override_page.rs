//! One page of a server's overrides: any sort, any filter, forward and back, at 100,000 rows as quick as at ten.
//!
//! Every sort is the order of one index, whose `id` makes it total; a page is a range of that index. What is filtered by is, but for a
//! search, a choice of standings (`standing.rs`): each of them is a range of an index, too, and the page is the first rows of all of
//! these. What a standing leaves open (whose end has come, whom teams reach) is looked for from the few, if they are few; so is what
//! a search finds (`override_names.rs`). The text is put together in `override_sql.rs`.

use std::sync::Arc;

use domain::total::Total;

use super::override_access::Access;
use super::override_names::{COUNTED, Names};
use super::override_order::{Known, Spot, order};
use super::override_sql::Branch;
use super::overrides::Record;
use super::work::{Dialect, Tx, for_both};
use super::{OverridePage, OverrideQuery, OverrideRow, Part, StoreError, cursor};

/// So many are gathered and sorted rather than looked for along an index.
pub(super) const FEW: i64 = 1_000;

/// So many are counted of what a filter shows, which its index does in some milliseconds.
const FILTERED: i64 = 10_000;

/// How far it is counted what a list shows; `None`: to the end, because blocks know it, or because it is one subject's.
pub(super) fn counted_to(query: &OverrideQuery) -> Option<i64> {
    if cursor::sought(query.search.as_deref()).is_some() {
        Some(COUNTED)
    } else {
        query.among.is_some().then_some(FILTERED)
    }
}

/// The rows in the order of the page, and the cursors to its neighbours.
fn page(
    query: &OverrideQuery,
    from: Option<&Spot>,
    mut rows: Vec<(OverrideRow, String)>,
    known: Known,
) -> Result<OverridePage, StoreError> {
    let (shown, _) = cursor::limits(query.limit);
    let more = rows.len() > shown;
    rows.truncate(shown);
    let back = from.is_some_and(|spot| spot.before);
    if back {
        rows.reverse();
    }
    // Where it came from there are others: at least the row that the cursor was made of.
    let (has_next, has_previous) = if back { (true, more) } else { (more, from.is_some()) };
    let name = order(query).name;
    let point = |row: Option<&(OverrideRow, String)>, before: bool| match (row, from) {
        (Some(row), _) => cursor::encode(name, Spot::of(query.sort, row, before, known)).map(Some),
        // Nothing is left on this side: back to where it came from.
        (None, Some(spot)) => cursor::encode(name, Spot { before, ..spot.clone() }).map(Some),
        (None, None) => Ok(None),
    };
    let next = if has_next { point(rows.last(), false)? } else { None };
    let previous = if has_previous { point(rows.first(), true)? } else { None };
    Ok(OverridePage {
        rows: rows.into_iter().map(|(row, _)| row).collect(),
        next,
        previous,
        total: known.total,
    })
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) async fn override_page(&mut self, query: &OverrideQuery) -> Result<OverridePage, StoreError> {
                let order = order(query);
                let from = order.spot(query.cursor.as_deref())?;
                self.plan_for(Self::ALONG_INDEXES).await?;
                let names = self.names(query, from.as_ref()).await?;
                let named = names
                    .as_ref()
                    .and_then(|names| names.of_page(query, from.as_ref()));
                let branches = self.branches(query, named).await?;
                let found: Vec<Record> = if branches.is_empty() {
                    Vec::new()
                } else {
                    let mut rows = Self::page_sql("", query, &branches, &order, from.as_ref());
                    // Planned for these very values: a plan for any value takes a whole server for what one standing is.
                    rows.build_query_as()
                        .persistent(false)
                        .fetch_all(&mut *self.tx)
                        .await?
                };
                let found = found.into_iter().map(|record| {
                    let entity = record.entity_key.clone();
                    Ok((record.try_into()?, entity))
                });
                let found: Vec<(OverrideRow, String)> = found.collect::<Result<_, StoreError>>()?;
                let total = match (&from, found.len()) {
                    _ if !query.counted => None,
                    // A later page knows it from the first, unless it is empty, so that much has changed.
                    (Some(spot), 1..) => spot.known.total,
                    (None, all) if all <= cursor::limits(query.limit).0 => Some(Total::Exactly(all as i64)),
                    _ if branches.is_empty() => Some(Total::Exactly(0)),
                    _ => Some(self.count(query, &branches, names.as_ref()).await?),
                };
                let many = match &names {
                    Some(names) => names.many(),
                    None => from.as_ref().is_some_and(|spot| spot.known.many),
                };
                page(query, from.as_ref(), found, Known { total, many })
            }

            async fn count(
                &mut self,
                query: &OverrideQuery,
                branches: &[Branch],
                names: Option<&Names>,
            ) -> Result<Total, StoreError> {
                if let (None, Some(names)) = (&query.among, names) {
                    return Ok(names.total());
                }
                let most = counted_to(query);
                if most.is_none()
                    && query.only.is_none()
                    && let Some(all) = self.count_all(&query.server).await?
                {
                    return Ok(Total::Exactly(all));
                }
                self.plan_for(Self::IN_ORDER).await?;
                let mut count = Self::count_sql("", query, branches);
                let count = count.build_query_scalar().persistent(false);
                let counted = count.fetch_one(&mut *self.tx).await?;
                Ok(most.map_or(Total::Exactly(counted), |most| Total::up_to(most, counted)))
            }

            async fn plan_for(&mut self, settings: Option<&'static str>) -> Result<(), StoreError> {
                if let Some(settings) = settings {
                    sqlx::query(settings).execute(&mut *self.tx).await?;
                }
                Ok(())
            }

            /// The ranges that the page is put together from; without parts it is one. `named`: what a search finds, as far as the page
            /// has any of it.
            async fn branches(
                &mut self,
                query: &OverrideQuery,
                named: Option<Arc<[String]>>,
            ) -> Result<Vec<Branch>, StoreError> {
                let all = Branch {
                    named: named.clone(),
                    ..Branch::all()
                };
                let parts = match (&query.among, &named) {
                    (_, Some(names)) if names.is_empty() => return Ok(Vec::new()),
                    (None, _) => return Ok(vec![all]),
                    (Some(parts), _) => parts,
                };
                // Among a few nothing has to be gathered.
                let some = query.only.is_some() || named.is_some();
                let mut few = some.then_some(false);
                let mut branches = Vec::with_capacity(parts.len());
                for part in parts {
                    let gathered = !some && self.few_ended(query, part).await?;
                    let access = match part.reached {
                        Some(reached) if self.few_reached(query, &mut few).await? => Access::Gathered(reached),
                        Some(false) if !some && !gathered && self.hardly_any_other(query, part).await? => {
                            Access::Tabled
                        }
                        Some(reached) => Access::Asked(reached),
                        None => Access::Any,
                    };
                    branches.push(Branch {
                        standing: Some(part.standing.clone()),
                        ended: part.ended,
                        gathered,
                        access,
                        ..all.clone()
                    });
                }
                Ok(branches)
            }

            /// Whether those on that side of their end are few: then they are found by it.
            async fn few_ended(&mut self, query: &OverrideQuery, part: &Part) -> Result<bool, StoreError> {
                if part.ended.is_none() {
                    return Ok(false);
                }
                let mut count = Self::ended_sql("", query, part);
                let count = count.build_query_scalar::<i64>().persistent(false);
                Ok(count.fetch_one(&mut *self.tx).await? <= FEW)
            }

            /// Whether the people of teams and the admins are. `known`: once it is.
            async fn few_reached(
                &mut self,
                query: &OverrideQuery,
                known: &mut Option<bool>,
            ) -> Result<bool, StoreError> {
                if let Some(few) = known {
                    return Ok(*few);
                }
                let mut count = Self::people_sql("", query);
                let found: i64 = count.build_query_scalar().fetch_one(&mut *self.tx).await?;
                Ok(*known.insert(found <= FEW))
            }

            /// Whether a page of those whom nothing gives access is a long way, so that a table of the others is quicker, if there can be one.
            async fn hardly_any_other(&mut self, query: &OverrideQuery, part: &Part) -> Result<bool, StoreError> {
                if !Self::TABLES {
                    return Ok(false);
                }
                let mut others = Self::others_sql("", query, part);
                let others = others.build_query_scalar::<i64>().persistent(false);
                Ok(others.fetch_one(&mut *self.tx).await? == 0)
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod plans;
