//! Small answers, whole, in time, or not at all (F3-F5).

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use server::egress::{Egress, EgressConfig, EgressError, FetchError, FetchLimits, Refused};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::{SHORT, config, get, with_names};
use crate::support::names::{Names, Trap};
use crate::support::{Upstream, raw, soon};

const LIMIT: usize = 256 * 1024;

fn open() -> Egress {
    Egress::system(&config(&["127.0.0.0/8"]))
}

async fn fetch(egress: &Egress, request: Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
    soon("an answer or an error", egress.fetch(request)).await
}

#[tokio::test]
async fn a_small_answer_comes_whole_whatever_its_status() {
    let upstream = Upstream::start().await;
    for status in [200, 400, 404, 500] {
        upstream.answer(status, &[("etag", "\"1\"")], "{\"a\":1}");
        let request = Request::post(upstream.url("/token?x=1"))
            .header("accept", "application/json")
            .header("accept-encoding", "gzip")
            .body(Bytes::from_static(b"grant_type=refresh_token"))
            .unwrap();
        let answer = fetch(&open(), request).await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.body().as_ref()),
            (status, &b"{\"a\":1}"[..])
        );
        assert_eq!(answer.headers()["etag"], "\"1\"");
        let seen = upstream.next().await;
        assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/token?x=1"));
        assert_eq!(seen.body, "grant_type=refresh_token");
        assert_eq!(seen.only("accept"), Some("application/json"));
        assert_eq!(seen.only("accept-encoding"), None, "an answer is not to be unpacked");
        assert!(seen.only("user-agent").unwrap().starts_with("overkey/"));
    }
}

#[tokio::test]
async fn f3_metadata_and_token_urls_that_lead_inside_are_not_called() {
    let trap = Trap::at("127.0.0.1");
    let strict = with_names(&[], &Arc::new(Names::of_the_system()));
    for scheme in ["http", "https"] {
        for host in ["127.0.0.1", "localhost.", "[::ffff:127.0.0.1]"] {
            let base = format!("{scheme}://{host}:{}", trap.port());
            let metadata = get(&format!("{base}/.well-known/oauth-authorization-server"));
            let secret = Bytes::from_static(b"client_secret=canary");
            let token = Request::post(format!("{base}/token")).body(secret).unwrap();
            for request in [metadata, token] {
                let outcome = fetch(&strict, request).await;
                let refused = matches!(outcome, Err(FetchError::Send(EgressError::Refused(Refused::Special))));
                assert!(refused, "{base}: {outcome:?}");
                assert!(!trap.sprung(), "{base}");
            }
        }
    }
}

#[tokio::test]
async fn f4_a_redirect_is_handed_back_and_not_followed() {
    let (upstream, elsewhere) = (Upstream::start().await, Trap::at("127.0.0.1"));
    let location = format!("http://127.0.0.1:{}/latest", elsewhere.port());
    for status in [301, 302, 303, 307, 308] {
        upstream.answer(status, &[("location", &location)], "");
        let answer = fetch(&open(), get(&upstream.url("/"))).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert!(!elsewhere.sprung(), "{status}");
    }
}

/// Reads a request's head, and begins the answer.
async fn begin(socket: &mut TcpStream, head: &str) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(socket.read_u8().await.unwrap());
    }
    socket.write_all(head.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn f5_an_answer_of_the_greatest_length_passes_and_one_byte_more_does_not() {
    let upstream = Upstream::start().await;
    for (length, fits) in [(LIMIT, true), (LIMIT + 1, false)] {
        upstream.answer(200, &[], vec![b'x'; length]);
        let answer = fetch(&open(), get(&upstream.url("/"))).await;
        match answer {
            Ok(answer) => assert!(fits && answer.body().len() == length),
            Err(error) => assert!(!fits && matches!(error, FetchError::TooLarge(LIMIT)), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn f5_of_50_mebibytes_hardly_more_than_the_limit_is_read() {
    const ALL: usize = 50 * 1024 * 1024;
    for (head, chunk) in [
        ("content-length: 52428800\r\n\r\n", vec![b'x'; 16 * 1024]),
        (
            "transfer-encoding: chunked\r\n\r\n",
            [b"4000\r\n", &[b'x'; 16 * 1024][..], b"\r\n"].concat(),
        ),
    ] {
        let (tell, written) = oneshot::channel();
        let url = raw::server(async move |mut socket| {
            begin(&mut socket, &format!("HTTP/1.1 200 OK\r\n{head}")).await;
            let mut sent = 0;
            while sent < ALL && socket.write_all(&chunk).await.is_ok() {
                sent += chunk.len();
            }
            tell.send(sent).unwrap();
        });
        let outcome = fetch(&open(), get(&url.await)).await;
        assert!(matches!(outcome, Err(FetchError::TooLarge(LIMIT))), "{outcome:?}");
        let written = soon("the connection to be closed", written).await.unwrap();
        // The rest filled buffers of the system's.
        assert!(written < ALL / 2, "{written}");
    }
}

fn hurried() -> Egress {
    Egress::system(&EgressConfig {
        fetch: FetchLimits {
            time: SHORT,
            ..FetchLimits::default()
        },
        ..config(&["127.0.0.0/8"])
    })
}

#[tokio::test]
async fn f5_an_answer_that_drips_is_cut_although_it_never_stops() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-",
    ] {
        let (tell, gone) = oneshot::channel();
        let url = raw::server(async move |mut socket| {
            begin(&mut socket, head).await;
            let mut drip = tokio::time::interval(SHORT / 30);
            while socket.write_all(b"x").await.is_ok() {
                drip.tick().await;
            }
            tell.send(()).unwrap();
        });
        let outcome = fetch(&hurried(), get(&url.await)).await;
        assert!(matches!(outcome, Err(FetchError::TimedOut(SHORT))), "{outcome:?}");
        soon("the connection to be closed", gone).await.unwrap();
    }
}

#[tokio::test]
async fn f5_an_answer_that_never_begins_is_given_up() {
    let trap = Trap::at("127.0.0.1");
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://127.0.0.1:{}/", trap.port());
        let outcome = fetch(&hurried(), get(&url)).await;
        assert!(matches!(outcome, Err(FetchError::TimedOut(SHORT))), "{outcome:?}");
        assert!(trap.sprung());
    }
}

#[tokio::test]
async fn an_answer_that_ends_early_is_no_answer() {
    let url = raw::server(async |mut socket| {
        begin(&mut socket, "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{\"a\":").await;
    });
    let error = fetch(&open(), get(&url.await)).await.unwrap_err();
    assert!(matches!(error, FetchError::Cut), "{error:?}");
    assert_eq!(error.to_string(), "its answer was cut off");
}
