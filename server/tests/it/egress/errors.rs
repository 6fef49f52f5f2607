//! What is told when nothing came back: enough to act on, and nothing of the URL.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use server::egress::{Egress, EgressConfig, EgressError, Resolve, Unreachable};

use super::{SHORT, config, send, with_names};
use crate::support::names::{Names, Trap};
use crate::support::{Upstream, raw};

fn why(outcome: Result<u16, EgressError>) -> Unreachable {
    match outcome {
        Err(EgressError::Unreachable { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let egress = with_names(
        &["127.0.0.0/8"],
        &Arc::new(Names::default().then("nothing.example", &[])),
    );
    for name in ["unknown.example", "nothing.example"] {
        assert_eq!(why(send(&egress, &format!("https://{name}/")).await), Unreachable::Name);
    }
    let closed = Trap::at("127.0.0.1").port();
    assert_eq!(
        why(send(&egress, &format!("http://127.0.0.1:{closed}/")).await),
        Unreachable::Connection
    );
    let hangs_up = raw::closing_upstream().await;
    assert_eq!(why(send(&egress, &hangs_up).await), Unreachable::Connection);
    // It answers, but not in TLS.
    let plain = Upstream::start().await;
    let url = format!("https://{}/", plain.authority);
    assert_eq!(why(send(&egress, &url).await), Unreachable::Tls);
}

struct Silent;

#[async_trait]
impl Resolve for Silent {
    async fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
        std::future::pending().await
    }
}

fn impatient(connect_timeout: Duration) -> EgressConfig {
    EgressConfig {
        connect_timeout,
        ..config(&["127.0.0.0/8"])
    }
}

#[tokio::test]
async fn names_and_tls_count_into_the_time_for_connecting() {
    let trap = Trap::at("127.0.0.1");
    let outcome = send(
        &Egress::new(&impatient(SHORT), &(Arc::new(Silent) as Arc<dyn Resolve>)),
        "https://a.example/",
    )
    .await;
    assert!(matches!(outcome, Err(EgressError::TimedOut)), "{outcome:?}");
    // It takes the connection and says nothing.
    let url = format!("https://127.0.0.1:{}/", trap.port());
    let outcome = send(&Egress::system(&impatient(SHORT)), &url).await;
    assert!(matches!(outcome, Err(EgressError::TimedOut)), "{outcome:?}");
    assert!(trap.sprung());
}

#[tokio::test]
async fn a_text_says_nothing_of_the_url_and_the_detail_nothing_of_its_query() {
    let names = Arc::new(Names::default().then("inside.example", &["10.1.2.3"]));
    let egress = with_names(&["127.0.0.0/8"], &names);
    let closed = Trap::at("127.0.0.1").port();
    for url in [
        format!("http://127.0.0.1:{closed}/path?token=canary"),
        "https://inside.example/path?token=canary".to_owned(),
        "https://unknown.example/path?token=canary".to_owned(),
        "https://user:canary@inside.example/".to_owned(),
    ] {
        let error = send(&egress, &url).await.unwrap_err();
        let (text, detail) = (error.to_string(), error.detail());
        assert!(!detail.contains("canary") && detail.len() >= text.len(), "{detail}");
        for part in ["canary", "path", "example", "127.0.0.1", "10.1.2.3"] {
            assert!(!text.contains(part), "{text}");
        }
    }
}
