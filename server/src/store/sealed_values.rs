//! Every sealed value with the place that it is bound to: what a rotation of the master key goes through.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::{OverrideId, ServerId};
use domain::overrides::Kind;
use domain::server::{Origin, ServerUrl};

use super::work::{Dialect, Tx, for_both, known, subject};
use super::{Consent, SealedValues, StoreError};
use crate::seal::Sealed;

/// So many in one transaction: few enough that nobody notices the locks.
const MANY: i64 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedKind {
    Server,
    Override,
    OAuthClient,
    Consent,
}

impl SealedKind {
    pub const ALL: [Self; 4] = [Self::Server, Self::Override, Self::OAuthClient, Self::Consent];

    const fn table(self) -> &'static str {
        match self {
            Self::Server => "servers",
            Self::Override => "overrides",
            Self::OAuthClient => "oauth_clients",
            Self::Consent => "consents",
        }
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Server => "secrets",
            Self::Override | Self::OAuthClient | Self::Consent => "sealed",
        }
    }

    /// The columns of a record: its place, and what else the value is bound to.
    const fn selected(self) -> &'static str {
        match self {
            Self::Server => "id, '' AS part, id AS server, url AS origin",
            Self::Override => "id, '' AS part, server_id AS server, origin, subject_type, subject_id, kind, consent",
            Self::OAuthClient => "server_id AS id, issuer AS part, server_id AS server",
            Self::Consent => "state_hash, server_id AS server",
        }
    }
}

/// Which value it is, and what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedPlace {
    Server {
        id: ServerId,
        origin: Origin,
    },
    Override {
        id: OverrideId,
        server: ServerId,
        subject: SubjectRef,
        kind: Kind,
        origin: Origin,
        /// Of tokens.
        issuer: Option<String>,
    },
    OAuthClient {
        server: ServerId,
        issuer: String,
    },
    Consent {
        state_hash: Vec<u8>,
        server: ServerId,
    },
}

impl SealedPlace {
    pub const fn kind(&self) -> SealedKind {
        match self {
            Self::Server { .. } => SealedKind::Server,
            Self::Override { .. } => SealedKind::Override,
            Self::OAuthClient { .. } => SealedKind::OAuthClient,
            Self::Consent { .. } => SealedKind::Consent,
        }
    }

    /// The primary key, in two texts or as bytes.
    fn key(&self) -> (&str, &str, &[u8]) {
        match self {
            Self::Server { id, .. } => (id.as_str(), "", &[]),
            Self::Override { id, .. } => (id.as_str(), "", &[]),
            Self::OAuthClient { server, issuer } => (server.as_str(), issuer, &[]),
            Self::Consent { state_hash, .. } => ("", "", state_hash),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRow {
    pub place: SealedPlace,
    pub sealed: Sealed,
}

/// Columns that a kind does not have stay as they are by default.
#[derive(Default, sqlx::FromRow)]
#[sqlx(default)]
struct Record {
    id: String,
    part: String,
    state_hash: Vec<u8>,
    server: String,
    origin: String,
    subject_type: String,
    subject_id: String,
    kind: String,
    consent: Option<String>,
    sealed_value: Vec<u8>,
}

impl Record {
    fn row(self, kind: SealedKind) -> Result<SealedRow, StoreError> {
        let server = ServerId::new(self.server);
        let place = match kind {
            SealedKind::Server => SealedPlace::Server {
                id: server,
                origin: known(ServerUrl::parse(&self.origin).ok(), "url")?.origin(),
            },
            SealedKind::Override => SealedPlace::Override {
                id: OverrideId::new(self.id),
                server,
                subject: subject(&self.subject_type, self.subject_id)?,
                kind: known(Kind::parse(&self.kind), "kind")?,
                origin: Origin::stored(self.origin),
                issuer: issuer(self.consent)?,
            },
            SealedKind::OAuthClient => SealedPlace::OAuthClient {
                server,
                issuer: self.part,
            },
            SealedKind::Consent => SealedPlace::Consent {
                state_hash: self.state_hash,
                server,
            },
        };
        Ok(SealedRow {
            place,
            sealed: Sealed::from_bytes(self.sealed_value),
        })
    }
}

fn issuer(consent: Option<String>) -> Result<Option<String>, StoreError> {
    let parse = |json: String| known(serde_json::from_str::<Consent>(&json).ok(), "consent");
    Ok(consent.map(parse).transpose()?.map(|consent| consent.issuer))
}

/// Which row it is; `$1`, `$2` and `$3` are the parts of a key.
const fn is(kind: SealedKind) -> &'static str {
    match kind {
        SealedKind::Server | SealedKind::Override => "id = $1 AND $2 = '' AND $3 = $3",
        SealedKind::OAuthClient => "server_id = $1 AND issuer = $2 AND $3 = $3",
        SealedKind::Consent => "$1 = '' AND $2 = '' AND state_hash = $3",
    }
}

/// The rows beyond one, and their order.
const fn beyond(kind: SealedKind) -> (&'static str, &'static str) {
    match kind {
        SealedKind::Server | SealedKind::Override => ("id > $1 AND $2 = '' AND $3 = $3", "id"),
        SealedKind::OAuthClient => ("(server_id, issuer) > ($1, $2) AND $3 = $3", "server_id, issuer"),
        SealedKind::Consent => ("$1 = '' AND $2 = '' AND state_hash > $3", "state_hash"),
    }
}

/// The id of the master key stands in a sealed value's bytes 2 to 5 (`seal`).
fn counting(kind: SealedKind) -> String {
    let (table, column) = (kind.table(), kind.column());
    format!(
        "SELECT substr({column}, 2, 4) AS master, COUNT(*) AS number FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
    )
}

fn finding(kind: SealedKind) -> String {
    let (table, column, selected) = (kind.table(), kind.column(), kind.selected());
    let (beyond, order) = beyond(kind);
    format!(
        "SELECT {selected}, {column} AS sealed_value FROM {table} WHERE {beyond} AND {column} IS NOT NULL
        AND substr({column}, 2, 4) <> $4 ORDER BY {order} LIMIT $5"
    )
}

fn replacing(kind: SealedKind) -> String {
    let (table, column, is) = (kind.table(), kind.column(), is(kind));
    format!("UPDATE {table} SET {column} = $5 WHERE {is} AND {column} = $4")
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl SealedValues for Tx<$db> {
            async fn keys(&mut self, kind: SealedKind) -> Result<Vec<(Option<u32>, u64)>, StoreError> {
                let counting = counting(kind);
                let counted: Vec<(Vec<u8>, i64)> = sqlx::query_as(&counting).fetch_all(&mut *self.tx).await?;
                let id = |bytes: Vec<u8>| bytes.try_into().ok().map(u32::from_be_bytes);
                let number = |number: i64| u64::try_from(number).unwrap_or_default();
                Ok(counted
                    .into_iter()
                    .map(|(bytes, rows)| (id(bytes), number(rows)))
                    .collect())
            }

            async fn lock_next(
                &mut self,
                kind: SealedKind,
                key: u32,
                beyond: Option<&SealedPlace>,
            ) -> Result<Vec<SealedRow>, StoreError> {
                let finding = format!("{}{}", finding(kind), Self::SKIP_LOCKED);
                let key = key.to_be_bytes();
                let (text, part, bytes) = beyond.map_or(("", "", &[][..]), SealedPlace::key);
                let found = sqlx::query_as::<_, Record>(&finding)
                    .bind(text)
                    .bind(part)
                    .bind(bytes)
                    .bind(&key[..])
                    .bind(MANY);
                let found = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(|record| record.row(kind)).collect()
            }

            async fn replace(&mut self, row: &SealedRow, new: &Sealed) -> Result<bool, StoreError> {
                let replacing = replacing(row.place.kind());
                let (text, part, bytes) = row.place.key();
                let replaced = sqlx::query(&replacing)
                    .bind(text)
                    .bind(part)
                    .bind(bytes)
                    .bind(row.sealed.as_bytes())
                    .bind(new.as_bytes());
                Ok(replaced.execute(&mut *self.tx).await?.rows_affected() == 1)
            }
        }
    };
}
for_both!(stamp);
