//! Upstreams that offer HTTP/2: calls share a connection, and nobody waits for an answer that goes on for hours.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full};
use server::egress::{Answer, Egress, EgressConfig, EgressError, Purpose, Resolve, SystemResolver};

use super::config;
use crate::support::soon;
use crate::support::tls::TlsUpstream;

/// More than this run at once only over connections of their own.
const SHARED: usize = 64;

fn trusting(upstream: &TlsUpstream) -> Egress {
    with_ping(upstream, Duration::from_secs(60))
}

fn with_ping(upstream: &TlsUpstream, ping: Duration) -> Egress {
    let config = EgressConfig {
        trust: vec![upstream.certificate.clone()],
        ping,
        ..config(&["127.0.0.0/8"])
    };
    Egress::new(&config, &(Arc::new(SystemResolver) as Arc<dyn Resolve>))
}

async fn send(egress: &Egress, url: &str, purpose: Purpose) -> Result<Response<Answer>, EgressError> {
    let request = Request::post(url).body(Full::<Bytes>::default()).unwrap();
    soon("an answer or an error", egress.send_for(purpose, request)).await
}

/// A call, and over what it went.
async fn call(egress: &Egress, upstream: &TlsUpstream) -> Result<Version, EgressError> {
    let answer = send(egress, &upstream.url("/"), Purpose::Call).await?;
    assert_eq!(answer.status(), 200);
    soon("the body", answer.into_body().collect()).await.unwrap();
    Ok(upstream.seen().last().unwrap().version)
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    let upstream = TlsUpstream::http2(100).await;
    let egress = trusting(&upstream);
    for _ in 0..3 {
        assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_2);
    }
    assert_eq!(upstream.connections(), 1);
    let upstream = TlsUpstream::http1().await;
    let egress = trusting(&upstream);
    for _ in 0..3 {
        assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_11);
    }
}

#[tokio::test]
async fn nobody_else_is_trusted() {
    let upstream = TlsUpstream::http2(100).await;
    let other = TlsUpstream::http2(100).await;
    let error = call(&trusting(&other), &upstream).await.unwrap_err();
    assert_eq!(error.to_string(), "no trusted TLS connection to it can be made");
    let detail = error.detail();
    assert_eq!(detail.matches("invalid peer certificate").count(), 1, "{detail}");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn what_the_operator_configures_may_have_a_private_authority() {
    let upstream = TlsUpstream::http1().await;
    let way = |trust: &[_]| Egress::for_operator(Duration::from_secs(5), trust);
    assert!(call(&way(&[]), &upstream).await.is_err());
    let trust = [upstream.certificate.clone()];
    assert_eq!(call(&way(&trust), &upstream).await.unwrap(), Version::HTTP_11);
}

#[tokio::test]
async fn who_listens_takes_no_call_its_place() {
    let upstream = TlsUpstream::http2(4).await;
    let egress = trusting(&upstream);
    let mut listening = Vec::new();
    for _ in 0..8 {
        listening.push(send(&egress, &upstream.url("/long"), Purpose::Listen).await.unwrap());
        assert_eq!(upstream.seen().last().unwrap().version, Version::HTTP_11);
    }
    assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_2);
}

#[tokio::test]
async fn answers_that_go_on_for_long_do_not_hold_up_calls() {
    let upstream = TlsUpstream::http2(SHARED as u32).await;
    let egress = trusting(&upstream);
    call(&egress, &upstream).await.unwrap();
    let mut running = Vec::new();
    for _ in 0..SHARED {
        running.push(send(&egress, &upstream.url("/long"), Purpose::Call).await.unwrap());
    }
    assert_eq!(upstream.seen().last().unwrap().version, Version::HTTP_2);
    assert_eq!(upstream.connections(), 1);
    assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_11);
    running.clear();
    assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_2);
}

#[tokio::test]
async fn what_the_upstream_sends_back_unread_goes_again() {
    let upstream = TlsUpstream::http2(100).await;
    let egress = trusting(&upstream);
    call(&egress, &upstream).await.unwrap();
    upstream.refuse(1);
    assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_11);
    assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_2);
    // Of a burst on a connection whose limit we cannot know yet, most come back.
    let upstream = TlsUpstream::http2(2).await;
    let egress = trusting(&upstream);
    let calls = join_all((0..40).map(|_| call(&egress, &upstream))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
}

#[tokio::test]
async fn an_upstream_that_leaves_between_calls_fails_none() {
    let upstream = TlsUpstream::http2(100).await;
    let egress = trusting(&upstream);
    for round in 1..=20 {
        assert_eq!(
            call(&egress, &upstream).await.unwrap(),
            Version::HTTP_2,
            "round {round}"
        );
        assert_eq!(upstream.connections(), round);
        upstream.leave().await;
    }
}

#[tokio::test]
async fn a_connection_that_leads_nowhere_is_given_up() {
    let upstream = TlsUpstream::http2(100).await;
    let egress = with_ping(&upstream, Duration::from_millis(100));
    call(&egress, &upstream).await.unwrap();
    upstream.cut_the_wire();
    assert!(call(&egress, &upstream).await.is_err());
    assert_eq!(call(&egress, &upstream).await.unwrap(), Version::HTTP_2);
    assert_eq!(upstream.connections(), 2);
}
