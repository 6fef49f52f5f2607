//! Takes connections and hands their requests on.
//!
//! `axum::serve` would do, but it sets no timer, so that a peer which never finishes its headers keeps a connection for ever (E5).
//! Hyper's own limit begins once it knows which HTTP is spoken; a peer that does not say so is our affair (`silent`), and so is one
//! that keeps an HTTP/2 connection and asks for nothing more (`quiet`).

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt, service_fn};
use tracing::debug;

use super::door::{Arrived, Door};

/// Of a request, all headers together; a hundred at most (431 otherwise). Also how much of an answer waits for a slow peer.
const HEADER_BYTES: usize = 32 * 1024;
/// How much of an answer waits for a slow peer, for each of a connection's streams (HTTP/2).
const SEND_BYTES: usize = 64 * 1024;

/// What connections may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How many there may be.
    pub connections: usize,
    /// For a request's headers to arrive, the first and each next one of a connection.
    pub headers: Duration,
    /// Until a connection that asks for nothing more takes no more; what it asked for goes on.
    pub quiet: Duration,
}

impl Bounds {
    pub const fn of(connections: usize) -> Self {
        Self {
            connections,
            headers: Duration::from_secs(30),
            quiet: Duration::from_secs(300),
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

/// Whatever answers requests.
pub trait Answers: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static {}

impl<S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static> Answers for S {}

/// The connections of one runtime.
pub struct Connections<S> {
    service: S,
    bounds: Bounds,
    builder: Builder<TokioExecutor>,
    running: TaskTracker,
    closing: CancellationToken,
}

impl<S: Answers> Connections<S>
where
    S::Future: Send,
{
    pub fn new(service: S, bounds: Bounds) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(bounds.headers)
            .max_buf_size(HEADER_BYTES);
        builder
            .http2()
            .timer(TokioTimer::new())
            // A peer that answers no ping does not hear of its connection's end either.
            .keep_alive_interval(bounds.quiet / 5)
            .keep_alive_timeout(bounds.headers)
            .max_header_list_size(HEADER_BYTES as u32)
            .max_send_buf_size(SEND_BYTES);
        Self {
            service,
            bounds,
            builder,
            running: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    pub fn take(&self, arrived: Arrived) {
        let Arrived { stream, peer, place } = arrived;
        let service = self.service.clone();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            seen.fetch_add(1, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            service.clone().oneshot(request)
        });
        let connection = self
            .builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
        let (connection, closing, bounds) = (connection.into_owned(), self.closing.clone(), self.bounds);
        self.running.spawn(async move {
            let _place = place;
            let mut connection = pin!(connection);
            tokio::select! {
                ended = connection.as_mut() => return note(ended),
                () = silent(bounds.headers, &requests) => return debug!("Ended a connection that asked for nothing"),
                () = quiet(bounds.quiet, &requests) => {}
                () = closing.cancelled() => {}
            }
            connection.as_mut().graceful_shutdown();
            note(connection.await);
        });
    }

    /// Returns when the last running request has ended.
    pub async fn finish(self) {
        self.closing.cancel();
        self.running.close();
        self.running.wait().await;
    }
}

fn note<E: std::fmt::Display>(ended: Result<(), E>) {
    if let Err(error) = ended {
        debug!(error = %error, "A connection ended badly");
    }
}

/// Ends when no first request has arrived in time, and never otherwise.
async fn silent(headers: Duration, requests: &AtomicUsize) {
    tokio::time::sleep(headers).await;
    if requests.load(Ordering::Relaxed) > 0 {
        std::future::pending::<()>().await;
    }
}

/// Ends when for so long no new request has come.
async fn quiet(patience: Duration, requests: &AtomicUsize) {
    let mut seen = 0;
    loop {
        tokio::time::sleep(patience).await;
        let before = std::mem::replace(&mut seen, requests.load(Ordering::Relaxed));
        if before == seen {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    /// Quick to lose patience.
    fn bounds(headers: Duration) -> Bounds {
        Bounds {
            headers,
            ..Bounds::of(10)
        }
    }

    async fn connect(bounds: Bounds) -> (TcpStream, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let stop = CancellationToken::new();
        tokio::spawn(serve(
            listener,
            Router::new().route("/", get(peer)),
            bounds,
            stop.clone(),
        ));
        (TcpStream::connect(address).await.unwrap(), stop)
    }

    #[tokio::test]
    async fn e5_headers_that_never_end_end_the_connection() {
        // The third could still become the preface of HTTP/2.
        for begun in ["GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", "", "PRI * HT"] {
            let (mut stream, _stop) = connect(bounds(Duration::from_millis(50))).await;
            stream.write_all(begun.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
            assert!(ended.is_ok(), "still open after {begun:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_may_take_longer_than_the_headers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let headers = Duration::from_millis(50);
        let slow = move || async move {
            tokio::time::sleep(headers * 4).await;
            "late"
        };
        let router = Router::new().route("/", get(slow));
        tokio::spawn(serve(listener, router, bounds(headers), CancellationToken::new()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("late"), "{answer}");
    }

    #[tokio::test]
    async fn hands_on_who_asks_and_stops_when_told() {
        let (mut stream, stop) = connect(Bounds::of(10)).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(text.ends_with("127.0.0.1"), "{text}");
        stop.cancel();
        // An idle connection does not keep us.
        assert_eq!(stream.read(&mut answer).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn e4_headers_that_are_too_long_are_431() {
        let (mut stream, _stop) = connect(Bounds::of(10)).await;
        let long = "x".repeat(HEADER_BYTES);
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {long}\r\n\r\n");
        // It may hang up before it has read everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(text.starts_with("HTTP/1.1 431 "), "{text}");
    }

    #[tokio::test]
    async fn a_connection_that_asks_for_nothing_more_is_closed() {
        let quick = Bounds {
            quiet: Duration::from_millis(50),
            ..Bounds::of(10)
        };
        let (stream, _stop) = connect(quick).await;
        let made = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut client, connection) = made.unwrap();
        let connection = tokio::spawn(connection);
        let request = Request::get("http://a/").body(Body::empty()).unwrap();
        assert_eq!(client.send_request(request).await.unwrap().status(), 200);
        let ended = tokio::time::timeout(Duration::from_secs(5), connection).await;
        assert!(ended.is_ok(), "still open");
        drop(client);
    }

    #[tokio::test]
    async fn a_connection_that_does_not_answer_is_closed() {
        let quick = Bounds {
            quiet: Duration::from_millis(50),
            ..bounds(Duration::from_millis(50))
        };
        let (mut stream, _stop) = connect(quick).await;
        // HTTP/2's preface, empty settings, and GET http://.../ as stream 1; nothing that comes back is acknowledged.
        let mut begun = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        begun.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
        begun.extend([0, 0, 3, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x84]);
        stream.write_all(&begun).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "still open");
        let answered = rest.windows(9).any(|frame| frame[3] == 1 && frame[5..] == [0, 0, 0, 1]);
        assert!(answered, "the request was not answered: {rest:?}");
    }
}
