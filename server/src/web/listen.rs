//! Takes connections and hands their requests on.
//!
//! `axum::serve` would do, but it sets no timer, so that a peer which never finishes its headers keeps a connection for ever (E5).
//! Hyper's own limit for headers is also the one for a kept connection on which nothing is asked, and begins once it knows which HTTP is
//! spoken. So it is as long as connections may be kept, and a peer that never asks is our affair (`silent`), as is one that keeps an
//! HTTP/2 connection and asks for nothing more (`quiet`).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::http::Version;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;
use tracing::debug;

use super::door::{Arrived, Door};
use super::parting::{Parting, part};

/// Of a request, all headers together; a hundred at most (431 otherwise). Also how much of an answer waits for a slow peer.
const HEADER_BYTES: usize = 32 * 1024;
/// How much of an answer waits for a slow peer, for each of a connection's streams (HTTP/2).
const SEND_BYTES: usize = 64 * 1024;
/// How often an HTTP/2 peer is asked whether it is still there.
const PING: Duration = Duration::from_secs(60);

/// How a connection of HTTP/2 begins (RFC 9113, section 3.4).
const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many there may be.
    pub connections: usize,
    /// For the headers of a connection's first request to arrive.
    pub headers: Duration,
    /// Until a connection that asks for nothing more is closed; what it asked for goes on.
    ///
    /// A request that is sent just then is lost, and nobody may send a POST again on a guess. So whoever keeps connections to us
    /// has to give them up first: nginx and AWS do after one minute, Caddy after two, Google after ten.
    pub quiet: Duration,
}

impl Bounds {
    pub const fn of(connections: usize) -> Self {
        Self {
            connections,
            headers: Duration::from_secs(30),
            quiet: Duration::from_secs(620),
        }
    }
}

/// Serves until told to stop, and then until the last running request has ended.
pub async fn serve<S: Answers>(listener: TcpListener, service: S, bounds: Bounds, stop: CancellationToken)
where
    S::Future: Send,
{
    let connections = Connections::new(service, bounds);
    let door = Door::new(listener, bounds.connections);
    while let Some(arrived) = door.next(&stop).await {
        connections.take(arrived);
    }
    drop(door);
    connections.finish().await;
}

/// Whatever answers requests, and is ready to at any time, as axum's routers and functions are.
pub trait Answers: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static {}

impl<S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static> Answers for S {}

/// The connections of one runtime.
pub struct Connections<S> {
    service: S,
    bounds: Bounds,
    builders: Arc<Builders>,
    running: TaskTracker,
    closing: CancellationToken,
}

impl<S: Answers> Connections<S>
where
    S::Future: Send,
{
    pub fn new(service: S, bounds: Bounds) -> Self {
        Self {
            service,
            bounds,
            builders: Arc::new(Builders::new(bounds)),
            running: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    pub fn take(&self, arrived: Arrived) {
        let Arrived { stream, peer, place } = arrived;
        let service = self.service.clone();
        let requests = Arc::new(Requests::default());
        let seen = requests.clone();
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            seen.add(request.version());
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            service.clone().call(request)
        });
        let (builders, closing, bounds) = (self.builders.clone(), self.closing.clone(), self.bounds);
        let patience = Instant::now() + bounds.headers;
        self.running.spawn(async move {
            let _place = place;
            let is_http1 = tokio::select! {
                is_http1 = is_http1(&stream) => is_http1,
                () = sleep_until(patience) => return part(stream).await,
                () = closing.cancelled() => return part(stream).await,
            };
            let (stream, left) = Parting::from(stream);
            let stream = TokioIo::new(stream);
            let silent = requests.silent(patience);
            // Boxed, so that a task that may be there for hours has room for what it needs, once.
            if is_http1 {
                let connection = Box::pin(builders.http1.serve_connection(stream, service));
                until_its_end(connection, silent, std::future::pending(), closing).await;
            } else {
                let connection = Box::pin(builders.either.serve_connection(stream, service).into_owned());
                let quiet = requests.quiet(bounds.quiet);
                Box::pin(until_its_end(connection, silent, quiet, closing)).await;
            }
            left.part().await;
        });
    }

    /// Returns when the last running request has ended.
    pub async fn finish(self) {
        self.closing.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

struct Builders {
    http1: http1::Builder,
    /// Finds out which HTTP is spoken.
    either: auto::Builder<TokioExecutor>,
}

impl Builders {
    fn new(bounds: Bounds) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.quiet)
            .max_header_size(HEADER_BYTES)
            .max_buf_size(HEADER_BYTES);
        let mut either = auto::Builder::new(TokioExecutor::new());
        either
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.quiet)
            .max_buf_size(HEADER_BYTES);
        either
            .http2()
            .timer(TokioTimer::new())
            // A peer that answers no ping does not hear of its connection's end either.
            .keep_alive_interval(PING.min(bounds.quiet / 5))
            .keep_alive_timeout(bounds.headers)
            .max_header_list_size(HEADER_BYTES as u32)
            .max_send_buf_size(SEND_BYTES);
        Self { http1, either }
    }
}

/// Whether a connection is one of HTTP/1.1, by a look at how it begins. Where the beginning is read by itself, as `auto` does, hyper finds
/// its buffer of 8 kB not empty at the next read, and doubles it for as long as the connection lasts.
async fn is_http1(stream: &TcpStream) -> bool {
    let mut first = [0; HTTP2.len()];
    // Of an error, and of an end, reading tells.
    let seen = stream.peek(&mut first).await.unwrap_or_default();
    !HTTP2.starts_with(&first[..seen])
}

/// What a connection has asked for so far.
#[derive(Default)]
struct Requests {
    count: AtomicUsize,
    many_at_a_time: AtomicBool,
}

impl Requests {
    fn add(&self, version: Version) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if version == Version::HTTP_2 {
            self.many_at_a_time.store(true, Ordering::Relaxed);
        }
    }

    /// Ends when no first request has arrived in time, and never otherwise.
    async fn silent(&self, patience: Instant) {
        sleep_until(patience).await;
        if self.count.load(Ordering::Relaxed) > 0 {
            std::future::pending::<()>().await;
        }
    }

    /// Ends when for so long no new request has come over HTTP/2. Of HTTP/1.1, hyper counts from the last answer's end.
    async fn quiet(&self, patience: Duration) {
        let mut seen = 0;
        loop {
            tokio::time::sleep(patience).await;
            let before = std::mem::replace(&mut seen, self.count.load(Ordering::Relaxed));
            if before == seen && self.many_at_a_time.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

async fn until_its_end<C>(
    mut connection: Pin<Box<C>>,
    silent: impl Future<Output = ()>,
    quiet: impl Future<Output = ()>,
    closing: CancellationToken,
) where
    C: GracefulConnection<Error: std::fmt::Display>,
{
    tokio::select! {
        ended = connection.as_mut() => return note(ended),
        () = silent => return debug!("Ended a connection that asked for nothing"),
        () = quiet => {}
        () = closing.cancelled() => {}
    }
    connection.as_mut().graceful_shutdown();
    note(connection.await);
}

fn note<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        debug!(error = %error, "A connection ended badly");
    }
}

#[cfg(test)]
mod tests;
