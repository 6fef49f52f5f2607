//! Calls: appended in batches.

use std::borrow::Cow;
use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::id::ServerId;
use domain::timestamp::Timestamp;
use sqlx::QueryBuilder;

use super::chain::{Content, HASH, Trail};
use super::ends::{chained, via_of};
use super::{CallRow, Calls, ChainEntry, UsageBy, UsageCount, UsageKey, UsageQuery, UsageSum};
use crate::store::StoreError;
use crate::store::pieces::pieces;
use crate::store::work::{Dialect, Tx, for_both, subject};

macro_rules! columns {
    () => {
        "seq, at, actor_type, actor_id, actor_name, action, server_id, server, method, tool, status, upstream_status, outcome, \
        failed, latency_micros, credential, fingerprint, address, via_type, via_id, request, hash"
    };
}
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM calls WHERE ");
const INTO: &str = concat!("calls (", columns!(), ") ");

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

/// What a call's row says, wherever it is read from.
struct Said<'a> {
    at: i64,
    actor_type: &'a str,
    actor_id: &'a str,
    actor_name: &'a str,
    action: &'a str,
    server_id: Option<&'a str>,
    server: Option<&'a str>,
    method: &'a str,
    tool: Option<&'a str>,
    status: i64,
    upstream_status: Option<i64>,
    outcome: &'a str,
    failed: i64,
    latency_micros: i64,
    credential: &'a str,
    fingerprint: Option<&'a str>,
    address: Option<Cow<'a, str>>,
    via_type: Option<&'a str>,
    via_id: Option<&'a str>,
    request: Option<&'a str>,
}

impl Said<'_> {
    fn content(&self) -> Content {
        Content::default()
            .number(self.at)
            .text(self.actor_type)
            .text(self.actor_id)
            .text(self.actor_name)
            .text(self.action)
            .maybe(self.server_id)
            .maybe(self.server)
            .text(self.method)
            .maybe(self.tool)
            .number(self.status)
            .maybe(self.upstream_status.map(|status| status.to_string()).as_deref())
            .text(self.outcome)
            .number(self.failed)
            .number(self.latency_micros)
            .text(self.credential)
            .maybe(self.fingerprint)
            .maybe(self.address.as_deref())
            .maybe(self.via_type)
            .maybe(self.via_id)
            .maybe(self.request)
    }
}

impl<'a> From<&'a Record> for Said<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            at: record.at,
            actor_type: &record.actor_type,
            actor_id: &record.actor_id,
            actor_name: &record.actor_name,
            action: &record.action,
            server_id: record.server_id.as_deref(),
            server: record.server.as_deref(),
            method: &record.method,
            tool: record.tool.as_deref(),
            status: record.status,
            upstream_status: record.upstream_status,
            outcome: &record.outcome,
            failed: record.failed,
            latency_micros: record.latency_micros,
            credential: &record.credential,
            fingerprint: record.fingerprint.as_deref(),
            address: record.address.as_deref().map(Cow::Borrowed),
            via_type: record.via_type.as_deref(),
            via_id: record.via_id.as_deref(),
            request: record.request.as_deref(),
        }
    }
}

impl<'a> From<&'a CallRow> for Said<'a> {
    fn from(row: &'a CallRow) -> Self {
        let by = row.via.by.parts();
        Self {
            at: row.at.0,
            actor_type: row.actor.kind.as_str(),
            actor_id: &row.actor.id,
            actor_name: &row.actor_name,
            action: &row.action,
            server_id: row.server.as_ref().map(|(id, _)| id.as_str()),
            server: row.server.as_ref().map(|(_, name)| name.as_str()),
            method: &row.method,
            tool: row.tool.as_deref(),
            status: i64::from(row.status),
            upstream_status: row.upstream_status.map(i64::from),
            outcome: &row.outcome,
            failed: i64::from(row.failed),
            latency_micros: i64::try_from(row.latency_micros).unwrap_or(i64::MAX),
            credential: &row.credential,
            fingerprint: row.fingerprint.as_deref(),
            address: row.via.address.map(|address| Cow::Owned(address.to_string())),
            via_type: by.map(|(word, _)| word),
            via_id: by.map(|(_, id)| id),
            request: row.via.request.as_deref(),
        }
    }
}

/// A row about to be written, with its place.
struct Linked<'a> {
    seq: i64,
    hash: [u8; HASH],
    said: Said<'a>,
}

impl From<Record> for ChainEntry {
    fn from(record: Record) -> Self {
        let server = record.server.as_deref().unwrap_or("no server");
        Self {
            content: Said::from(&record).content(),
            seq: record.seq,
            at: Timestamp(record.at),
            what: format!("{} by {} on {server}", record.action, record.actor_name),
            hash: record.hash,
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
                for chunk in pieces(calls) {
                    let mut linked = Vec::with_capacity(chunk.len());
                    for said in chunk.iter().map(Said::from) {
                        seq += 1;
                        let own = chain.link(Trail::Calls, seq, &hash, &said.content());
                        hash = own.to_vec();
                        linked.push(Linked { seq, hash: own, said });
                    }
                    self.insert_calls(linked).await?;
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

            async fn insert_calls(&mut self, linked: Vec<Linked<'_>>) -> Result<(), StoreError> {
                // Not a text of ours with `$1` and so on: SQLite finds each of 1,400 names by going through all of them.
                let mut sql = QueryBuilder::<$db>::new(Self::INSERT_MANY);
                sql.push(INTO);
                sql.push_values(linked, |mut row, Linked { seq, hash, said }| {
                    row.push_bind(seq)
                        .push_bind(said.at)
                        .push_bind(said.actor_type)
                        .push_bind(said.actor_id)
                        .push_bind(said.actor_name)
                        .push_bind(said.action)
                        .push_bind(said.server_id)
                        .push_bind(said.server)
                        .push_bind(said.method)
                        .push_bind(said.tool)
                        .push_bind(said.status)
                        .push_bind(said.upstream_status)
                        .push_bind(said.outcome)
                        .push_bind(said.failed)
                        .push_bind(said.latency_micros)
                        .push_bind(said.credential)
                        .push_bind(said.fingerprint)
                        .push_bind(said.address)
                        .push_bind(said.via_type)
                        .push_bind(said.via_id)
                        .push_bind(said.request)
                        .push_bind(hash.to_vec());
                });
                chained(sql.build().execute(&mut *self.tx).await).map(drop)
            }
        }
    };
}
for_both!(stamp);
