//! Ends an answer when its caller loses the right to it: a revoked token, a disabled person or lost access count on the next
//! request at once, but a stream lives for hours (A8).

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::response::Response;
use domain::timestamp::Timestamp;
use futures_util::{StreamExt, stream};
use tracing::info;

use crate::services::calls::{Calls, TokenHash};

/// How old the last look may get.
const SECONDS: i64 = 15;
const IDLE: Duration = Duration::from_secs(15);

pub struct Watch {
    pub calls: Calls,
    pub token: TokenHash,
    pub server: String,
}

struct Watched {
    body: BodyDataStream,
    watch: Watch,
    looked_at: Timestamp,
}

/// The same answer, which ends within the bound; what comes after the bound is not handed out.
pub fn while_permitted(answer: Response, watch: Watch) -> Response {
    answer.map(|body| {
        let watched = Watched {
            looked_at: watch.calls.now(),
            body: body.into_data_stream(),
            watch,
        };
        Body::from_stream(stream::unfold(watched, next))
    })
}

async fn next(mut watched: Watched) -> Option<(Result<Bytes, axum::Error>, Watched)> {
    loop {
        let piece = tokio::select! {
            piece = watched.body.next() => Some(piece?),
            () = tokio::time::sleep(IDLE) => None,
        };
        if !watched.is_permitted().await {
            info!(server.name = %watched.watch.server, "Ended a stream: its caller may not call any more");
            return None;
        }
        if let Some(piece) = piece {
            return Some((piece, watched));
        }
    }
}

impl Watched {
    /// A database that does not answer just now ends no stream.
    async fn is_permitted(&mut self) -> bool {
        let now = self.watch.calls.now();
        if now < self.looked_at.plus(SECONDS) {
            return true;
        }
        self.looked_at = now;
        let Watch { calls, token, server } = &self.watch;
        calls.may_go_on(token, server).await.unwrap_or(true)
    }
}
