//! MCP as a client speaks it, in both eras, as far as our own questions need it: what a server offers (the Tools tab), and whether
//! it takes a credential (B04). Who carries the messages is handed in: the gateway, or the way out itself.

mod answer;
mod client;
pub mod try_out;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::Value;

pub use client::{Client, Session};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub type Received = Response<UnsyncBoxBody<Bytes, BoxError>>;

/// Carries one message to one server.
#[async_trait]
pub trait Transport: Send + Sync {
    async fn send(&self, method: Method, headers: HeaderMap, body: Bytes) -> Result<Received, Silence>;
}

/// Nothing came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    Unreachable,
    TimedOut,
}

/// What came instead of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    Silent(Silence),
    /// An HTTP status, and no JSON-RPC message.
    Status(StatusCode),
    /// A JSON-RPC error (its `error` member), on this HTTP status.
    Error(StatusCode, Value),
}

impl Failure {
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Silent(_) => None,
            Self::Status(status) | Self::Error(status, _) => Some(*status),
        }
    }

    /// 4xx that is not about who asks: what we sent is not what it wants.
    pub fn is_clients_fault(&self) -> bool {
        let waits = self.status() == Some(StatusCode::TOO_MANY_REQUESTS);
        self.status().is_some_and(|status| status.is_client_error()) && !self.refuses() && !waits
    }

    /// 401 or 403: whatever era was spoken, it is about the credential.
    pub fn refuses(&self) -> bool {
        matches!(self.status(), Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN))
    }
}
