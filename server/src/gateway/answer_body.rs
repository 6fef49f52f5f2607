//! An upstream's answer as it comes in: it keeps its place among the server's calls until it has ended, and a plain answer does not
//! stop in the middle for long. Event streams may be silent; a peer that is gone shows by TCP (`egress`).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::{Response, header};
use axum::{BoxError, body::Bytes};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

use super::limits::Place;
use crate::egress::Answer;
use crate::telemetry::measures;

const EVENT_STREAM: &[u8] = b"text/event-stream";

pub struct AnswerBody {
    inner: Answer,
    /// How long nothing may come; `None`: for ever.
    patience: Option<Duration>,
    /// Runs while the caller waits for more.
    waiting: Option<Pin<Box<Sleep>>>,
    _place: Place,
}

#[derive(Debug, thiserror::Error)]
#[error("the upstream stopped in the middle of its answer")]
struct Stalled;

impl AnswerBody {
    /// The upstream has the request by now, so its body is not held any longer.
    pub fn within(answer: Response<Answer>, idle: Duration, mut place: Place) -> Response<Self> {
        place.let_body_go();
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let streams = kind.is_some_and(|kind| {
            let essence = kind.as_bytes().get(..EVENT_STREAM.len());
            essence.is_some_and(|essence| essence.eq_ignore_ascii_case(EVENT_STREAM))
        });
        answer.map(|inner| Self {
            inner,
            patience: (!streams).then_some(idle),
            waiting: None,
            _place: place,
        })
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(context) {
            this.waiting = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let Some(patience) = this.patience else {
            return Poll::Pending;
        };
        let waiting = this
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(waiting.as_mut().poll(context));
        measures::stalled();
        Poll::Ready(Some(Err(Stalled.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
