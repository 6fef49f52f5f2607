//! Both chains' ends: one row each, locked while something is appended or removed.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::timestamp::Timestamp;
use domain::via::{By, Via};

use super::chain::{ChainKey, GENESIS, Trail};
use super::{ChainEnds, ChainEntry, Pruned, TrailEntry, TrailQuery, Trails};
use crate::store::work::{Tx, for_both};
use crate::store::{Page, StoreError};

/// Rows in one answer.
pub(super) const CHUNK: u32 = 500;
/// An UPDATE, so that PostgreSQL holds the row until the work ends.
const LOCK: &str = "UPDATE chains SET seq = seq WHERE name = $1 RETURNING seq, hash";
const MOVE: &str = "UPDATE chains SET seq = $2, hash = $3 WHERE name = $1";
const ANCHOR: &str = "UPDATE chains SET anchor_seq = $2, anchor_hash = $3, anchor_mac = $4 WHERE name = $1";
const ENDS: &str = "SELECT seq, hash, anchor_seq, anchor_hash, anchor_mac FROM chains WHERE name = $1";

/// How somebody came in, from its columns. What does not parse is not shown; the chain tells that it was changed.
pub(super) fn via_of(address: Option<&str>, by: Option<(String, String)>, request: Option<String>) -> Via {
    Via {
        address: address.and_then(|text| text.parse::<IpAddr>().ok()),
        by: by.and_then(|(word, id)| By::parse(&word, id)).unwrap_or_default(),
        request,
    }
}

/// A place that is taken is no conflict of a caller's: somebody has moved the chain's end by hand.
pub(super) fn chained<T>(done: Result<T, sqlx::Error>) -> Result<T, StoreError> {
    done.map_err(|error| match StoreError::from(error) {
        StoreError::Conflict => StoreError::broken("a trail goes on behind its end"),
        other => other,
    })
}

/// The statements that differ by table only.
struct Statements {
    oldest: &'static str,
    delete: &'static str,
}

const fn statements(trail: Trail) -> Statements {
    match trail {
        Trail::Changes => Statements {
            oldest: "SELECT seq, at, hash FROM audit ORDER BY seq LIMIT $1",
            delete: "DELETE FROM audit WHERE seq <= $1",
        },
        Trail::Calls => Statements {
            oldest: "SELECT seq, at, hash FROM calls ORDER BY seq LIMIT $1",
            delete: "DELETE FROM calls WHERE seq <= $1",
        },
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) fn chain_key(&self) -> Result<ChainKey, StoreError> {
                let key = self.chain.get().cloned();
                key.ok_or_else(|| StoreError::broken("the trails have no key yet"))
            }

            /// The newest entry's place and hash, which stay so until the work ends.
            pub(super) async fn lock_chain(&mut self, trail: Trail) -> Result<(i64, Vec<u8>), StoreError> {
                let lock = sqlx::query_as(LOCK).bind(trail.as_str());
                let (seq, hash) = lock.fetch_one(&mut *self.tx).await?;
                Ok((seq, if seq == 0 { GENESIS.to_vec() } else { hash }))
            }

            pub(super) async fn move_chain(&mut self, trail: Trail, seq: i64, hash: &[u8]) -> Result<(), StoreError> {
                let moved = sqlx::query(MOVE).bind(trail.as_str()).bind(seq).bind(hash);
                moved.execute(&mut *self.tx).await?;
                Ok(())
            }
        }

        #[async_trait]
        impl Trails for Tx<$db> {
            async fn page(&mut self, query: &TrailQuery) -> Result<Page<TrailEntry>, StoreError> {
                self.trail_page(query).await
            }

            async fn ends(&mut self, trail: Trail) -> Result<ChainEnds, StoreError> {
                let ends = sqlx::query_as(ENDS).bind(trail.as_str());
                let (seq, hash, anchor_seq, anchor_hash, anchor_mac) = ends.fetch_one(&mut *self.tx).await?;
                Ok(ChainEnds {
                    seq,
                    hash,
                    anchor_seq,
                    anchor_hash,
                    anchor_mac,
                })
            }

            async fn entries(&mut self, trail: Trail, after: i64, limit: u32) -> Result<Vec<ChainEntry>, StoreError> {
                Ok(match trail {
                    Trail::Changes => self
                        .change_records(after, limit)
                        .await?
                        .into_iter()
                        .map(ChainEntry::from)
                        .collect(),
                    Trail::Calls => self
                        .call_records(after, limit)
                        .await?
                        .into_iter()
                        .map(ChainEntry::from)
                        .collect(),
                })
            }

            async fn prune(&mut self, trail: Trail, before: Timestamp, limit: u32) -> Result<Pruned, StoreError> {
                let chain = self.chain_key()?;
                self.lock_chain(trail).await?;
                let sql = statements(trail);
                let oldest = sqlx::query_as(sql.oldest).bind(i64::from(limit));
                let oldest: Vec<(i64, i64, Vec<u8>)> = oldest.fetch_all(&mut *self.tx).await?;
                let old = oldest.iter().take_while(|(_, at, _)| *at < before.0);
                let Some((seq, _, hash)) = old.last() else {
                    return Ok(Pruned::default());
                };
                let mac = chain.anchor(trail, *seq, hash);
                let deleted = sqlx::query(sql.delete).bind(seq).execute(&mut *self.tx).await?;
                let anchor = sqlx::query(ANCHOR)
                    .bind(trail.as_str())
                    .bind(seq)
                    .bind(hash)
                    .bind(&mac[..]);
                anchor.execute(&mut *self.tx).await?;
                Ok(Pruned {
                    entries: deleted.rows_affected(),
                    up_to: *seq,
                    more: deleted.rows_affected() >= u64::from(limit),
                })
            }
        }
    };
}
for_both!(stamp);
