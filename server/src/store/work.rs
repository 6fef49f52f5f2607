//! One transaction on either database. Each entity's file writes its statements once and stamps them for both.

use std::sync::Arc;

use sqlx::{Database, Postgres, Sqlite, Transaction};

use super::changes::{Changes, Place, Touched};
use super::trail::SharedKey;
use super::{AuditRow, StoreError};

/// A transaction; dropping it rolls back.
pub(super) struct Tx<DB: Database> {
    pub(super) tx: Transaction<'static, DB>,
    /// Entries of the audit trail that `save` will append.
    pub(super) pending: Vec<AuditRow>,
    pub(super) chain: SharedKey,
    touched: Touched,
}

impl<DB: Database> Tx<DB> {
    pub(super) fn new(tx: Transaction<'static, DB>, chain: &SharedKey, changes: &Arc<Changes>) -> Self {
        Self {
            tx,
            pending: Vec::new(),
            chain: chain.clone(),
            touched: Touched::nothing(changes),
        }
    }

    /// Copies of what this place holds are no longer good once the work is saved.
    pub(super) fn touch(&mut self, place: Place) {
        self.touched.add(place);
    }
}

/// The versions of the migrations that ran to their end; sqlx keeps the table.
pub(super) const APPLIED: &str = "SELECT version FROM _sqlx_migrations WHERE success";

/// How many of ours are not among them.
pub(super) fn missing(ours: &sqlx::migrate::Migrator, applied: &[i64]) -> usize {
    ours.iter().filter(|one| !applied.contains(&one.version)).count()
}

/// What the two databases say differently.
pub(super) trait Dialect {
    /// Ends a SELECT whose rows must stay as they are until the work ends. SQLite has one writer at a time anyway.
    const FOR_SHARE: &'static str;
    /// The same for rows that this work is going to change.
    const FOR_UPDATE: &'static str;
    /// Tells other processes what this work has touched, when it is committed.
    const TELL: Option<&'static str>;
    /// The same for one row of several, of which those that others hold are passed over.
    const SKIP_LOCKED: &'static str;
    /// Has others wait until this work ends that want to write blocks of names.
    const LOCK_NAMES: Option<&'static str>;
    /// Begins an INSERT of many rows, which fails as a whole because its work does: SQLite would keep what it has to take back if only
    /// the statement failed.
    const INSERT_MANY: &'static str;
    /// The last two letters of a call's `actor_id`, with which the index of calls by actor begins.
    const ACTOR_END: &'static str;
    /// Has the rest of the work look for rows along indexes. PostgreSQL takes it for quicker to read all of a table, several times
    /// the size, where it expects that few rows fit.
    const ALONG_INDEXES: Option<&'static str>;
    /// The same, in the order that is asked for, whatever is guessed of sorting.
    const IN_ORDER: Option<&'static str>;
    /// Whether it can put all that a subquery finds into a table, to ask that for many rows, instead of looking up each. A table of
    /// 100,000 takes longer than some thousand look-ups.
    const TABLES: bool;
    /// Where a text stands in another one; 0: nowhere. Of this PostgreSQL expects to find much, and so goes in the order of the page
    /// until that is full; of a LIKE little, and so gathers and sorts.
    const PLACE_IN: &'static str;
}

impl Dialect for Tx<Sqlite> {
    const FOR_SHARE: &'static str = "";
    const FOR_UPDATE: &'static str = "";
    /// `follow` sees that the file has changed.
    const TELL: Option<&'static str> = None;
    const SKIP_LOCKED: &'static str = "";
    const LOCK_NAMES: Option<&'static str> = None;
    const INSERT_MANY: &'static str = "INSERT OR FAIL INTO ";
    const ACTOR_END: &'static str = "substr(actor_id, -2)";
    const ALONG_INDEXES: Option<&'static str> = None;
    const IN_ORDER: Option<&'static str> = None;
    const TABLES: bool = false;
    const PLACE_IN: &'static str = "instr";
}

impl Dialect for Tx<Postgres> {
    const FOR_SHARE: &'static str = " FOR SHARE";
    const FOR_UPDATE: &'static str = " FOR UPDATE";
    const TELL: Option<&'static str> = Some("SELECT pg_notify('overkey_changes', $1)");
    const SKIP_LOCKED: &'static str = " FOR UPDATE SKIP LOCKED";
    const LOCK_NAMES: Option<&'static str> = Some("SELECT pg_advisory_xact_lock(hashtext('override_name_blocks'))");
    const INSERT_MANY: &'static str = "INSERT INTO ";
    const ACTOR_END: &'static str = "right(actor_id, 2)";
    const ALONG_INDEXES: Option<&'static str> = Some(
        "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('jit', 'off', true)",
    );
    const IN_ORDER: Option<&'static str> = Some("SELECT set_config('enable_sort', 'off', true)");
    const TABLES: bool = true;
    const PLACE_IN: &'static str = "strpos";
}

/// Stamps an `impl` for both databases.
macro_rules! for_both {
    ($stamp:ident) => {
        $stamp!(sqlx::Sqlite);
        $stamp!(sqlx::Postgres);
    };
}
pub(super) use for_both;

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait::async_trait]
        impl super::Work for Tx<$db> {
            fn users(&mut self) -> &mut dyn super::Users {
                self
            }
            fn invitations(&mut self) -> &mut dyn super::Invitations {
                self
            }
            fn teams(&mut self) -> &mut dyn super::Teams {
                self
            }
            fn virtual_accounts(&mut self) -> &mut dyn super::VirtualAccounts {
                self
            }
            fn external_identities(&mut self) -> &mut dyn super::ExternalIdentities {
                self
            }
            fn user_identities(&mut self) -> &mut dyn super::UserIdentities {
                self
            }
            fn servers(&mut self) -> &mut dyn super::Servers {
                self
            }
            fn grants(&mut self) -> &mut dyn super::Grants {
                self
            }
            fn overrides(&mut self) -> &mut dyn super::Overrides {
                self
            }
            fn renewals(&mut self) -> &mut dyn super::Renewals {
                self
            }
            fn consents(&mut self) -> &mut dyn super::Consents {
                self
            }
            fn tokens(&mut self) -> &mut dyn super::Tokens {
                self
            }
            fn login_clients(&mut self) -> &mut dyn super::LoginClients {
                self
            }
            fn logins(&mut self) -> &mut dyn super::Logins {
                self
            }
            fn sessions(&mut self) -> &mut dyn super::Sessions {
                self
            }
            fn audit(&mut self) -> &mut dyn super::Audit {
                self
            }
            fn calls(&mut self) -> &mut dyn super::Calls {
                self
            }
            fn trails(&mut self) -> &mut dyn super::Trails {
                self
            }
            fn settings(&mut self) -> &mut dyn super::Settings {
                self
            }
            fn sealed_values(&mut self) -> &mut dyn super::SealedValues {
                self
            }
            fn revocations(&mut self) -> &mut dyn super::Revocations {
                self
            }
            fn notices(&mut self) -> &mut dyn super::Notices {
                self
            }
            async fn save(mut self: Box<Self>) -> Result<(), StoreError> {
                if !self.touched.is_empty() {
                    self.settle_names().await?;
                }
                if let Some(tell) = Self::TELL
                    && !self.touched.is_empty()
                {
                    let tell = sqlx::query(tell).bind(self.touched.told());
                    tell.execute(&mut *self.tx).await?;
                }
                self.append_changes().await?;
                let Self { tx, touched, .. } = *self;
                if touched.is_empty() {
                    return Ok(tx.commit().await?);
                }
                // A task of its own: who asked may go away meanwhile. A commit that failed may still have happened.
                let commit = tokio::spawn(async move {
                    let committed = tx.commit().await;
                    touched.tell();
                    committed
                });
                Ok(commit
                    .await
                    .map_err(|error| StoreError::Unavailable(error.to_string()))??)
            }
        }
    };
}
for_both!(stamp);

/// One row went in, or the unique name was taken: inserts say ON CONFLICT DO NOTHING, because a failed statement would end a
/// PostgreSQL transaction, and the caller may want to go on.
pub(super) fn inserted(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// What to look a row up by. PostgreSQL takes no NUL in text: such a text is nobody's, and neither is the empty one.
pub(super) fn key(text: &str) -> &str {
    if text.contains('\0') { "" } else { text }
}

/// A stored word that the program does not know: a newer program wrote it, or the database is damaged.
pub(super) fn known<T>(parsed: Option<T>, column: &str) -> Result<T, StoreError> {
    parsed.ok_or_else(|| StoreError::Broken(format!("column {column} holds an unknown value")))
}

/// A nullable pair of columns, as a subject.
pub(super) fn subject(kind: &str, id: String) -> Result<domain::actor::SubjectRef, StoreError> {
    let kind = known(domain::actor::SubjectKind::parse(kind), "subject_type")?;
    Ok(domain::actor::SubjectRef { kind, id })
}
