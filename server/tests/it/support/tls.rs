//! An upstream that speaks TLS, and HTTP/2 if it is told to: what only shows on such connections.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, Version};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::soon;

/// Answers calls with the `Authorization` that came, and with an event stream that never ends a GET and calls of `.../long`.
pub struct TlsUpstream {
    pub authority: String,
    /// Whom to trust.
    pub certificate: CertificateDer<'static>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    connections: Mutex<Vec<Connection>>,
    refusals: AtomicUsize,
}

#[derive(Debug, Clone)]
pub struct Seen {
    pub version: Version,
}

#[derive(Clone, Default)]
struct Connection {
    leave: CancellationToken,
    gone: CancellationToken,
    deaf: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<u8>>>,
}

/// TLS with a certificate of its own for this machine, which is the second; it offers these protocols.
pub fn acceptor(offers: &[&[u8]]) -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    rustls::crypto::ring::default_provider().install_default().ok();
    let config = ServerConfig::builder().with_no_client_auth();
    let mut config = config.with_single_cert(vec![certificate.clone()], key).unwrap();
    config.alpn_protocols = offers.iter().map(|name| name.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}

impl TlsUpstream {
    /// Lets so many streams run at once on a connection.
    pub async fn http2(streams: u32) -> Self {
        Self::start(&[b"h2", b"http/1.1"], streams).await
    }

    pub async fn http1() -> Self {
        Self::start(&[b"http/1.1"], 0).await
    }

    async fn start(offers: &[&[u8]], streams: u32) -> Self {
        let (acceptor, certificate) = acceptor(offers);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let shared = Arc::<Shared>::default();
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(serving.clone(), acceptor.clone(), stream, streams));
            }
        });
        Self {
            authority,
            certificate,
            shared,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}{path}", self.authority)
    }

    /// All that came so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.lock().unwrap().len()
    }

    /// What came, inside TLS, over all connections.
    pub fn heard(&self) -> Vec<u8> {
        let connections = self.shared.connections.lock().unwrap();
        let heard = connections
            .iter()
            .flat_map(|connection| connection.heard.lock().unwrap().clone());
        heard.collect()
    }

    /// Says on each connection that it takes no more (GOAWAY), and returns when what runs has ended.
    pub async fn leave(&self) {
        let connections = self.shared.connections.lock().unwrap().clone();
        for connection in connections {
            connection.leave.cancel();
            soon("the connection to end", connection.gone.cancelled()).await;
        }
    }

    /// From now on, nothing passes on the connections that there are.
    pub fn cut_the_wire(&self) {
        for connection in self.shared.connections.lock().unwrap().iter() {
            connection.deaf.store(true, Ordering::SeqCst);
        }
    }

    /// The next so many requests over HTTP/2 are sent back unread (REFUSED_STREAM).
    pub fn refuse(&self, count: usize) {
        self.shared.refusals.store(count, Ordering::SeqCst);
    }
}

async fn connection(shared: Arc<Shared>, acceptor: TlsAcceptor, stream: TcpStream, streams: u32) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let known = Connection::default();
    shared.connections.lock().unwrap().push(known.clone());
    let _gone = known.gone.drop_guard();
    let tapped = Tapped {
        stream,
        deaf: known.deaf,
        heard: known.heard,
    };
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http2().max_concurrent_streams(streams);
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let shared = shared.clone();
        async move { answer(&shared, request.map(Body::new)).await }
    });
    let mut serving = pin!(builder.serve_connection(TokioIo::new(tapped), service));
    tokio::select! {
        _ = serving.as_mut() => return,
        () = known.leave.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
}

async fn answer(shared: &Shared, request: Request) -> Result<Response, h2::Error> {
    let (parts, body) = request.into_parts();
    let take = |left: usize| left.checked_sub(1);
    let refused = || shared.refusals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
    if parts.version == Version::HTTP_2 && refused().is_ok() {
        return Err(h2::Reason::REFUSED_STREAM.into());
    }
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let seen = Seen { version: parts.version };
    shared.seen.lock().unwrap().push(seen);
    if parts.method == Method::GET || parts.uri.path().ends_with("/long") {
        let events = stream::iter([Ok::<_, Infallible>("data: 1\n\n")]).chain(stream::pending());
        let answer = Response::builder().header("content-type", "text/event-stream");
        return Ok(answer.body(Body::from_stream(events)).unwrap());
    }
    let id = serde_json::from_slice::<Value>(&body).map_or(Value::Null, |message| message["id"].clone());
    let given = parts.headers.get("authorization").map(|value| value.to_str().unwrap());
    let body = json!({"jsonrpc": "2.0", "id": id, "result": {"authorization": given}}).to_string();
    let answer = Response::builder().header("content-type", "application/json");
    Ok(answer.body(Body::from(body)).unwrap())
}

/// Writes down what comes, until the wire is cut.
struct Tapped {
    stream: TlsStream<TcpStream>,
    deaf: Arc<AtomicBool>,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.deaf.load(Ordering::SeqCst) {
            buffer.set_filled(before);
            return Poll::Pending;
        }
        self.heard.lock().unwrap().extend(&buffer.filled()[before..]);
        read
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
