use std::net::SocketAddr;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
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

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = [0; 1024];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn a_kept_connection_outlives_the_time_for_headers_and_those_of_the_proxies_before_us() {
    assert!(
        Bounds::of(10).quiet > Duration::from_secs(600),
        "Google's keep theirs so long"
    );
    let headers = Duration::from_millis(50);
    let (mut stream, _stop) = connect(bounds(headers)).await;
    for _ in 0..2 {
        stream.write_all(ASK).await.unwrap();
        assert!(answer(&mut stream).await.ends_with("127.0.0.1"));
        let ended = tokio::time::timeout(headers * 4, stream.read(&mut [0])).await;
        assert!(ended.is_err(), "it was closed, or something was said unasked");
    }
}

#[tokio::test]
async fn a_kept_connection_that_asks_for_nothing_more_is_closed_without_a_reset() {
    let quick = Bounds {
        quiet: Duration::from_millis(50),
        ..Bounds::of(10)
    };
    let (mut stream, _stop) = connect(quick).await;
    stream.write_all(ASK).await.unwrap();
    assert!(answer(&mut stream).await.ends_with("127.0.0.1"));
    assert_eq!(answer(&mut stream).await, "");
    // What crosses the end on its way is not answered, and is no fault either: after a reset, the second would fail.
    for _ in 0..2 {
        stream.write_all(ASK).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    assert_eq!(answer(&mut stream).await, "");
}

#[tokio::test]
async fn an_answer_that_comes_before_its_request_is_whole_is_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = Router::new().route("/", post(|| async { StatusCode::UNAUTHORIZED }));
    tokio::spawn(serve(listener, router, Bounds::of(10), CancellationToken::new()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = vec![b'x'; 8 << 20];
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    let status = answer(&mut stream).await;
    assert!(status.starts_with("HTTP/1.1 401 "), "{status}");
    assert_eq!(answer(&mut stream).await, "", "nothing more is said");
    stream.write_all(&body).await.expect("somebody to read it");
}

#[tokio::test]
async fn hands_on_who_asks_and_stops_when_told() {
    let (mut stream, stop) = connect(Bounds::of(10)).await;
    stream.write_all(ASK).await.unwrap();
    let text = answer(&mut stream).await;
    assert!(text.ends_with("127.0.0.1"), "{text}");
    stop.cancel();
    // An idle connection does not keep us.
    assert_eq!(answer(&mut stream).await, "");
}

#[tokio::test]
async fn e4_headers_that_are_too_long_are_431() {
    let (mut stream, _stop) = connect(Bounds::of(10)).await;
    let long = "x".repeat(HEADER_BYTES);
    let request = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Long: {long}\r\n\r\n");
    // It may hang up before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let text = answer(&mut stream).await;
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

#[tokio::test]
async fn what_cannot_be_http2_any_more_is_http1() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for (begun, expected) in [
        ("GET / HTTP/1.1\r\n", true),
        ("POST / HTTP/1.1\r\n", true),
        ("PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n", true),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n and settings", false),
        ("PRI * HT", false),
        ("P", false),
        ("", false),
    ] {
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        peer.write_all(begun.as_bytes()).await.unwrap();
        peer.shutdown().await.unwrap();
        assert_eq!(is_http1(&stream).await, expected, "{begun:?}");
    }
}

#[tokio::test]
async fn a_method_that_begins_like_http2_is_one() {
    let (mut stream, _stop) = connect(bounds(Duration::from_secs(5))).await;
    stream.write_all(b"P").await.unwrap();
    stream
        .write_all(b"ATCH / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}
