//! Calls: appended in batches.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::id::ServerId;
use domain::timestamp::Timestamp;
use sqlx::QueryBuilder;

use super::chain::{Content, Trail};
use super::ends::{CHUNK, chained, via_of};
use super::{CallRow, Calls, ChainEntry, UsageBy, UsageCount, UsageKey, UsageQuery, UsageSum};
use crate::store::StoreError;
use crate::store::work::{Tx, for_both, subject};

macro_rules! columns {
    () => {
        "seq, at, actor_type, actor_id, actor_name, action, server_id, server, method, tool, status, upstream_status, outcome, \
        failed, latency_micros, credential, fingerprint, address, via_type, via_id, request, hash"
    };
}
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM calls WHERE ");
const INSERT: &str = concat!("INSERT INTO calls (", columns!(), ") ");

/// A row as it stands in the table: the chain is over this, whatever it means.
#[derive(sqlx::FromRow)]
pub(super) struct Record {
    pub seq: i64,
    pub at: i64,
    actor_type: String,
    actor_id: String,
    actor_name: String,
    action: String,
    server_id: Option<String>,
    server: Option<String>,
    method: String,
    tool: Option<String>,
    status: i64,
    upstream_status: Option<i64>,
    outcome: String,
    failed: i64,
    latency_micros: i64,
    credential: String,
    fingerprint: Option<String>,
    address: Option<String>,
    via_type: Option<String>,
    via_id: Option<String>,
    request: Option<String>,
    hash: Vec<u8>,
}

impl Record {
    fn content(&self) -> Content {
        Content::default()
            .number(self.at)
            .text(&self.actor_type)
            .text(&self.actor_id)
            .text(&self.actor_name)
            .text(&self.action)
            .maybe(self.server_id.as_deref())
            .maybe(self.server.as_deref())
            .text(&self.method)
            .maybe(self.tool.as_deref())
            .number(self.status)
            .maybe(self.upstream_status.map(|status| status.to_string()).as_deref())
            .text(&self.outcome)
            .number(self.failed)
            .number(self.latency_micros)
            .text(&self.credential)
            .maybe(self.fingerprint.as_deref())
            .maybe(self.address.as_deref())
            .maybe(self.via_type.as_deref())
            .maybe(self.via_id.as_deref())
            .maybe(self.request.as_deref())
    }
}

impl From<Record> for ChainEntry {
    fn from(record: Record) -> Self {
        let server = record.server.as_deref().unwrap_or("no server");
        Self {
            content: record.content(),
            seq: record.seq,
            at: Timestamp(record.at),
            what: format!("{} by {} on {server}", record.action, record.actor_name),
            hash: record.hash,
        }
    }
}

impl From<&CallRow> for Record {
    fn from(row: &CallRow) -> Self {
        let by = row.via.by.parts();
        Self {
            seq: 0,
            at: row.at.0,
            actor_type: row.actor.kind.as_str().to_owned(),
            actor_id: row.actor.id.clone(),
            actor_name: row.actor_name.clone(),
            action: row.action.clone(),
            server_id: row.server.as_ref().map(|(id, _)| id.as_str().to_owned()),
            server: row.server.as_ref().map(|(_, name)| name.clone()),
            method: row.method.clone(),
            tool: row.tool.clone(),
            status: i64::from(row.status),
            upstream_status: row.upstream_status.map(i64::from),
            outcome: row.outcome.clone(),
            failed: i64::from(row.failed),
            latency_micros: i64::try_from(row.latency_micros).unwrap_or(i64::MAX),
            credential: row.credential.clone(),
            fingerprint: row.fingerprint.clone(),
            address: row.via.address.map(|address| address.to_string()),
            via_type: by.map(|(word, _)| word.to_owned()),
            via_id: by.map(|(_, id)| id.to_owned()),
            request: row.via.request.clone(),
            hash: Vec::new(),
        }
    }
}

impl TryFrom<Record> for CallRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        let status =
            |number: i64| u16::try_from(number).map_err(|_| StoreError::broken("column status holds no status"));
        Ok(Self {
            via: via_of(
                record.address.as_deref(),
                record.via_type.zip(record.via_id),
                record.request,
            ),
            at: Timestamp(record.at),
            actor: subject(&record.actor_type, record.actor_id)?,
            actor_name: record.actor_name,
            action: record.action,
            server: record.server_id.map(ServerId::new).zip(record.server),
            method: record.method,
            tool: record.tool,
            status: status(record.status)?,
            upstream_status: record.upstream_status.map(status).transpose()?,
            outcome: record.outcome,
            failed: record.failed != 0,
            latency_micros: record.latency_micros.unsigned_abs(),
            credential: record.credential,
            fingerprint: record.fingerprint,
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Calls for Tx<$db> {
            async fn append(&mut self, calls: &[CallRow]) -> Result<(), StoreError> {
                if calls.is_empty() {
                    return Ok(());
                }
                let chain = self.chain_key()?;
                let (mut seq, mut hash) = self.lock_chain(Trail::Calls).await?;
                for chunk in calls.chunks(CHUNK as usize) {
                    let mut records: Vec<Record> = chunk.iter().map(Record::from).collect();
                    for record in &mut records {
                        seq += 1;
                        record.seq = seq;
                        record.hash = chain.link(Trail::Calls, seq, &hash, &record.content()).to_vec();
                        hash.clone_from(&record.hash);
                    }
                    self.insert_calls(&records).await?;
                }
                self.move_chain(Trail::Calls, seq, &hash).await
            }

            async fn count(&mut self, counts: &BTreeMap<UsageKey, UsageCount>) -> Result<(), StoreError> {
                self.add_usage(counts).await
            }

            async fn sums(&mut self, query: &UsageQuery, by: UsageBy) -> Result<Vec<UsageSum>, StoreError> {
                self.usage_sums(query, by).await
            }

            async fn forget_counts(&mut self, before: Timestamp) -> Result<u64, StoreError> {
                self.forget_usage(before).await
            }
        }

        impl Tx<$db> {
            pub(super) async fn call_records(&mut self, after: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
                let mut sql = QueryBuilder::<$db>::new(SELECT);
                sql.push("seq > ").push_bind(after).push(" ORDER BY seq LIMIT ");
                sql.push_bind(i64::from(limit));
                Ok(sql.build_query_as().fetch_all(&mut *self.tx).await?)
            }

            async fn insert_calls(&mut self, records: &[Record]) -> Result<(), StoreError> {
                let mut sql = QueryBuilder::<$db>::new(INSERT);
                sql.push_values(records, |mut row, record| {
                    row.push_bind(record.seq)
                        .push_bind(record.at)
                        .push_bind(&record.actor_type)
                        .push_bind(&record.actor_id)
                        .push_bind(&record.actor_name)
                        .push_bind(&record.action)
                        .push_bind(&record.server_id)
                        .push_bind(&record.server)
                        .push_bind(&record.method)
                        .push_bind(&record.tool)
                        .push_bind(record.status)
                        .push_bind(record.upstream_status)
                        .push_bind(&record.outcome)
                        .push_bind(record.failed)
                        .push_bind(record.latency_micros)
                        .push_bind(&record.credential)
                        .push_bind(&record.fingerprint)
                        .push_bind(&record.address)
                        .push_bind(&record.via_type)
                        .push_bind(&record.via_id)
                        .push_bind(&record.request)
                        .push_bind(&record.hash);
                });
                chained(sql.build().execute(&mut *self.tx).await).map(drop)
            }
        }
    };
}
for_both!(stamp);
