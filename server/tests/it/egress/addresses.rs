//! Who is connected to: every spelling of an address inside, name servers that change their mind, plain http (F1, F2).

use std::sync::Arc;

use server::egress::EgressError::Unreachable;
use server::egress::Unreachable::Tls;
use server::egress::{Egress, EgressError, Refused};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use url::Url;

use super::{config, send, with_names};
use crate::support::names::{Names, Trap, neighbours};
use crate::support::{Upstream, soon};

/// As people, scripts and attackers write this machine's own address.
const SPELLINGS: &[&str] = &[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "2130706433",
    "017700000001",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "0.0.0.0",
    "0",
];

fn refused(outcome: &Result<u16, EgressError>) -> Option<Refused> {
    match outcome {
        Err(EgressError::Refused(reason)) => Some(*reason),
        _ => None,
    }
}

fn of_the_system(allow: &[&str]) -> Egress {
    with_names(allow, &Arc::new(Names::of_the_system()))
}

/// As it is, and as `Url` writes it.
fn written(url: &str) -> [String; 2] {
    [url.to_owned(), Url::parse(url).unwrap().to_string()]
}

#[tokio::test]
async fn f1_no_spelling_of_an_address_inside_is_connected_to() {
    let (trap, strict) = (Trap::at("127.0.0.1"), of_the_system(&[]));
    for host in SPELLINGS {
        for scheme in ["http", "https"] {
            for url in written(&format!("{scheme}://{host}:{}/mcp", trap.port())) {
                let outcome = send(&strict, &url).await;
                // There are no certificates for numbers that are no addresses, so some fail before they are looked up.
                let nameless = scheme == "https" && matches!(outcome, Err(Unreachable { why: Tls, .. }));
                assert!(
                    refused(&outcome) == Some(Refused::Special) || nameless,
                    "{url}: {outcome:?}"
                );
                assert!(!trap.sprung(), "{url}");
            }
        }
    }
}

#[tokio::test]
async fn f1_each_of_these_spellings_does_lead_inside() {
    let upstream = Upstream::start().await;
    let port = upstream.authority.rsplit(':').next().unwrap();
    let open = of_the_system(&["127.0.0.0/8", "0.0.0.0/32", "::1/128"]);
    for host in SPELLINGS {
        for url in written(&format!("http://{host}:{port}/mcp")) {
            assert_eq!(send(&open, &url).await.unwrap(), 200, "{url}");
            upstream.next().await;
        }
    }
}

#[tokio::test]
async fn f1_special_addresses_elsewhere_are_refused_too() {
    let strict = Egress::system(&config(&["127.0.0.0/8"]));
    for host in [
        "169.254.169.254",
        "[::1]",
        "10.0.0.1",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[2002:7f00:1::]",
    ] {
        for scheme in ["http", "https"] {
            let outcome = send(&strict, &format!("{scheme}://{host}/")).await;
            assert_eq!(refused(&outcome), Some(Refused::Special), "{host}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn f1_a_name_that_holds_an_address_is_checked_like_any() {
    let trap = Trap::at("127.0.0.1");
    let names = Arc::new(Names::default().then("127.0.0.1.nip.example", &["127.0.0.1"]));
    for scheme in ["http", "https"] {
        let url = format!("{scheme}://127.0.0.1.nip.example:{}/", trap.port());
        let outcome = send(&with_names(&[], &names), &url).await;
        assert_eq!(refused(&outcome), Some(Refused::Special), "{outcome:?}");
        assert!(!trap.sprung());
    }
}

#[tokio::test]
async fn f2_a_second_answer_of_the_name_server_changes_nothing() {
    let (trap, listener) = neighbours();
    let (port, upstream) = (trap.port(), Upstream::on(listener));
    let names = Names::default()
        .then("a.example", &["127.0.0.2"])
        .then("a.example", &["127.0.0.1"]);
    let names = Arc::new(names);
    let egress = with_names(&["127.0.0.2/32"], &names);
    let url = format!("http://a.example:{port}/");
    upstream.answer(200, &[("connection", "close")], "");
    assert_eq!(send(&egress, &url).await.unwrap(), 200);
    upstream.next().await;
    assert_eq!(names.asked("a.example"), 1, "what was checked is what was connected to");
    // The next connection asks anew, and gets the answer that leads inside.
    let outcome = send(&egress, &url).await;
    assert_eq!(refused(&outcome), Some(Refused::Special), "{outcome:?}");
    assert_eq!(names.asked("a.example"), 2);
    upstream.assert_untouched();
    assert!(!trap.sprung());
}

#[tokio::test]
async fn f2_a_first_answer_that_leads_inside_is_not_tried() {
    let (trap, listener) = neighbours();
    let (port, upstream) = (trap.port(), Upstream::on(listener));
    let names = Names::default()
        .then("a.example", &["127.0.0.1"])
        .then("a.example", &["127.0.0.2"]);
    let egress = with_names(&["127.0.0.2/32"], &Arc::new(names));
    let url = format!("http://a.example:{port}/");
    let outcome = send(&egress, &url).await;
    assert_eq!(refused(&outcome), Some(Refused::Special), "{outcome:?}");
    upstream.assert_untouched();
    assert_eq!(send(&egress, &url).await.unwrap(), 200);
    assert!(!trap.sprung());
}

#[tokio::test]
async fn f2_of_several_addresses_the_one_inside_is_never_tried_even_if_the_others_fail() {
    let (trap, listener) = neighbours();
    let port = trap.port();
    let names = Names::default().then("a.example", &["127.0.0.1", "127.0.0.2", "127.0.0.1"]);
    let egress = with_names(&["127.0.0.2/32"], &Arc::new(names));
    let url = format!("http://a.example:{port}/");
    drop(listener);
    let outcome = send(&egress, &url).await;
    assert!(matches!(outcome, Err(Unreachable { .. })), "{outcome:?}");
    assert!(!trap.sprung());
}

#[tokio::test]
async fn f1_a_public_address_is_not_called_over_plain_http() {
    let (trap, listener) = neighbours();
    let (port, upstream) = (trap.port(), Upstream::on(listener));
    let names = Names::default()
        .then("public.example", &["93.184.216.34", "2606:2800:220:1::1"])
        .then("both.example", &["93.184.216.34", "127.0.0.1", "127.0.0.2"]);
    let egress = with_names(&["127.0.0.2/32"], &Arc::new(names));
    for host in ["public.example", "93.184.216.34", "[2606:2800:220:1::1]"] {
        let outcome = send(&egress, &format!("http://{host}:{port}/")).await;
        assert_eq!(refused(&outcome), Some(Refused::PlainHttp), "{outcome:?}");
    }
    assert_eq!(
        send(&egress, &format!("http://both.example:{port}/")).await.unwrap(),
        200
    );
    assert_eq!(
        upstream.next().await.only("host"),
        Some(format!("both.example:{port}").as_str())
    );
    assert!(!trap.sprung());
}

#[tokio::test]
async fn f1_https_is_spoken_with_tls_and_never_over_a_connection_made_for_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let names = Arc::new(Names::default().then("a.example", &["127.0.0.1"]));
    let egress = with_names(&["127.0.0.1/32"], &names);
    let mut begun = Vec::new();
    for scheme in ["http", "https"] {
        let (egress, url) = (egress.clone(), format!("{scheme}://a.example:{port}/"));
        let sending = tokio::spawn(async move { send(&egress, &url).await });
        let (mut socket, _) = soon("a connection", listener.accept()).await.unwrap();
        let mut first = [0; 1];
        soon("its first byte", socket.read_exact(&mut first)).await.unwrap();
        begun.push(first[0]);
        sending.abort();
    }
    // "GET", and a TLS handshake record.
    assert_eq!(begun, [b'G', 22]);
}
