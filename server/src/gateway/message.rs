//! A request as the phases see it, and as much of its JSON-RPC as an error answer needs.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::GatewayError;

/// Which of MCP's HTTP transports a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// Streamable HTTP, 2025-03-26 and later.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05: the stream.
    SseStream,
    /// HTTP+SSE: a message to the endpoint that the stream named (sealed).
    SseMessage(String),
}

impl Transport {
    pub const fn methods(&self) -> &'static str {
        match self {
            Self::StreamableHttp => "GET, POST, DELETE, OPTIONS",
            Self::SseStream => "GET, OPTIONS",
            Self::SseMessage(_) => "POST, OPTIONS",
        }
    }

    /// D15.
    pub fn check_method(&self, method: &Method) -> Result<(), GatewayError> {
        let known = match self {
            Self::StreamableHttp => matches!(*method, Method::GET | Method::POST | Method::DELETE),
            Self::SseStream => *method == Method::GET,
            Self::SseMessage(_) => *method == Method::POST,
        };
        if known {
            Ok(())
        } else {
            Err(GatewayError::MethodNotAllowed(self.methods()))
        }
    }
}

pub struct Message {
    pub method: Method,
    /// Without what authenticated the caller.
    pub headers: HeaderMap,
    pub body: Bytes,
    pub transport: Transport,
}

/// Whom an error answers.
#[derive(Debug)]
pub enum Addressed {
    /// Requests, by id; `batch` tells a list of one from one (2025-03-26).
    Requests { ids: Vec<Box<RawValue>>, batch: bool },
    /// Notifications or responses only: nobody waits.
    Nobody,
    /// Not JSON-RPC.
    Unreadable,
}

impl Message {
    /// For errors that come before the body is read.
    pub fn unread(request: &Request) -> Self {
        Self {
            method: request.method().clone(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            transport: Transport::StreamableHttp,
        }
    }

    pub fn addressed(&self) -> Addressed {
        #[derive(Deserialize)]
        struct Envelope {
            id: Option<Box<RawValue>>,
            method: Option<serde::de::IgnoredAny>,
        }
        let one = |envelope: Envelope| envelope.method.and(envelope.id).filter(|id| id.get() != "null");
        let (ids, batch): (Vec<_>, bool) = if let Ok(envelope) = serde_json::from_slice::<Envelope>(&self.body) {
            (one(envelope).into_iter().collect(), false)
        } else if let Ok(envelopes) = serde_json::from_slice::<Vec<Envelope>>(&self.body) {
            (envelopes.into_iter().filter_map(one).collect(), true)
        } else {
            return Addressed::Unreadable;
        };
        if ids.is_empty() {
            Addressed::Nobody
        } else {
            Addressed::Requests { ids, batch }
        }
    }
}

/// Reads a body whole; E4: one byte over the limit is too much, with and without Content-Length.
pub async fn read(body: Body, limit: usize) -> Result<Bytes, GatewayError> {
    match Limited::new(body, limit).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(GatewayError::TooLarge(limit)),
        Err(_) => Err(GatewayError::BadRequest("The request's body could not be read.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addressed(body: &'static str) -> String {
        let message = Message {
            method: Method::POST,
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
            transport: Transport::StreamableHttp,
        };
        match message.addressed() {
            Addressed::Requests { ids, batch } => {
                format!(
                    "{} {batch}",
                    ids.iter().map(|id| id.get()).collect::<Vec<_>>().join(",")
                )
            }
            Addressed::Nobody => "nobody".into(),
            Addressed::Unreadable => "unreadable".into(),
        }
    }

    #[test]
    fn errors_answer_the_ids_as_they_were_written() {
        assert_eq!(addressed(r#"{"jsonrpc":"2.0","id":1e400,"method":"x"}"#), "1e400 false");
        assert_eq!(
            addressed(r#"{"id":"a\u0041","method":"x","params":{"id":9}}"#),
            r#""a\u0041" false"#
        );
        assert_eq!(
            addressed(r#"[{"id":1,"method":"x"},{"method":"n"},{"id":2,"method":"y"}]"#),
            "1,2 true"
        );
        assert_eq!(addressed(r#"{"method":"notifications/x"}"#), "nobody");
        assert_eq!(addressed(r#"{"id":1,"result":{}}"#), "nobody");
        assert_eq!(addressed("nonsense"), "unreadable");
    }
}
