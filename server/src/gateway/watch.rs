//! Ends an answer when its caller loses the right to it: a revoked token, a disabled person or lost access count on the next
//! request at once, but a stream lives for hours (A8).
//!
//! It looks when it is told that somebody lost a right (`services::revocations`, within two seconds), and by itself from time to
//! time: tokens end by the clock, and a word may be missed.
//!
//! An answer that is there at once passes as it is, its length with it: timers and listeners are for those that are waited for.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use domain::timestamp::Timestamp;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body::{Frame, SizeHint};
use tokio::sync::watch;
use tokio::time::{Sleep, sleep};
use tracing::info;

use super::Parts;
use super::limits::Admission;
use crate::services::ServiceError;
use crate::services::calls::Proof;
use crate::telemetry::measures::OpenAnswer;

/// How old the last look may get.
const SECONDS: i64 = 15;
const IDLE: Duration = Duration::from_secs(15);
/// After a look that failed.
const AGAIN: Duration = Duration::from_secs(1);

pub struct Watch {
    pub gateway: Arc<Parts>,
    pub proof: Proof,
    pub server: String,
    /// From before the caller was authenticated.
    pub told: watch::Receiver<()>,
}

/// The same answer, which ends within the bound; what comes after the bound is not handed out. The call keeps its places until then.
pub fn while_permitted(answer: Response, watch: Watch, admission: Admission) -> Response {
    answer.map(|body| {
        let Watch {
            gateway,
            proof,
            server,
            told,
        } = watch;
        Body::new(Watched {
            looked_at: gateway.calls.now(),
            body,
            word: Word::Quiet(told),
            look: Look::Done(Right { gateway, proof, server }),
            doubtful: false,
            held: None,
            timer: None,
            _open: OpenAnswer::begin(),
            _admission: admission,
        })
    })
}

struct Watched {
    body: Body,
    word: Word,
    look: Look,
    looked_at: Timestamp,
    /// Somebody lost a right, and it is not known yet whether it was this caller.
    doubtful: bool,
    /// A piece that came while that was not known.
    held: Option<Piece>,
    /// Runs while nothing comes.
    timer: Option<Pin<Box<Sleep>>>,
    /// Counted as long as it is here.
    _open: OpenAnswer,
    _admission: Admission,
}

type Piece = Result<Frame<Bytes>, axum::Error>;

/// What is looked up.
struct Right {
    gateway: Arc<Parts>,
    proof: Proof,
    server: String,
}

enum Look {
    Done(Right),
    Going(BoxFuture<'static, (Right, Result<bool, ServiceError>)>),
    /// The caller may not go on.
    Over,
}

/// That somebody lost a right.
enum Word {
    Quiet(watch::Receiver<()>),
    Awaited(BoxFuture<'static, Option<watch::Receiver<()>>>),
    /// The program ends.
    Never,
}

impl Word {
    /// Whether it came; asks for no wake-up unless one was asked for before.
    fn has_come(&mut self, context: &mut Context<'_>) -> bool {
        match self {
            Self::Quiet(told) if told.has_changed().unwrap_or(false) => {
                told.mark_unchanged();
                true
            }
            Self::Quiet(_) | Self::Never => false,
            Self::Awaited(_) => self.poll(context).is_ready(),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Self::Quiet(told) = self {
            let mut told = told.clone();
            *self = Self::Awaited(async move { told.changed().await.is_ok().then_some(told) }.boxed());
        }
        let Self::Awaited(coming) = self else {
            return Poll::Pending;
        };
        let come = ready!(coming.poll_unpin(context));
        let is_word = come.is_some();
        *self = come.map_or(Self::Never, Self::Quiet);
        if is_word { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Piece>> {
        let this = &mut *self;
        loop {
            if !ready!(this.is_permitted(context)) {
                return Poll::Ready(None);
            }
            if let Some(piece) = this.held.take() {
                return Poll::Ready(Some(piece));
            }
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(piece)) => {
                    this.doubtful |= this.word.has_come(context);
                    if !this.is_due() {
                        return Poll::Ready(Some(piece));
                    }
                    this.held = Some(piece);
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => ready!(this.poll_reason(context)),
            }
            if this.is_due() {
                this.begin_look();
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.held.is_none() {
            self.body.size_hint()
        } else {
            SizeHint::default()
        }
    }
}

impl Watched {
    fn is_due(&self) -> bool {
        match &self.look {
            Look::Done(right) => self.doubtful || right.gateway.calls.now() >= self.looked_at.plus(SECONDS),
            Look::Going(_) | Look::Over => false,
        }
    }

    /// Ready when there may be a reason to look.
    fn poll_reason(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.word.poll(context).is_ready() {
            self.doubtful = true;
            return Poll::Ready(());
        }
        let patience = if self.doubtful { AGAIN } else { IDLE };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(timer.poll_unpin(context));
        self.timer = None;
        Poll::Ready(())
    }

    fn begin_look(&mut self) {
        if let Look::Done(right) = std::mem::replace(&mut self.look, Look::Over) {
            self.looked_at = right.gateway.calls.now();
            self.timer = None;
            let look = async move {
                let answer = right.gateway.calls.may_go_on(&right.proof, &right.server).await;
                (right, answer)
            };
            self.look = Look::Going(look.boxed());
        }
    }

    /// What the look that is going on says; without one, what the last said. A database that does not answer just now ends no
    /// stream; it is asked again.
    fn is_permitted(&mut self, context: &mut Context<'_>) -> Poll<bool> {
        let (right, answer) = match &mut self.look {
            Look::Done(_) => return Poll::Ready(true),
            Look::Over => return Poll::Ready(false),
            Look::Going(look) => ready!(look.poll_unpin(context)),
        };
        self.doubtful = answer.is_err();
        if answer.is_ok_and(|permitted| !permitted) {
            info!(server.name = %right.server, "Ended a stream: its caller may not call any more");
            self.look = Look::Over;
            return Poll::Ready(false);
        }
        self.look = Look::Done(right);
        Poll::Ready(true)
    }
}
