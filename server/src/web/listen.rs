//! Takes connections and hands their requests on.
//!
//! `axum::serve` would do, but it sets no timer, so that a peer which never finishes its headers keeps a connection for ever (E5).
//! Hyper's own limit begins once it knows which HTTP is spoken; a peer that does not say so is our affair (`silent`).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt, service_fn};
use tracing::{debug, warn};

/// How long a peer may take to send a request's headers, the first and each next one of a connection.
pub const HEADERS: Duration = Duration::from_secs(30);
/// After a failed accept, which is most often a lack of file handles.
const PAUSE: Duration = Duration::from_millis(200);

/// Serves until told to stop, and then until the last running request has ended.
pub async fn serve<S: Answers>(listener: TcpListener, service: S, headers: Duration, stop: CancellationToken)
where
    S::Future: Send,
{
    let connections = Connections::new(service, headers);
    while let Some((stream, peer)) = accept(&listener, &stop).await {
        connections.take(stream, peer);
    }
    drop(listener);
    connections.finish().await;
}

/// Whatever answers requests.
pub trait Answers: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static {}

impl<S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static> Answers for S {}

/// The connections of one runtime.
pub struct Connections<S> {
    service: S,
    headers: Duration,
    builder: Builder<TokioExecutor>,
    running: GracefulShutdown,
}

impl<S: Answers> Connections<S>
where
    S::Future: Send,
{
    pub fn new(service: S, headers: Duration) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(headers);
        builder.http2().timer(TokioTimer::new());
        Self {
            service,
            headers,
            builder,
            running: GracefulShutdown::new(),
        }
    }

    pub fn take(&self, stream: TcpStream, peer: SocketAddr) {
        let service = self.service.clone();
        let arrived = CancellationToken::new();
        let told = arrived.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            told.cancel();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            service.clone().oneshot(request)
        });
        let connection = self
            .builder
            .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
        let connection = self.running.watch(connection.into_owned());
        let headers = self.headers;
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    debug!(error = %error, "A connection ended badly");
                },
                () = silent(headers, &arrived) => debug!("Ended a connection that asked for nothing"),
            }
        });
    }

    /// Returns when the last running request has ended.
    pub async fn finish(self) {
        self.running.shutdown().await;
    }
}

/// Ends when no first request has arrived in time, and never otherwise.
async fn silent(headers: Duration, arrived: &CancellationToken) {
    if tokio::time::timeout(headers, arrived.cancelled()).await.is_ok() {
        std::future::pending::<()>().await;
    }
}

/// `None` once we are to stop.
pub async fn accept(listener: &TcpListener, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return None,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Events must not wait for company. Refused only by a socket that is gone already.
                let _ = stream.set_nodelay(true);
                return Some((stream, peer));
            }
            Err(error) => {
                warn!(error = %error, "Could not accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn connect(headers: Duration) -> (TcpStream, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let stop = CancellationToken::new();
        tokio::spawn(serve(
            listener,
            Router::new().route("/", get(peer)),
            headers,
            stop.clone(),
        ));
        (TcpStream::connect(address).await.unwrap(), stop)
    }

    #[tokio::test]
    async fn e5_headers_that_never_end_end_the_connection() {
        // The third could still become the preface of HTTP/2.
        for begun in ["GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", "", "PRI * HT"] {
            let (mut stream, _stop) = connect(Duration::from_millis(50)).await;
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
        tokio::spawn(serve(listener, router, headers, CancellationToken::new()));
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
        let (mut stream, stop) = connect(HEADERS).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut answer = [0; 1024];
        let length = stream.read(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer[..length]);
        assert!(text.ends_with("127.0.0.1"), "{text}");
        stop.cancel();
        // An idle connection does not keep us.
        assert_eq!(stream.read(&mut answer).await.unwrap(), 0);
    }
}
