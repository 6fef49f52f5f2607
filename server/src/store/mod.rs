//! Rows in, rows out. The traits here are all that the rest of the program knows of a database.
//!
//! A use case opens one `Work`, reads and writes through its stores, and ends with `save`; dropping the work undoes it.
//! "Not there" is `None`; `StoreError` hides the driver. Secrets come and go only as `Sealed`.

pub mod changes;
mod consents;
#[cfg(test)]
mod contract;
mod cursor;
pub mod error;
mod external_identities;
mod follow;
mod grants;
mod invitations;
mod last_used;
mod login_clients;
pub mod login_rows;
mod logins;
mod name_blocks;
mod notices;
mod override_access;
mod override_names;
mod override_order;
mod override_page;
mod override_sql;
mod overrides;
mod pieces;
#[cfg(test)]
mod planned;
mod postgres;
mod reach;
mod renewals;
mod revocations;
pub mod rows;
mod sealed_values;
mod servers;
mod sessions;
mod settings;
mod sqlite;
mod standing;
mod teams;
mod tokens;
pub mod trail;
mod user_identities;
mod users;
mod virtual_accounts;
mod work;

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::{ExternalIdentityId, OverrideId, ServerId, TeamId, TokenId, UserId, VirtualAccountId};
use domain::notice::Step;
use domain::overrides::Kind;
use domain::reach::Given;
use domain::role::ServerRole;
use domain::server::ServerName;
use domain::timestamp::Timestamp;

use crate::seal::Sealed;

pub use changes::{Changes, Moment, Place};
pub use error::StoreError;
pub use login_rows::{
    FoundLoginToken, LoginApp, LoginClientRow, LoginCodeRow, LoginGrantRow, LoginTokenKind, LoginTokenRow,
};
pub use rows::{
    Consent, ExternalIdentityRow, Grant, Grantee, InvitationRow, MemberRow, NoticeChannel, NoticeRow, NoticeState,
    OAuthClientRow, OverridePage, OverrideQuery, OverrideRow, OverrideSort, OverrideUse, Page, PageQuery,
    PendingConsent, ReachRow, ServerRow, SessionRow, SubjectHit, TeamRow, TokenRow, UserIdentityRow, UserRow,
    VirtualAccountRow,
};
pub use sealed_values::{SealedKind, SealedPlace, SealedRow};
pub use standing::{Part, Standing};
pub use trail::chain::{ChainKey, Trail};
pub use trail::{Audit, AuditRow, CallRow, Calls, TrailEntry, TrailQuery, Trails};

/// Opens `sqlite:<path>`, `sqlite::memory:` (gone with the store) or `postgres://...`; `migrate` comes next.
pub async fn open(database_url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match database_url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Arc::new(sqlite::SqliteStore::open(database_url).await?)),
        Some("postgres" | "postgresql") => Ok(Arc::new(postgres::PostgresStore::open(database_url).await?)),
        _ => Err(StoreError::Unavailable(
            "the database URL begins neither with sqlite: nor with postgres://".to_owned(),
        )),
    }
}

/// One database: SQLite inside, or PostgreSQL outside.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// A transaction that may write. SQLite: `BEGIN IMMEDIATE`.
    async fn begin(&self) -> Result<Box<dyn Work>, StoreError>;
    /// A consistent look that never waits for a writer. Saving it is not needed.
    async fn read(&self) -> Result<Box<dyn Work>, StoreError>;
    /// Brings the schema up to date. Safe to run from several replicas at once.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// How many migrations the database lacks. Changes nothing.
    async fn pending(&self) -> Result<usize, StoreError>;
    /// The key that ties the entries of both trails. Until it is given, nothing can be written there.
    fn give_chain_key(&self, key: ChainKey);
    /// What has changed since copies were made, here and at other processes; from the first time on, those are listened to.
    fn follow(&self) -> Arc<Changes>;
    /// Whether the database answers (readiness).
    async fn ping(&self) -> Result<(), StoreError>;
}

/// One transaction. After an insert's `Conflict`, or `BadCursor`, it goes on; after any other error it is good only for
/// dropping.
#[async_trait]
pub trait Work: Send {
    fn users(&mut self) -> &mut dyn Users;
    fn invitations(&mut self) -> &mut dyn Invitations;
    fn teams(&mut self) -> &mut dyn Teams;
    fn virtual_accounts(&mut self) -> &mut dyn VirtualAccounts;
    fn external_identities(&mut self) -> &mut dyn ExternalIdentities;
    fn user_identities(&mut self) -> &mut dyn UserIdentities;
    fn servers(&mut self) -> &mut dyn Servers;
    fn grants(&mut self) -> &mut dyn Grants;
    fn overrides(&mut self) -> &mut dyn Overrides;
    fn renewals(&mut self) -> &mut dyn Renewals;
    fn consents(&mut self) -> &mut dyn Consents;
    fn tokens(&mut self) -> &mut dyn Tokens;
    fn login_clients(&mut self) -> &mut dyn LoginClients;
    fn logins(&mut self) -> &mut dyn Logins;
    fn sessions(&mut self) -> &mut dyn Sessions;
    fn audit(&mut self) -> &mut dyn Audit;
    fn calls(&mut self) -> &mut dyn Calls;
    fn trails(&mut self) -> &mut dyn Trails;
    fn settings(&mut self) -> &mut dyn Settings;
    fn sealed_values(&mut self) -> &mut dyn SealedValues;
    fn revocations(&mut self) -> &mut dyn Revocations;
    fn notices(&mut self) -> &mut dyn Notices;
    /// Appends what was put into the audit trail, and commits.
    async fn save(self: Box<Self>) -> Result<(), StoreError>;
}

#[async_trait]
pub trait Users: Send {
    /// `StoreError::Conflict` when the e-mail address is taken. Addresses are stored in lower case.
    async fn insert(&mut self, user: &UserRow) -> Result<(), StoreError>;
    /// Replaces name, password hash, role and disabled state.
    async fn update(&mut self, user: &UserRow) -> Result<bool, StoreError>;
    async fn find(&mut self, id: &UserId) -> Result<Option<UserRow>, StoreError>;
    async fn find_by_email(&mut self, email: &str) -> Result<Option<UserRow>, StoreError>;
    /// Ordered by e-mail address; `search` matches name or address, anywhere, without case.
    async fn list(&mut self, query: &PageQuery) -> Result<Page<UserRow>, StoreError>;
    async fn count(&mut self) -> Result<i64, StoreError>;
    /// The admins who are not disabled, locked until the work ends: whoever takes one of them away starts here, so that no two do
    /// it at once.
    async fn lock_acting_admins(&mut self) -> Result<Vec<UserId>, StoreError>;
    /// Their overrides, tokens, grants, sessions, invitation and places in teams go with them (D09).
    async fn delete(&mut self, id: &UserId) -> Result<bool, StoreError>;
}

#[async_trait]
pub trait Invitations: Send {
    /// In place of the one that the person had.
    async fn put(&mut self, invitation: &InvitationRow) -> Result<(), StoreError>;
    /// By the SHA-256 of the link's token.
    async fn find(&mut self, hash: &[u8]) -> Result<Option<InvitationRow>, StoreError>;
    /// The same, and it is gone: of two that ask at once only one gets it.
    async fn take(&mut self, hash: &[u8]) -> Result<Option<InvitationRow>, StoreError>;
    async fn remove(&mut self, user: &UserId) -> Result<bool, StoreError>;
}

#[async_trait]
pub trait Teams: Send {
    /// `StoreError::Conflict` when the name is taken.
    async fn insert(&mut self, team: &TeamRow) -> Result<(), StoreError>;
    /// Replaces name and description. `StoreError::Conflict` when the name is taken; the work is good only for dropping then.
    async fn update(&mut self, team: &TeamRow) -> Result<bool, StoreError>;
    /// By id or name.
    async fn find(&mut self, name: &str) -> Result<Option<TeamRow>, StoreError>;
    /// Ordered by name; `search` matches name or description.
    async fn list(&mut self, query: &PageQuery) -> Result<Page<TeamRow>, StoreError>;
    /// Those that a person is in, by name.
    async fn of_user(&mut self, user: &UserId) -> Result<Vec<TeamRow>, StoreError>;
    /// Its members' places and its grants go with it.
    async fn delete(&mut self, id: &TeamId) -> Result<bool, StoreError>;
    /// True when they are new in it.
    async fn add_member(&mut self, team: &TeamId, user: &UserId, at: Timestamp) -> Result<bool, StoreError>;
    async fn remove_member(&mut self, team: &TeamId, user: &UserId) -> Result<bool, StoreError>;
    /// Ordered by e-mail address.
    async fn members(&mut self, team: &TeamId, query: &PageQuery) -> Result<Page<MemberRow>, StoreError>;
    /// Its role on each server where it has one, by name.
    async fn servers(&mut self, team: &TeamId) -> Result<Vec<(ServerName, ServerRole)>, StoreError>;
}

#[async_trait]
pub trait VirtualAccounts: Send {
    /// `StoreError::Conflict` when the name is taken.
    async fn insert(&mut self, account: &VirtualAccountRow) -> Result<(), StoreError>;
    async fn find(&mut self, id: &VirtualAccountId) -> Result<Option<VirtualAccountRow>, StoreError>;
    /// Replaces description and owner.
    async fn update(&mut self, account: &VirtualAccountRow) -> Result<bool, StoreError>;
    /// Ordered by name. `owner`: only theirs; `None`: all.
    async fn list(&mut self, query: &PageQuery, owner: Option<&UserId>) -> Result<Page<VirtualAccountRow>, StoreError>;
    /// Its overrides, tokens and grants go with it (D09).
    async fn delete(&mut self, id: &VirtualAccountId) -> Result<bool, StoreError>;
}

#[async_trait]
pub trait ExternalIdentities: Send {
    /// `StoreError::Conflict` when the issuer and subject are there already.
    async fn insert(&mut self, row: &ExternalIdentityRow) -> Result<(), StoreError>;
    async fn find(&mut self, id: &ExternalIdentityId) -> Result<Option<ExternalIdentityRow>, StoreError>;
    async fn find_by_subject(&mut self, issuer: &str, subject: &str)
    -> Result<Option<ExternalIdentityRow>, StoreError>;
    /// Replaces the name.
    async fn rename(&mut self, row: &ExternalIdentityRow) -> Result<bool, StoreError>;
    /// Ordered by name; `search` matches name, issuer, subject or id.
    async fn list(&mut self, query: &PageQuery) -> Result<Page<ExternalIdentityRow>, StoreError>;
    /// Its overrides and grants go with it (D09).
    async fn delete(&mut self, id: &ExternalIdentityId) -> Result<bool, StoreError>;
}

/// Who people are at identity providers, and which sign-ons there have been answered.
#[async_trait]
pub trait UserIdentities: Send {
    /// `StoreError::Conflict` when the issuer and subject stand for somebody, or the person is linked with this issuer.
    async fn link(&mut self, row: &UserIdentityRow) -> Result<(), StoreError>;
    async fn find(&mut self, issuer: &str, subject: &str) -> Result<Option<UserIdentityRow>, StoreError>;
    async fn of_user(&mut self, user: &UserId) -> Result<Vec<UserIdentityRow>, StoreError>;
    /// True the first time, false ever after.
    async fn use_sign_on(&mut self, state_hash: &[u8], expires_at: Timestamp) -> Result<bool, StoreError>;
    async fn forget_sign_ons(&mut self, now: Timestamp) -> Result<u64, StoreError>;
}

#[async_trait]
pub trait Servers: Send {
    /// `StoreError::Conflict` when the name is taken.
    async fn insert(&mut self, server: &ServerRow) -> Result<(), StoreError>;
    async fn find(&mut self, name: &str) -> Result<Option<ServerRow>, StoreError>;
    async fn find_by_id(&mut self, id: &ServerId) -> Result<Option<ServerRow>, StoreError>;
    /// Locks the server's row until the work ends and raises its revision by one: every change of a server, of its access or of
    /// its overrides starts here, so that they are serialised per server. `None` when there is none. The row comes back as it is
    /// after the raise.
    async fn lock(&mut self, name: &str) -> Result<Option<ServerRow>, StoreError>;
    /// The server's row, which stays as it is until the work ends, but is not changed by this one: what is written down then holds
    /// for the server as it was found.
    async fn hold(&mut self, id: &ServerId) -> Result<Option<ServerRow>, StoreError>;
    /// Replaces everything but id, created_by, created_at and revision.
    async fn update(&mut self, server: &ServerRow) -> Result<bool, StoreError>;
    /// Ordered by name. `visible_to`: only servers this subject has a grant on (of its own, through a team or through everyone);
    /// `None`: all.
    async fn list(&mut self, query: &PageQuery, visible_to: Option<&SubjectRef>)
    -> Result<Page<ServerRow>, StoreError>;
    /// Its overrides and grants go with it (D09).
    async fn delete(&mut self, id: &ServerId) -> Result<bool, StoreError>;
}

#[async_trait]
pub trait Grants: Send {
    /// True when the grant is new, false when it replaced another role.
    async fn put(&mut self, grant: &Grant) -> Result<bool, StoreError>;
    async fn remove(&mut self, server: &ServerId, grantee: &Grantee) -> Result<bool, StoreError>;
    /// Ordered by grantee type and id, with the grantee's name (and e-mail address for users).
    async fn list(&mut self, server: &ServerId) -> Result<Vec<Grant>, StoreError>;
    /// Every role that reaches a subject on a server: its own grant, its teams' and everyone's. What every call asks: one query.
    async fn roles(&mut self, server: &ServerId, subject: &SubjectRef) -> Result<Vec<ServerRole>, StoreError>;
    /// The same for all servers at once, for lists: (server, role), the strongest only.
    async fn roles_everywhere(&mut self, subject: &SubjectRef) -> Result<Vec<(ServerId, ServerRole)>, StoreError>;
    async fn everyone(&mut self, server: &ServerId) -> Result<bool, StoreError>;
    /// Which of these subjects have a role on a server: by a grant of their own, a team's or everyone's, or as an admin.
    async fn reached(&mut self, server: &ServerId, subjects: &[SubjectRef]) -> Result<Vec<SubjectRef>, StoreError>;
    /// Whoever has a role on a server (admins have one everywhere), by name, with each grant that reaches them.
    async fn reach(&mut self, server: &ServerId, query: &PageQuery) -> Result<Page<ReachRow>, StoreError>;
    /// The servers that grants to a subject reach, by name, with each of those grants.
    async fn reach_of(&mut self, subject: &SubjectRef) -> Result<Vec<(ServerName, Vec<Given>)>, StoreError>;
}

#[async_trait]
pub trait Overrides: Send {
    /// `StoreError::Conflict` when the (server, subject, kind) has one (D02).
    async fn insert(&mut self, row: &OverrideRow) -> Result<(), StoreError>;
    /// Replaces the sealed values, masks, condition, fields, origin, updated_*, expiry, last verification and version of the row with
    /// this id.
    async fn update(&mut self, row: &OverrideRow) -> Result<bool, StoreError>;
    async fn find(&mut self, id: &OverrideId) -> Result<Option<OverrideRow>, StoreError>;
    async fn find_for(
        &mut self,
        server: &ServerId,
        subject: &SubjectRef,
        kind: Kind,
    ) -> Result<Option<OverrideRow>, StoreError>;
    /// Both kinds of one subject on one server: what a call needs.
    async fn of_subject(&mut self, server: &ServerId, subject: &SubjectRef) -> Result<Vec<OverrideRow>, StoreError>;
    /// All of one subject's, on every server.
    async fn everywhere(&mut self, subject: &SubjectRef) -> Result<Vec<OverrideRow>, StoreError>;
    /// All of one server's, sealed: for a change of its settings.
    async fn of_server(&mut self, server: &ServerId) -> Result<Vec<OverrideRow>, StoreError>;
    /// One page of the tab: keyset, at 100,000 rows as quick as at ten.
    async fn page(&mut self, query: &OverrideQuery) -> Result<OverridePage, StoreError>;
    /// Every standing that an override of the server has.
    async fn standings(&mut self, server: &ServerId) -> Result<Vec<Standing>, StoreError>;
    async fn delete(&mut self, id: &OverrideId) -> Result<bool, StoreError>;
    async fn delete_of_server(&mut self, server: &ServerId) -> Result<u64, StoreError>;
    /// Batched, off the calls' path: last used, and whether the upstream took or rejected it. A row whose `version` has moved on
    /// is left alone. Those that were good and were rejected now.
    async fn record_uses(&mut self, uses: &[OverrideUse]) -> Result<Vec<OverrideId>, StoreError>;
    /// What trying it said: taken, and when, or rejected. False when this version is not there any more.
    async fn record_verdict(
        &mut self,
        id: &OverrideId,
        version: i64,
        taken: bool,
        at: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Users, virtual accounts and external identities whose name, address, issuer or id matches, at most `limit`: whom a manager may add an override for.
    async fn search_subjects(&mut self, search: &str, limit: u32) -> Result<Vec<SubjectHit>, StoreError>;
}

/// Renewing an oauth override's tokens: one at a time, over all replicas. Each takes the version that was seen, and does nothing to
/// a row that has moved on: then somebody else renewed, replaced or deleted it.
#[async_trait]
pub trait Renewals: Send {
    /// True for one caller until `until`, or until one of the others below.
    async fn claim(
        &mut self,
        id: &OverrideId,
        version: i64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// The new tokens, as the next version. Leaves the condition alone: a change of the server meanwhile has the last word.
    async fn renewed(
        &mut self,
        id: &OverrideId,
        version: i64,
        sealed: &Sealed,
        consent: &Consent,
    ) -> Result<bool, StoreError>;
    /// Nothing came of it; the next caller may try.
    async fn release(&mut self, id: &OverrideId, version: i64) -> Result<(), StoreError>;
    /// The provider or the upstream takes the tokens no more: the subject has to consent again.
    async fn invalidate(&mut self, id: &OverrideId, version: i64) -> Result<bool, StoreError>;
    /// Scopes a call lacked, for the next consent; `wanted` is stored as it is.
    async fn want_scopes(&mut self, id: &OverrideId, wanted: &str) -> Result<(), StoreError>;
    async fn wanted_scopes(&mut self, id: &OverrideId) -> Result<Option<String>, StoreError>;
}

#[async_trait]
pub trait Consents: Send {
    async fn begin(&mut self, pending: &PendingConsent) -> Result<(), StoreError>;
    /// Takes it away: a state is good once, whatever comes of it.
    async fn take(&mut self, state_hash: &[u8]) -> Result<Option<PendingConsent>, StoreError>;
    async fn delete_expired(&mut self, now: Timestamp) -> Result<u64, StoreError>;
    async fn client(&mut self, server: &ServerId, issuer: &str) -> Result<Option<OAuthClientRow>, StoreError>;
    /// True when it is ours that counts now; false when another replica registered one meanwhile: then that one counts.
    async fn add_client(&mut self, client: &OAuthClientRow) -> Result<bool, StoreError>;
    async fn forget_client(&mut self, server: &ServerId, issuer: &str) -> Result<(), StoreError>;
}

#[async_trait]
pub trait Tokens: Send {
    async fn insert(&mut self, token: &TokenRow) -> Result<(), StoreError>;
    /// By the SHA-256 of the whole token.
    async fn find_by_hash(&mut self, hash: &[u8]) -> Result<Option<TokenRow>, StoreError>;
    /// Newest first.
    async fn list(&mut self, owner: &SubjectRef) -> Result<Vec<TokenRow>, StoreError>;
    async fn find(&mut self, id: &TokenId, owner: &SubjectRef) -> Result<Option<TokenRow>, StoreError>;
    /// Another one takes its place: it ends at `ends_at`. False when it is not there, or was replaced before.
    async fn replace(
        &mut self,
        id: &TokenId,
        owner: &SubjectRef,
        at: Timestamp,
        ends_at: Timestamp,
    ) -> Result<bool, StoreError>;
    async fn delete(&mut self, id: &TokenId, owner: &SubjectRef) -> Result<bool, StoreError>;
    /// Batched, off the calls' path. The id of what a person allowed an MCP client stands for its tokens.
    async fn record_uses(&mut self, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError>;
}

/// MCP clients that registered themselves (B10).
#[async_trait]
pub trait LoginClients: Send {
    async fn insert(&mut self, row: &LoginClientRow) -> Result<(), StoreError>;
    async fn find(&mut self, id: &str) -> Result<Option<LoginClientRow>, StoreError>;
    async fn count(&mut self) -> Result<i64, StoreError>;
    /// Somebody allowed it something.
    async fn touch(&mut self, id: &str, at: Timestamp) -> Result<(), StoreError>;
    /// Takes away so many of those that nobody has allowed anything, the longest unused first.
    async fn evict(&mut self, number: i64) -> Result<u64, StoreError>;
    /// The same, of all that were last used then or before.
    async fn delete_idle(&mut self, since: Timestamp) -> Result<u64, StoreError>;
}

/// What people allowed MCP clients. Codes and tokens are known by their SHA-256.
#[async_trait]
pub trait Logins: Send {
    async fn add_code(&mut self, row: &LoginCodeRow) -> Result<(), StoreError>;
    async fn knows_code(&mut self, hash: &[u8]) -> Result<bool, StoreError>;
    /// And it is gone: of two that ask at once only one gets it.
    async fn take_code(&mut self, hash: &[u8]) -> Result<Option<LoginCodeRow>, StoreError>;
    async fn add_grant(&mut self, row: &LoginGrantRow) -> Result<(), StoreError>;
    async fn find_grant(&mut self, id: &str) -> Result<Option<LoginGrantRow>, StoreError>;
    /// What a used code became.
    async fn grant_of_code(&mut self, hash: &[u8]) -> Result<Option<LoginGrantRow>, StoreError>;
    /// A person's that have not ended, newest first.
    async fn list_grants(&mut self, user: &UserId, now: Timestamp) -> Result<Vec<LoginGrantRow>, StoreError>;
    async fn prolong_grant(&mut self, id: &str, until: Timestamp) -> Result<(), StoreError>;
    /// Its tokens go with it.
    async fn delete_grant(&mut self, id: &str) -> Result<bool, StoreError>;
    async fn add_token(&mut self, row: &LoginTokenRow) -> Result<(), StoreError>;
    async fn find_token(&mut self, hash: &[u8]) -> Result<Option<FoundLoginToken>, StoreError>;
    /// True for one caller, once.
    async fn use_refresh(&mut self, hash: &[u8], at: Timestamp) -> Result<bool, StoreError>;
    async fn delete_expired(&mut self, now: Timestamp) -> Result<u64, StoreError>;
}

#[async_trait]
pub trait Sessions: Send {
    /// True when it was inserted; false when the id was taken.
    async fn insert(&mut self, session: &SessionRow) -> Result<bool, StoreError>;
    /// Inserts or replaces.
    async fn put(&mut self, session: &SessionRow) -> Result<(), StoreError>;
    /// Only one that has not expired at `now`.
    async fn find(&mut self, id_hash: &[u8], now: Timestamp) -> Result<Option<SessionRow>, StoreError>;
    async fn delete(&mut self, id_hash: &[u8]) -> Result<(), StoreError>;
    async fn delete_of_user(&mut self, user: &UserId) -> Result<(), StoreError>;
    async fn delete_expired(&mut self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Single values the program keeps for itself: the key check, the installation's id.
#[async_trait]
pub trait Settings: Send {
    async fn get(&mut self, name: &str) -> Result<Option<String>, StoreError>;
    /// True when it was set; false when it was there already (the stored value stays).
    async fn set_if_absent(&mut self, name: &str, value: &str) -> Result<bool, StoreError>;
    /// False when it is not `old` any more (the stored value stays).
    async fn replace(&mut self, name: &str, old: &str, new: &str) -> Result<bool, StoreError>;
}

/// All sealed values but those among the settings, for a rotation of the master key. What is written here changes nothing that
/// copies are made of: no version, no revision, no place is touched.
#[async_trait]
pub trait SealedValues: Send {
    /// How many of a kind each key wraps; `None`: they are damaged so far that no key is named.
    async fn keys(&mut self, kind: SealedKind) -> Result<Vec<(Option<u32>, u64)>, StoreError>;
    /// Some that another key wraps than `key`, in the order of their places, from the one beyond `beyond` on. They are locked until
    /// the work ends; what others have locked is passed over, so that nobody waits here for anybody.
    async fn lock_next(
        &mut self,
        kind: SealedKind,
        key: u32,
        beyond: Option<&SealedPlace>,
    ) -> Result<Vec<SealedRow>, StoreError>;
    /// False when it is not `row`'s value any more (the stored one stays).
    async fn replace(&mut self, row: &SealedRow, new: &Sealed) -> Result<bool, StoreError>;
}

/// What open streams look for: whatever takes a right away leaves a mark, in the same transaction. The stores do so by themselves:
/// where a token, a person, a virtual account, a server, a grant, a team or a place in one goes or changes.
#[async_trait]
pub trait Revocations: Send {
    /// The marks of the last `seconds`; they are texts that do not repeat.
    async fn since(&mut self, seconds: i64) -> Result<Vec<String>, StoreError>;
    /// Those that are older.
    async fn forget_before(&mut self, seconds: i64) -> Result<u64, StoreError>;
}

/// The outbox of notifications.
#[async_trait]
pub trait Notices: Send {
    /// False when the same was told by this channel before.
    async fn put(&mut self, row: &NoticeRow) -> Result<bool, StoreError>;
    async fn is_due(&mut self, now: Timestamp) -> Result<bool, StoreError>;
    /// Takes one up that is due: of all who ask one gets it, and nobody else does before `until`.
    async fn claim(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<NoticeRow>, StoreError>;
    /// Writes state, next turn, end and problem. False when somebody else took it up since.
    async fn settle(&mut self, row: &NoticeRow) -> Result<bool, StoreError>;
    /// Newest first.
    async fn latest(&mut self, limit: u32) -> Result<Vec<NoticeRow>, StoreError>;
    async fn count(&mut self, state: NoticeState) -> Result<i64, StoreError>;
    /// Those that were over before then.
    async fn forget_before(&mut self, at: Timestamp) -> Result<u64, StoreError>;
    /// Overrides whose end is at this step, by id, from the one beyond `beyond` on.
    async fn ending(
        &mut self,
        step: Step,
        now: Timestamp,
        beyond: &str,
        limit: u32,
    ) -> Result<Vec<OverrideRow>, StoreError>;
}
