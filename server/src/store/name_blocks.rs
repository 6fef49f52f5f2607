//! The names of a server's overrides in blocks, which searches look through (`override_names.rs`): some fifty in a row, because to
//! PostgreSQL a row costs more than the names in it. Triggers note each name that a work adds to a server or takes from it; before it is
//! saved, the blocks these names fall into are written anew from the overrides. What is noted and not yet written tells a reader that
//! the blocks are not true: in a work itself, and where a program wrote that knows no blocks.

use sqlx::QueryBuilder;

use super::StoreError;
use super::pieces::pieces;
use super::work::{Dialect, Tx, for_both};

/// No name holds it: names are shown, so that none has control characters.
pub(super) const SEPARATOR: char = '\u{1}';
/// So many bytes fit in a page with the rest of a row, so that PostgreSQL neither compresses them nor puts them elsewhere.
const FULL: usize = 4_000;
/// After so many changes, all of a server's blocks are written anew at once.
const MANY: usize = 1_000;

const NOTED: &str = "SELECT 1 FROM override_name_changes LIMIT 1";
const TAKE: &str = "DELETE FROM override_name_changes RETURNING server_id, entity_key";
const LOW: &str = "SELECT MAX(low) FROM override_name_blocks WHERE server_id = $1 AND low <= $2";
const NEXT: &str = "SELECT MIN(low) FROM override_name_blocks WHERE server_id = $1 AND low > $2";
const INSERT: &str = "INSERT INTO override_name_blocks (server_id, low, names, many) ";

#[derive(Debug, PartialEq)]
struct Block {
    low: String,
    names: String,
    many: i64,
}

/// `names`, in their order, from `low` on, in blocks of about one size. The same names stand together.
fn blocks(low: &str, names: &[String]) -> Vec<Block> {
    let bytes: usize = names.iter().map(|name| name.len() + 1).sum();
    let size = names.len().div_ceil(bytes.div_ceil(FULL).max(1));
    let mut blocks: Vec<Block> = Vec::new();
    let mut last = None;
    for name in names {
        match blocks.last_mut() {
            Some(block) if block.many < size as i64 || last == Some(name) => {
                block.names.push(SEPARATOR);
                block.names.push_str(name);
                block.many += 1;
            }
            before => {
                let low = if before.is_some() { name } else { low };
                blocks.push(Block {
                    low: low.to_owned(),
                    names: name.clone(),
                    many: 1,
                });
            }
        }
        last = Some(name);
    }
    blocks
}

/// What is written anew: from where, and up to which block.
struct Range {
    server: String,
    low: String,
    next: Option<String>,
}

impl Range {
    fn covers(&self, server: &str, name: &str) -> bool {
        self.server == server && self.next.as_deref().is_none_or(|next| name < next)
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// Last before saving, but for the trail: whoever writes blocks makes others wait until then.
            pub(super) async fn settle_names(&mut self) -> Result<(), StoreError> {
                let noted: Option<i32> = sqlx::query_scalar(NOTED).fetch_optional(&mut *self.tx).await?;
                if noted.is_none() {
                    return Ok(());
                }
                if let Some(lock) = Self::LOCK_NAMES {
                    sqlx::query(lock).execute(&mut *self.tx).await?;
                }
                let mut changed: Vec<(String, String)> = sqlx::query_as(TAKE).fetch_all(&mut *self.tx).await?;
                changed.sort_unstable();
                changed.dedup();
                for of_server in changed.chunk_by(|one, next| one.0 == next.0) {
                    self.settle_server(of_server).await?;
                }
                Ok(())
            }

            async fn settle_server(&mut self, changed: &[(String, String)]) -> Result<(), StoreError> {
                let mut done: Option<Range> = None;
                for (server, name) in changed {
                    if done.as_ref().is_some_and(|done| done.covers(server, name)) {
                        continue;
                    }
                    let range = if changed.len() > MANY {
                        Range {
                            server: server.clone(),
                            low: String::new(),
                            next: None,
                        }
                    } else {
                        self.range_of(server, name).await?
                    };
                    self.write_anew(&range).await?;
                    done = Some(range);
                }
                Ok(())
            }

            async fn range_of(&mut self, server: &str, name: &str) -> Result<Range, StoreError> {
                let low = sqlx::query_scalar(LOW).bind(server).bind(name);
                let low: Option<String> = low.fetch_one(&mut *self.tx).await?;
                let low = low.unwrap_or_default();
                let next = sqlx::query_scalar(NEXT).bind(server).bind(&low);
                Ok(Range {
                    server: server.to_owned(),
                    next: next.fetch_one(&mut *self.tx).await?,
                    low,
                })
            }

            async fn write_anew(&mut self, range: &Range) -> Result<(), StoreError> {
                let mut names = QueryBuilder::<$db>::new("SELECT entity_key FROM overrides");
                Self::within(&mut names, "entity_key", range);
                names.push(" ORDER BY entity_key");
                let names: Vec<String> = names.build_query_scalar().fetch_all(&mut *self.tx).await?;
                let mut old = QueryBuilder::<$db>::new("DELETE FROM override_name_blocks");
                Self::within(&mut old, "low", range);
                old.build().execute(&mut *self.tx).await?;
                for piece in pieces(&blocks(&range.low, &names)) {
                    let mut insert = QueryBuilder::<$db>::new(INSERT);
                    insert.push_values(piece, |mut row, block| {
                        row.push_bind(&range.server)
                            .push_bind(&block.low)
                            .push_bind(&block.names)
                            .push_bind(block.many);
                    });
                    insert.build().execute(&mut *self.tx).await?;
                }
                Ok(())
            }

            fn within(sql: &mut QueryBuilder<'_, $db>, column: &str, range: &Range) {
                sql.push(" WHERE server_id = ").push_bind(range.server.clone());
                sql.push(format!(" AND {column} >= "))
                    .push_bind(range.low.clone());
                if let Some(next) = &range.next {
                    sql.push(format!(" AND {column} < ")).push_bind(next.clone());
                }
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(names: &[&str]) -> Vec<(String, String)> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let blocks = blocks("", &names).into_iter();
        blocks.map(|block| (block.low, block.names)).collect()
    }

    #[test]
    fn few_names_are_one_block_and_no_names_none() {
        assert_eq!(cut(&[]), []);
        assert_eq!(cut(&["ann", "bob"]), [(String::new(), "ann\u{1}bob".to_owned())]);
    }

    #[test]
    fn a_block_that_is_full_becomes_two_halves() {
        let names: Vec<String> = (0..41).map(|n| format!("{n:0100}")).collect();
        let blocks = blocks("", &names);
        assert_eq!(blocks.iter().map(|block| block.many).collect::<Vec<_>>(), [21, 20]);
        assert_eq!(blocks[1].low, names[21]);
    }

    proptest! {
        #[test]
        fn blocks_hold_all_names_in_order_and_none_in_two(
            mut names in prop::collection::vec("[a-e]{1,3}x{0,900}", 0..80),
            low in "[a-b]?",
        ) {
            names.retain(|name| *name >= low);
            names.sort();
            let blocks = blocks(&low, &names);
            let within: Vec<Vec<&str>> = blocks.iter().map(|block| block.names.split(SEPARATOR).collect()).collect();
            prop_assert_eq!(within.concat(), names.iter().map(String::as_str).collect::<Vec<_>>());
            for (block, names) in blocks.iter().zip(&within) {
                prop_assert_eq!(block.many, names.len() as i64);
            }
            prop_assert!(blocks.first().is_none_or(|first| first.low == low));
            for (one, next) in within.iter().zip(blocks.iter().zip(&within).skip(1)) {
                prop_assert_eq!(&*next.0.low, next.1[0]);
                prop_assert!(one.last() < next.1.first());
            }
        }
    }
}
