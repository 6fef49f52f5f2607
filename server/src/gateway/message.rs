//! A request as the phases see it, and as much of its JSON-RPC as an error answer needs.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method};
use bytes::BytesMut;
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::GatewayConfig;
use super::error::GatewayError;
use super::limits::Admission;

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

/// Reads a body whole and soon; E4: one byte over the limit is too much, with and without Content-Length.
pub async fn read(body: Body, config: &GatewayConfig, admission: &mut Admission) -> Result<Bytes, GatewayError> {
    let reading = read_all(body, config.body_limit, admission);
    let read = tokio::time::timeout(config.body_timeout, reading).await;
    read.map_err(|_| GatewayError::TooSlow)?
}

/// It counts as it comes.
async fn read_all(body: Body, limit: usize, admission: &mut Admission) -> Result<Bytes, GatewayError> {
    let mut body = Limited::new(body, limit);
    let first = piece(&mut body, limit).await?.unwrap_or_default();
    admission.hold_body(first.len())?;
    if body.is_end_stream() {
        return Ok(first);
    }
    // Copied: a short piece may keep a long buffer.
    let mut read = BytesMut::from(first.as_ref());
    drop(first);
    while let Some(piece) = piece(&mut body, limit).await? {
        admission.hold_body(read.len() + piece.len())?;
        read.extend_from_slice(&piece);
    }
    Ok(read.freeze())
}

async fn piece(body: &mut Limited<Body>, limit: usize) -> Result<Option<Bytes>, GatewayError> {
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => return Ok(Some(data)),
            // Trailers.
            Ok(Err(_)) => {}
            Err(error) if error.is::<LengthLimitError>() => return Err(GatewayError::TooLarge(limit)),
            Err(_) => return Err(GatewayError::BadRequest("The request's body could not be read.")),
        }
    }
    Ok(None)
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
