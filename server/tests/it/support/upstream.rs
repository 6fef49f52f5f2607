//! An upstream MCP server that keeps every request as it came and answers what a test tells it to.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::soon;

/// One request, byte for byte.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    /// With the query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    /// The value of a header that may be there once; panics when it is there twice.
    #[track_caller]
    pub fn only(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.get_all(name).iter();
        let first = all.next().map(|value| value.to_str().unwrap());
        assert!(all.next().is_none(), "{name} came twice: {:?}", self.headers);
        first
    }
}

enum Reply {
    Whole(Response),
    /// The headers of an event stream, then what comes through the channel; an error cuts the connection.
    Stream(mpsc::Receiver<io::Result<Bytes>>, Vec<(String, String)>),
    /// No answer; the guard goes when the connection does.
    Never(DropGuard),
}

/// Without other orders it answers with the Authorization headers that it got.
pub struct Upstream {
    pub authority: String,
    seen: tokio::sync::Mutex<mpsc::UnboundedReceiver<Seen>>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

#[derive(Clone)]
struct Shared {
    seen: mpsc::UnboundedSender<Seen>,
    replies: Arc<Mutex<VecDeque<Reply>>>,
}

impl Upstream {
    pub async fn start() -> Self {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).await.unwrap())
    }

    pub fn on(listener: TcpListener) -> Self {
        let authority = listener.local_addr().unwrap().to_string();
        let (sender, seen) = mpsc::unbounded_channel();
        let replies = Arc::default();
        let shared = Shared {
            seen: sender,
            replies: Arc::clone(&replies),
        };
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            authority,
            seen: tokio::sync::Mutex::new(seen),
            replies,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.authority)
    }

    /// The next request that came, if one did.
    pub fn seen(&self) -> Option<Seen> {
        self.seen.try_lock().unwrap().try_recv().ok()
    }

    /// The next request, once it comes.
    pub async fn next(&self) -> Seen {
        let mut seen = self.seen.lock().await;
        soon("a request upstream", seen.recv()).await.unwrap()
    }

    #[track_caller]
    pub fn assert_untouched(&self) {
        if let Some(seen) = self.seen() {
            panic!("this was sent upstream: {seen:?}");
        }
    }

    /// The next answer.
    pub fn answer(&self, status: u16, headers: &[(&str, &str)], body: impl Into<Body>) {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        self.push(Reply::Whole(response.body(body.into()).unwrap()));
    }

    /// The next answer is an event stream that the test writes.
    pub fn stream(&self, headers: &[(&str, &str)]) -> Stream {
        let (sender, receiver) = mpsc::channel(1);
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.push(Reply::Stream(receiver, headers.collect()));
        Stream(sender)
    }

    /// The next request gets no answer. Resolves when its connection is gone.
    pub fn hang(&self) -> impl Future<Output = ()> {
        let gone = CancellationToken::new();
        self.push(Reply::Never(gone.clone().drop_guard()));
        async move { soon("the upstream's connection to go", gone.cancelled()).await }
    }

    fn push(&self, reply: Reply) {
        self.replies.lock().unwrap().push_back(reply);
    }
}

/// An event stream in the test's hands.
pub struct Stream(mpsc::Sender<io::Result<Bytes>>);

impl Stream {
    pub async fn send(&self, bytes: impl Into<Bytes>) {
        soon("the stream to be read", self.0.send(Ok(bytes.into())))
            .await
            .unwrap();
    }

    /// Ends it in the middle, as a crash does.
    pub async fn cut(self) {
        self.0.send(Err(io::Error::other("cut"))).await.ok();
    }

    /// Returns when nobody reads any more.
    pub async fn closed(&self) {
        soon("the stream's reader to go", self.0.closed()).await;
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let plain = plain(&body, &parts.headers);
    let seen = Seen {
        method: parts.method,
        path: parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: parts.headers,
        body,
    };
    let reply = shared.replies.lock().unwrap().pop_front();
    shared.seen.send(seen).ok();
    Ok(match reply {
        None => plain,
        Some(Reply::Whole(response)) => response,
        Some(Reply::Stream(steps, headers)) => streamed(steps, &headers),
        Some(Reply::Never(guard)) => {
            std::future::pending::<()>().await;
            drop(guard);
            plain
        }
    })
}

fn plain(request: &[u8], headers: &HeaderMap) -> Response {
    let id = serde_json::from_slice::<Value>(request).map_or(Value::Null, |message| message["id"].clone());
    let given = headers.get_all("authorization").iter();
    let given: Vec<_> = given.map(|value| value.to_str().unwrap()).collect();
    let body = json!({"jsonrpc": "2.0", "id": id, "result": {"authorization": given}}).to_string();
    let response = Response::builder().header("content-type", "application/json");
    response.body(Body::from(body)).unwrap()
}

fn streamed(steps: mpsc::Receiver<io::Result<Bytes>>, headers: &[(String, String)]) -> Response {
    let steps = futures_util::stream::unfold(steps, async |mut steps| steps.recv().await.map(|step| (step, steps)));
    let mut response = Response::builder().status(StatusCode::OK);
    response = response.header("content-type", "text/event-stream");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from_stream(steps)).unwrap()
}
