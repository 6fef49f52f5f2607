use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::id::UserId;
use futures_util::FutureExt;

use super::*;
use crate::config::AtMost;

fn at_most(in_all: usize, per_subject: usize, per_server: usize) -> AtMost {
    AtMost {
        in_all,
        per_subject,
        per_server,
    }
}

fn limits() -> Limits {
    Limits::new(LimitsConfig {
        calls: at_most(4, 2, 3),
        streams: at_most(2, 1, 1),
        bodies: at_most(4 * SHORT, 3 * SHORT, 2 * SHORT),
        connections: 1,
    })
}

fn subject(name: &str) -> SubjectRef {
    SubjectRef::user(&UserId::new(name))
}

fn admitted(limits: &Limits, kind: Kind, name: &str) -> Result<Admission, Full> {
    let mut admission = limits.enter(kind)?;
    admission.of(&subject(name))?;
    Ok(admission)
}

/// Everything has been given back.
#[track_caller]
fn assert_empty(limits: &Limits) {
    let held = [What::Calls, What::Streams, What::Bodies, What::Strangers].map(|what| limits.0.all.held(what));
    assert_eq!(held, [0; 4]);
    assert_eq!((limits.0.subjects.keys(), limits.0.servers.keys()), (0, 0));
}

#[test]
fn a_subject_s_own_limit_is_nobody_else_s() {
    let limits = limits();
    let bobs = [(); 2].map(|()| admitted(&limits, Kind::Call, "bob").unwrap());
    assert_eq!(admitted(&limits, Kind::Call, "bob").unwrap_err(), Full::Subject);
    let eves = admitted(&limits, Kind::Call, "eve").unwrap();
    // The refused one left nothing behind: a fourth finds a place in all, a fifth does not.
    let sues = admitted(&limits, Kind::Call, "sue").unwrap();
    assert_eq!(admitted(&limits, Kind::Call, "mia").unwrap_err(), Full::InAll);
    drop(bobs);
    admitted(&limits, Kind::Call, "bob").unwrap();
    drop((eves, sues));
    assert_empty(&limits);
}

#[test]
fn streams_and_calls_do_not_take_each_others_places() {
    let limits = limits();
    let stream = admitted(&limits, Kind::Stream, "bob").unwrap();
    assert_eq!(admitted(&limits, Kind::Stream, "bob").unwrap_err(), Full::Subject);
    let call = admitted(&limits, Kind::Call, "bob").unwrap();
    let server = ServerId::new("1");
    let at_server = limits.at_server(&server, Kind::Stream, 0).unwrap();
    assert_eq!(limits.at_server(&server, Kind::Stream, 0).unwrap_err(), Full::Server);
    limits.at_server(&server, Kind::Call, 0).unwrap();
    drop((stream, call, at_server));
    assert_empty(&limits);
}

#[test]
fn bytes_of_long_bodies_count_until_the_answer_begins() {
    let limits = limits();
    let mut bob = admitted(&limits, Kind::Call, "bob").unwrap();
    bob.hold_body(SHORT).unwrap();
    assert_eq!(limits.0.all.held(What::Bodies), 0, "short ones are bounded by number");
    bob.hold_body(2 * SHORT).unwrap();
    bob.hold_body(3 * SHORT).unwrap();
    assert_eq!(limits.0.all.held(What::Bodies), 3 * SHORT);
    assert_eq!(bob.hold_body(3 * SHORT + 1).unwrap_err(), Full::Subject);
    let mut eve = admitted(&limits, Kind::Call, "eve").unwrap();
    assert_eq!(eve.hold_body(2 * SHORT).unwrap_err(), Full::InAll);
    bob.let_body_go();
    eve.hold_body(2 * SHORT).unwrap();
    let server = ServerId::new("1");
    let longest = limits.at_server(&server, Kind::Call, 2 * SHORT).unwrap();
    assert_eq!(
        limits.at_server(&server, Kind::Call, SHORT + 1).unwrap_err(),
        Full::Server
    );
    drop((bob, eve, longest));
    assert_empty(&limits);
}

#[test]
fn a_panic_gives_the_places_back() {
    let limits = limits();
    let call = || {
        let mut admission = admitted(&limits, Kind::Call, "bob").unwrap();
        admission.hold_body(2 * SHORT).unwrap();
        let _at_server = limits.at_server(&ServerId::new("1"), Kind::Call, 2 * SHORT).unwrap();
        std::panic::resume_unwind(Box::new("a call broke"));
    };
    catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    assert_empty(&limits);
}

#[tokio::test]
async fn strangers_get_some_of_the_places_and_who_is_known_does_not_need_one() {
    let limits = limits();
    let mut stranger = Box::pin(limits.meet(pending::<()>()));
    assert!(stranger.as_mut().now_or_never().is_none());
    let second = Box::pin(limits.meet(pending::<()>())).now_or_never();
    assert_eq!(second.map(Result::unwrap_err), Some(Full::InAll), "does not wait");
    limits.meet(ready(())).await.unwrap();
    drop(stranger);
    assert_empty(&limits);
}

/// More threads than places, each for as long as the others may run.
#[test]
fn many_threads_never_have_more_than_there_is() {
    const THREADS: usize = 6;
    let limits = limits();
    let (most, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (limits, most, refused) = (&limits, &most, &refused);
            scope.spawn(move || {
                for _ in 0..2_000 {
                    match admitted(limits, Kind::Call, ["bob", "eve", "sue"][thread % 3]) {
                        Ok(_place) => {
                            std::thread::yield_now();
                            most.fetch_max(limits.0.all.held(What::Calls), Ordering::Relaxed);
                        }
                        Err(_) => {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    assert!(most.into_inner() <= 4);
    assert!(refused.into_inner() > 0, "it was never full");
    assert_empty(&limits);
}

#[test]
fn what_listens_is_a_stream() {
    let named =
        |method: &'static str| HeaderMap::from_iter([(MCP_METHOD, axum::http::HeaderValue::from_static(method))]);
    assert_eq!(Kind::of(&Method::GET, &HeaderMap::new()), Kind::Stream);
    assert_eq!(Kind::of(&Method::POST, &named("subscriptions/listen")), Kind::Stream);
    assert_eq!(Kind::of(&Method::POST, &named("tools/call")), Kind::Call);
    assert_eq!(Kind::of(&Method::DELETE, &HeaderMap::new()), Kind::Call);
}
