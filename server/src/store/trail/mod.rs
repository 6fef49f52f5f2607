//! The two trails: who changed what, and who called what with which credential (B07). Both only grow at one end and shrink at the
//! other, and both are chains.

mod calls;
pub mod chain;
mod changes;
mod ends;
mod page;
mod usage;

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::ServerId;
use domain::timestamp::Timestamp;
use domain::via::Via;

use super::{Page, StoreError};
use chain::{ChainKey, Content, Trail};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    pub id: String,
    pub at: Timestamp,
    /// `None`: the program itself.
    pub actor: Option<SubjectRef>,
    pub actor_name: String,
    /// `override.added`, `server.outbound_changed`, ...
    pub action: String,
    /// Filled when it is appended, by the name.
    pub server_id: Option<ServerId>,
    pub server: Option<String>,
    pub subject: Option<SubjectRef>,
    /// JSON; never a secret.
    pub detail: String,
    pub via: Via,
}

/// A call of the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    pub at: Timestamp,
    pub actor: SubjectRef,
    pub actor_name: String,
    /// One of `CALL_ACTIONS`.
    pub action: String,
    /// Id and name; `None` when there is no such server.
    pub server: Option<(ServerId, String)>,
    pub method: String,
    pub tool: Option<String>,
    /// What the caller got.
    pub status: u16,
    pub upstream_status: Option<u16>,
    /// `forwarded`, or why not.
    pub outcome: String,
    pub failed: bool,
    /// Until the answer began.
    pub latency_micros: u64,
    /// Which kind was sent: `override`, `oauth_token`, `server_default`, `passthrough`, `nothing`, `none`.
    pub credential: String,
    pub fingerprint: Option<String>,
    pub via: Via,
}

/// One of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailEntry {
    Change(AuditRow),
    /// With its place in the chain, which is its name.
    Call(i64, CallRow),
}

/// Which entries to show, newest first; `None` asks nothing of a thing.
#[derive(Debug, Clone, Default)]
pub struct TrailQuery {
    /// Both, unless one is asked for.
    pub only: Option<Trail>,
    /// The name it had then.
    pub server: Option<String>,
    pub server_id: Option<ServerId>,
    pub actor: Option<WantedActor>,
    /// Done by this one, or to this one.
    pub of: Option<SubjectRef>,
    pub action: Option<String>,
    /// Found anywhere in the action.
    pub search: Option<String>,
    /// Calls only: a tool's or a method's name.
    pub tool: Option<String>,
    /// Calls only.
    pub failed: Option<bool>,
    /// Nothing before it.
    pub since: Option<Timestamp>,
    /// Nothing from it on.
    pub until: Option<Timestamp>,
    pub cursor: Option<String>,
    /// 1..=200.
    pub limit: u32,
}

/// Who did it. Calls are found by the ids, in their index; changes are few enough to look through for the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedActor {
    /// Any of these.
    pub ids: Vec<String>,
    pub name: String,
}

/// It was sent, with nothing to inject.
pub const CALL_FORWARDED: &str = "call.forwarded";
/// It was not sent.
pub const CALL_REFUSED: &str = "call.refused";
pub const CREDENTIAL_INJECTED: &str = "credential.injected";
/// What a call's `action` may be.
pub const CALL_ACTIONS: [&str; 3] = [CALL_FORWARDED, CALL_REFUSED, CREDENTIAL_INJECTED];

/// Where a chain ends on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEnds {
    /// The newest entry.
    pub seq: i64,
    pub hash: Vec<u8>,
    /// The newest of those that retention removed; 0 when none was.
    pub anchor_seq: i64,
    pub anchor_hash: Vec<u8>,
    pub anchor_mac: Vec<u8>,
}

/// An entry as its chain sees it.
#[derive(Debug, Clone)]
pub struct ChainEntry {
    pub seq: i64,
    pub hash: Vec<u8>,
    pub content: Content,
    pub at: Timestamp,
    /// What to call it: action, who, id.
    pub what: String,
}

/// What retention removed in one go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    pub entries: u64,
    /// The newest of them.
    pub up_to: i64,
    /// There may be more to remove.
    pub more: bool,
}

/// What calls are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    pub server: ServerId,
    /// Its first second.
    pub hour: i64,
    pub actor: SubjectRef,
    pub method: String,
    /// Empty: none.
    pub tool: String,
    /// `domain::latency`; `None`: refused before it was sent.
    pub step: Option<u8>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UsageCount {
    pub calls: u64,
    pub failed: u64,
}

/// Counted calls of these hours.
#[derive(Debug, Clone)]
pub struct UsageQuery {
    pub server: Option<ServerId>,
    pub actor: Option<SubjectRef>,
    /// From this hour's first second on.
    pub from: i64,
    pub to: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageBy {
    /// In pieces of so many seconds; the key is the first of them.
    Time(i64),
    /// The key is `method\ntool`.
    Tool,
    /// The key is `type/id`.
    Actor,
    /// The key is the id.
    Server,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageSum {
    pub key: String,
    pub step: Option<u8>,
    pub count: UsageCount,
}

#[async_trait]
pub trait Audit: Send {
    /// Kept until `save`, which appends it: a work takes the chain's lock last of all, so that nobody who waits for it holds
    /// what its owner wants.
    async fn insert(&mut self, event: &AuditRow) -> Result<(), StoreError>;
    /// Links the entries from before there was a chain, and says how many they were. Only for whoever has just made the key.
    async fn adopt(&mut self) -> Result<i64, StoreError>;
}

#[async_trait]
pub trait Calls: Send {
    /// Appends to the chain; nothing else of a work comes after it.
    async fn append(&mut self, calls: &[CallRow]) -> Result<(), StoreError>;
    async fn count(&mut self, counts: &BTreeMap<UsageKey, UsageCount>) -> Result<(), StoreError>;
    async fn sums(&mut self, query: &UsageQuery, by: UsageBy) -> Result<Vec<UsageSum>, StoreError>;
    /// Forgets the counts of hours before this second.
    async fn forget_counts(&mut self, before: Timestamp) -> Result<u64, StoreError>;
}

#[async_trait]
pub trait Trails: Send {
    async fn page(&mut self, query: &TrailQuery) -> Result<Page<TrailEntry>, StoreError>;
    async fn ends(&mut self, trail: Trail) -> Result<ChainEnds, StoreError>;
    /// The entries after `seq` in their order.
    async fn entries(&mut self, trail: Trail, after: i64, limit: u32) -> Result<Vec<ChainEntry>, StoreError>;
    /// Removes entries from the beginning, as far as all are older than `before`, at most `limit`, and anchors the rest.
    async fn prune(&mut self, trail: Trail, before: Timestamp, limit: u32) -> Result<Pruned, StoreError>;
}

/// The key of a store, once there is one.
pub(super) type SharedKey = std::sync::Arc<std::sync::OnceLock<ChainKey>>;
