//! The upstream of the soak: every answer, and every event of it, says which credential it was called with.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use futures_util::stream;

use crate::requests::{SESSION, small_answer};

/// Events of an answer that is streamed, all with the credential.
pub const EVENTS: usize = 5;
const BETWEEN_EVENTS: Duration = Duration::from_millis(2);
const SLOW: Duration = Duration::from_millis(300);

/// What must never have happened.
#[derive(Debug, Default)]
pub struct Seen {
    pub requests: AtomicU64,
    /// Gateway tokens, of all things.
    pub gateway_tokens: AtomicU64,
    /// Requests without a credential.
    pub bare: AtomicU64,
}

/// Serves until the process ends.
pub async fn start() -> Result<(SocketAddr, Arc<Seen>)> {
    let seen = Arc::<Seen>::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/json", post(small).get(idle))
        .route("/events", post(streamed).get(idle))
        .route("/slow", post(slow))
        .with_state(seen.clone());
    let service = axum::ServiceExt::<axum::extract::Request>::into_make_service(router);
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok((address, seen))
}

type Counted = State<Arc<Seen>>;

async fn small(State(seen): Counted, headers: HeaderMap, body: Bytes) -> Response {
    let Some(credential) = credential(&seen, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let begins = body.windows(12).any(|window| window == b"\"initialize\"");
    let json = [(header::CONTENT_TYPE, "application/json")];
    let answer = (json, small_answer(credential)).into_response();
    if begins {
        ([("mcp-session-id", SESSION)], answer).into_response()
    } else {
        answer
    }
}

async fn slow(state: Counted, headers: HeaderMap, body: Bytes) -> Response {
    tokio::time::sleep(SLOW).await;
    small(state, headers, body).await
}

async fn streamed(State(seen): Counted, headers: HeaderMap) -> Response {
    let Some(credential) = credential(&seen, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let event = Bytes::from(format!("event: message\ndata: {}\n\n", small_answer(credential)));
    let events = stream::unfold(0, move |number| {
        let event = event.clone();
        async move {
            if number == EVENTS {
                return None;
            }
            tokio::time::sleep(BETWEEN_EVENTS).await;
            Some((Ok::<_, Infallible>(event), number + 1))
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

/// Says once who listens, and then nothing.
async fn idle(State(seen): Counted, headers: HeaderMap) -> Response {
    let Some(credential) = credential(&seen, &headers) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let first = Bytes::from(format!(": {credential}\n\n"));
    let events = stream::unfold(Some(first), |first| async move {
        match first {
            Some(first) => Some((Ok::<_, Infallible>(first), None)),
            None => std::future::pending().await,
        }
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

fn credential<'a>(seen: &Seen, headers: &'a HeaderMap) -> Option<&'a str> {
    seen.requests.fetch_add(1, Ordering::Relaxed);
    let text = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if text.contains("ok_") {
        seen.gateway_tokens.fetch_add(1, Ordering::Relaxed);
    }
    let credential = text.strip_prefix("Bearer sk-soak-").map(|_| &text["Bearer ".len()..]);
    if credential.is_none() {
        seen.bare.fetch_add(1, Ordering::Relaxed);
    }
    credential
}
