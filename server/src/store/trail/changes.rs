//! Changes: kept while a work goes on, appended when it is saved.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::ServerId;
use domain::timestamp::Timestamp;
use sqlx::QueryBuilder;

use super::chain::{Content, GENESIS, Trail};
use super::ends::{CHUNK, chained, via_of};
use super::{Audit, AuditRow, ChainEntry};
use crate::store::StoreError;
use crate::store::pieces::pieces;
use crate::store::work::{Tx, for_both, key, subject};

macro_rules! columns {
    () => {
        "seq, id, at, actor_type, actor_id, actor_name, action, server_id, server, subject_type, subject_id, detail, address, \
        via_type, via_id, request, hash"
    };
}
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM audit WHERE ");
const INSERT: &str = concat!("INSERT INTO audit (", columns!(), ") ");
const SERVER_ID: &str = "SELECT id FROM servers WHERE name = $1";
const LINK: &str = "UPDATE audit SET hash = $2 WHERE seq = $1";

/// A row as it stands in the table: the chain is over this, whatever it means.
#[derive(sqlx::FromRow)]
pub(super) struct Record {
    pub seq: i64,
    id: String,
    pub at: i64,
    actor_type: Option<String>,
    actor_id: Option<String>,
    actor_name: String,
    action: String,
    server_id: Option<String>,
    server: Option<String>,
    subject_type: Option<String>,
    subject_id: Option<String>,
    detail: String,
    address: Option<String>,
    via_type: Option<String>,
    via_id: Option<String>,
    request: Option<String>,
    pub hash: Vec<u8>,
}

impl Record {
    pub fn content(&self) -> Content {
        Content::default()
            .text(&self.id)
            .number(self.at)
            .maybe(self.actor_type.as_deref())
            .maybe(self.actor_id.as_deref())
            .text(&self.actor_name)
            .text(&self.action)
            .maybe(self.server_id.as_deref())
            .maybe(self.server.as_deref())
            .maybe(self.subject_type.as_deref())
            .maybe(self.subject_id.as_deref())
            .text(&self.detail)
            .maybe(self.address.as_deref())
            .maybe(self.via_type.as_deref())
            .maybe(self.via_id.as_deref())
            .maybe(self.request.as_deref())
    }
}

impl From<Record> for ChainEntry {
    fn from(record: Record) -> Self {
        Self {
            content: record.content(),
            seq: record.seq,
            at: Timestamp(record.at),
            what: format!("{} by {} (id {})", record.action, record.actor_name, record.id),
            hash: record.hash,
        }
    }
}

impl From<&AuditRow> for Record {
    fn from(row: &AuditRow) -> Self {
        let (actor, subject, by) = (row.actor.as_ref(), row.subject.as_ref(), row.via.by.parts());
        Self {
            seq: 0,
            id: row.id.clone(),
            at: row.at.0,
            actor_type: actor.map(|actor| actor.kind.as_str().to_owned()),
            actor_id: actor.map(|actor| actor.id.clone()),
            actor_name: row.actor_name.clone(),
            action: row.action.clone(),
            server_id: row.server_id.as_ref().map(|id| id.as_str().to_owned()),
            server: row.server.clone(),
            subject_type: subject.map(|subject| subject.kind.as_str().to_owned()),
            subject_id: subject.map(|subject| subject.id.clone()),
            detail: row.detail.clone(),
            address: row.via.address.map(|address| address.to_string()),
            via_type: by.map(|(word, _)| word.to_owned()),
            via_id: by.map(|(_, id)| id.to_owned()),
            request: row.via.request.clone(),
            hash: Vec::new(),
        }
    }
}

fn optional(kind: Option<String>, id: Option<String>) -> Result<Option<SubjectRef>, StoreError> {
    kind.zip(id).map(|(kind, id)| subject(&kind, id)).transpose()
}

impl TryFrom<Record> for AuditRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            via: via_of(
                record.address.as_deref(),
                record.via_type.zip(record.via_id),
                record.request,
            ),
            id: record.id,
            at: Timestamp(record.at),
            actor: optional(record.actor_type, record.actor_id)?,
            actor_name: record.actor_name,
            action: record.action,
            server_id: record.server_id.map(ServerId::new),
            server: record.server,
            subject: optional(record.subject_type, record.subject_id)?,
            detail: record.detail,
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Audit for Tx<$db> {
            async fn insert(&mut self, event: &AuditRow) -> Result<(), StoreError> {
                self.pending.push(event.clone());
                Ok(())
            }

            async fn adopt(&mut self) -> Result<i64, StoreError> {
                let chain = self.chain_key()?;
                let (end, _) = self.lock_chain(Trail::Changes).await?;
                let (mut seq, mut hash) = (0, GENESIS);
                while seq < end {
                    for entry in self.change_records(seq, CHUNK).await? {
                        hash = chain.link(Trail::Changes, entry.seq, &hash, &entry.content());
                        seq = entry.seq;
                        let link = sqlx::query(LINK).bind(seq).bind(&hash[..]);
                        link.execute(&mut *self.tx).await?;
                    }
                }
                self.move_chain(Trail::Changes, seq, &hash).await?;
                Ok(seq)
            }
        }

        impl Tx<$db> {
            pub(super) async fn change_records(&mut self, after: i64, limit: u32) -> Result<Vec<Record>, StoreError> {
                let mut sql = QueryBuilder::<$db>::new(SELECT);
                sql.push("seq > ").push_bind(after).push(" ORDER BY seq LIMIT ");
                sql.push_bind(i64::from(limit));
                Ok(sql.build_query_as().fetch_all(&mut *self.tx).await?)
            }

            /// What `save` does before it commits.
            pub(in crate::store) async fn append_changes(&mut self) -> Result<(), StoreError> {
                if self.pending.is_empty() {
                    return Ok(());
                }
                let mut records: Vec<Record> = std::mem::take(&mut self.pending)
                    .iter()
                    .map(Record::from)
                    .collect();
                self.name_servers(&mut records).await?;
                let chain = self.chain_key()?;
                let (mut seq, mut hash) = self.lock_chain(Trail::Changes).await?;
                for record in &mut records {
                    seq += 1;
                    record.seq = seq;
                    record.hash = chain.link(Trail::Changes, seq, &hash, &record.content()).to_vec();
                    hash.clone_from(&record.hash);
                }
                for chunk in pieces(&records) {
                    let mut sql = QueryBuilder::<$db>::new(INSERT);
                    sql.push_values(chunk, |mut row, record| {
                        row.push_bind(record.seq)
                            .push_bind(&record.id)
                            .push_bind(record.at)
                            .push_bind(&record.actor_type)
                            .push_bind(&record.actor_id)
                            .push_bind(&record.actor_name)
                            .push_bind(&record.action)
                            .push_bind(&record.server_id)
                            .push_bind(&record.server)
                            .push_bind(&record.subject_type)
                            .push_bind(&record.subject_id)
                            .push_bind(&record.detail)
                            .push_bind(&record.address)
                            .push_bind(&record.via_type)
                            .push_bind(&record.via_id)
                            .push_bind(&record.request)
                            .push_bind(&record.hash);
                    });
                    chained(sql.build().execute(&mut *self.tx).await)?;
                }
                self.move_chain(Trail::Changes, seq, &hash).await
            }

            /// Before the chain is locked: a look at another table must not make others wait.
            async fn name_servers(&mut self, records: &mut [Record]) -> Result<(), StoreError> {
                let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
                for record in records.iter_mut().filter(|record| record.server_id.is_none()) {
                    let Some(name) = &record.server else { continue };
                    if !known.contains_key(name) {
                        let id = sqlx::query_scalar(SERVER_ID).bind(key(name));
                        known.insert(name.clone(), id.fetch_optional(&mut *self.tx).await?);
                    }
                    record.server_id = known.get(name).cloned().flatten();
                }
                Ok(())
            }
        }
    };
}
for_both!(stamp);
