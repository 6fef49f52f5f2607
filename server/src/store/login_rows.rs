//! What is kept of MCP clients' sign-ins (B10). Codes and tokens are hashes here.

use domain::id::{ServerId, UserId};
use domain::login::client::Client;
use domain::login::redirect::RedirectUri;
use domain::server::ServerName;
use domain::timestamp::Timestamp;

/// A client that registered itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginClientRow {
    pub id: String,
    pub client: Client,
    pub created_at: Timestamp,
    pub used_at: Timestamp,
}

/// Which client, and what people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginApp {
    pub client_id: String,
    pub name: String,
    /// Where it has people sent back to.
    pub place: String,
}

/// A code that was not used yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginCodeRow {
    pub hash: Vec<u8>,
    pub user: UserId,
    pub server: ServerId,
    pub app: LoginApp,
    pub redirect_uri: RedirectUri,
    pub challenge: String,
    pub refreshes: bool,
    pub expires_at: Timestamp,
}

/// What a person allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginGrantRow {
    pub id: String,
    pub user: UserId,
    pub server: ServerId,
    /// Joined; empty on the way in.
    pub server_name: String,
    pub app: LoginApp,
    pub code_hash: Vec<u8>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub expires_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginTokenKind {
    Access,
    Refresh,
}

impl LoginTokenKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Access, Self::Refresh]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginTokenRow {
    pub hash: Vec<u8>,
    pub grant: String,
    pub kind: LoginTokenKind,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
}

/// A token with what it was issued for: all that a call asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLoginToken {
    pub token: LoginTokenRow,
    pub user: UserId,
    pub server: ServerId,
    pub server_name: ServerName,
    pub client_id: String,
}
