//! Tokens, codes, verifiers and client secrets stand nowhere in clear: not in the database's files, not in a log at its most talkative,
//! not in an answer (S08, H1, H5).

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::stage::{LIFETIME, SECRET, Stage, parameter};
use crate::support::World;

/// Everything that is logged in this process.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn s08_h1_h5_nothing_of_a_consent_stands_anywhere_in_clear() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("overkey.db");
    let url = format!("sqlite:{}", file.display());
    let world = World::with(move |config| config.database_url = url).await;
    let stage = Stage::on(&world).await;
    let browser = stage.browser(&world.bob).await;
    let departure = browser.depart("echo").await.unwrap();
    let back = stage.provider.consent(departure.as_str(), "bob", true).unwrap();
    let mut secrets = vec![SECRET.to_owned()];
    secrets.extend(parameter(&back, "code"));
    // While it is on its way, the state's hash and a seal are all there is.
    secrets.extend(parameter(&back, "state"));
    let mut answers = String::new();
    answers += &browser.come_back(&back).await;
    for _ in 0..3 {
        let sent = world.sent_authorization(&world.bob, "echo").await.unwrap();
        secrets.push(sent.strip_prefix("Bearer ").unwrap().to_owned());
        world.app.clock.advance(LIFETIME);
    }
    // How the provider's refresh tokens begin, which nobody but we ever gets.
    secrets.push("dp_refresh_".to_owned());
    assert_eq!(secrets.len(), 7);
    for (caller, path) in [
        (&world.mia, "/servers/echo/overrides"),
        (&world.mia, "/servers/echo"),
        (&world.bob, "/servers/echo/overrides"),
        (&world.ada, "/audit"),
    ] {
        answers += &world.app.get(caller, path).await.text;
    }
    answers += &world.call(&world.eve, "echo").await.text;
    world.app.overkey.services.calls.flush().await;
    let mut places = vec![
        ("the log", log.0.lock().unwrap().clone()),
        ("an answer", answers.into_bytes()),
    ];
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        places.push(("the database's files", std::fs::read(entry.unwrap().path()).unwrap()));
    }
    assert!(places.len() >= 4, "the database, its log, its index");
    assert!(holds(&places[0].1, "gateway.call"), "the log is captured");
    assert!(
        places[2..].iter().any(|(_, bytes)| holds(bytes, "bob@demo.test")),
        "the right files"
    );
    for (place, bytes) in &places {
        for secret in &secrets {
            assert!(!holds(bytes, secret), "{place} holds a secret: {}…", &secret[..4]);
        }
    }
}
