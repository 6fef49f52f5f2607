//! One thread's connections to all upstreams, and which of them a request takes.
//!
//! Where it is offered, calls share one HTTP/2 connection for each upstream. How many answers an upstream lets run on it at once is the
//! upstream's choice, and what goes beyond that waits until one ends. So what may run for hours does not go there, nor do more calls
//! than any usual upstream lets run: they get HTTP/1.1, and a connection each.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connect::{Connectors, InTime};
use super::error::was_not_processed;
use super::streams::{Stream, Streams};

const IDLE_PER_HOST: usize = 64;
/// How much of an answer is read ahead of its caller, for each connection, or each stream of HTTP/2. The sum over a connection's
/// streams has to be far more, or callers who do not read would hold up the others.
const AHEAD: usize = 64 * 1024;
const AHEAD_STREAM: u32 = 512 * 1024;
const AHEAD_STREAMS: u32 = 64 * 1024 * 1024;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An answer, sooner or later.
    Call,
    /// Whatever the upstream may say, for as long as it likes.
    Listen,
}

pub struct Client {
    shared: legacy::Client<InTime, Full<Bytes>>,
    /// HTTP/1.1 alone.
    own: legacy::Client<InTime, Full<Bytes>>,
    streams: Arc<Streams>,
}

impl Client {
    /// An HTTP/2 connection that has something to do is asked this often whether it is still there: all calls would wait for it.
    pub fn new(connectors: &Connectors, ping: Duration) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(AHEAD)
            .http2_initial_stream_window_size(AHEAD_STREAM)
            .http2_initial_connection_window_size(AHEAD_STREAMS)
            .http2_keep_alive_interval(ping)
            .http2_keep_alive_timeout(ping / 2);
        Self {
            shared: builder.build(connectors.any.clone()),
            own: builder.build(connectors.http1.clone()),
            streams: Arc::default(),
        }
    }

    /// A request that the upstream has not looked at, as it says, is sent once more.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
        purpose: Purpose,
    ) -> Result<Response<Answer>, legacy::Error> {
        let stream = match request.uri().authority() {
            Some(upstream) if purpose == Purpose::Call && request.uri().scheme() == Some(&Scheme::HTTPS) => {
                self.streams.begin(upstream)
            }
            _ => None,
        };
        if stream.is_none() {
            return self.own.request(request).await.map(|answer| with(answer, stream));
        }
        match self.shared.request(request.clone()).await {
            Err(error) if was_not_processed(&error) => self.own.request(request).await.map(|answer| with(answer, None)),
            sent => sent.map(|answer| with(answer, stream)),
        }
    }
}

fn with(answer: Response<Incoming>, stream: Option<Stream>) -> Response<Answer> {
    answer.map(|body| Answer { body, _stream: stream })
}

/// An answer's body as it comes in.
pub struct Answer {
    body: Incoming,
    /// Counted as long as it is here.
    _stream: Option<Stream>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
