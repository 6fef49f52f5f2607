//! Ends an answer when its caller loses the right to it: a revoked token, a disabled person or lost access count on the next
//! request at once, but a stream lives for hours (A8).
//!
//! It looks when it is told that somebody lost a right (`services::revocations`, within two seconds), and by itself from time to
//! time: tokens end by the clock, and a word may be missed.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::response::Response;
use domain::timestamp::Timestamp;
use futures_util::{StreamExt, stream};
use tokio::sync::watch;
use tracing::info;

use super::limits::Admission;
use crate::services::calls::{Calls, Proof};
use crate::telemetry::measures::OpenAnswer;

/// How old the last look may get.
const SECONDS: i64 = 15;
const IDLE: Duration = Duration::from_secs(15);
/// After a look that failed.
const AGAIN: Duration = Duration::from_secs(1);

pub struct Watch {
    pub calls: Calls,
    pub proof: Proof,
    pub server: String,
    /// From before the caller was authenticated.
    pub told: watch::Receiver<()>,
}

struct Watched {
    body: BodyDataStream,
    watch: Watch,
    looked_at: Timestamp,
    /// Somebody lost a right, and it is not known yet whether it was this caller.
    doubtful: bool,
    /// Counted as long as it is here.
    _open: OpenAnswer,
    _admission: Admission,
}

/// The same answer, which ends within the bound; what comes after the bound is not handed out. The call keeps its places until then.
pub fn while_permitted(answer: Response, watch: Watch, admission: Admission) -> Response {
    answer.map(|body| {
        let watched = Watched {
            looked_at: watch.calls.now(),
            body: body.into_data_stream(),
            watch,
            doubtful: false,
            _open: OpenAnswer::begin(),
            _admission: admission,
        };
        Body::from_stream(stream::unfold(watched, next))
    })
}

async fn next(mut watched: Watched) -> Option<(Result<Bytes, axum::Error>, Watched)> {
    loop {
        let patience = if watched.doubtful { AGAIN } else { IDLE };
        let piece = tokio::select! {
            piece = watched.body.next() => Some(piece?),
            Ok(()) = watched.watch.told.changed() => {
                watched.doubtful = true;
                None
            }
            () = tokio::time::sleep(patience) => None,
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
    /// A database that does not answer just now ends no stream; it is asked again.
    async fn is_permitted(&mut self) -> bool {
        let now = self.watch.calls.now();
        if !self.doubtful && now < self.looked_at.plus(SECONDS) {
            return true;
        }
        let Watch {
            calls, proof, server, ..
        } = &self.watch;
        let answer = calls.may_go_on(proof, server).await;
        self.doubtful = answer.is_err();
        if answer.is_ok() {
            self.looked_at = now;
        }
        answer.unwrap_or(true)
    }
}
