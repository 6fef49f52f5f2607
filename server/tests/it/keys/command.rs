//! `overkey key`, beside a running server, killed and run again (H4, H6).

use std::os::unix::fs::PermissionsExt;

use super::installed::{Installed, crowd};
use super::ring;
use crate::support::Upstream;
use crate::support::database::Postgres;
use crate::support::process::Home;

#[tokio::test(flavor = "multi_thread")]
async fn b06_h3_h6_with_sqlite_the_key_is_made_beside_a_running_server_and_a_kill_loses_nothing() {
    let upstream = Upstream::start().await;
    let installed = Installed::new(Vec::new(), &upstream);
    let served = installed.serve();
    served.prepare().await;
    served.sends("sk-ada").await;
    let folder = installed.home.folder.path();
    let database = format!("sqlite:{}", folder.join("overkey.db").display());
    let file = server::config::KeySource::File(folder.join("overkey.key"));
    crowd(&installed, &database, file).await;
    let first = installed.file();
    installed.kill_in_the_middle();
    // Key 2 is there, and current; the server has found it by itself.
    let now = installed.file();
    assert!(
        now.starts_with(&format!("1:{}", first.trim())) && now.contains("\n2:"),
        "the old key is kept"
    );
    let mode = folder.join("overkey.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    served.sends("sk-ada").await;
    let status = installed.key("status").ok();
    let lines: Vec<&str> = status.lines().collect();
    assert!(lines[0].starts_with("key 1: overrides "), "{status}");
    assert!(lines[1].starts_with("key 2 (current): overrides "), "{status}");
    served.enter("sk-ada-2").await;
    let told = installed.key("rotate").ok();
    assert!(told.starts_with("Key 2 is current; going on."), "{told}");
    assert!(
        told.contains("everything is wrapped with key 2") && told.contains("overkey.key"),
        "{told}"
    );
    served.sends("sk-ada-2").await;
    assert_eq!(served.ready().await, 200);
    assert_eq!(installed.file(), now, "no third key");
    for key in now.lines().map(|line| line.split_once(':').unwrap().1) {
        assert!(!told.contains(key) && !status.contains(key) && !served.running.log().contains(key));
    }
    // Without the old key nothing is missing, and the next rotation makes key 3.
    let last = now.lines().last().unwrap();
    std::fs::write(folder.join("overkey.key"), last).unwrap();
    drop(served);
    let served = installed.serve();
    served.sends("sk-ada-2").await;
    let status = installed.key("status").ok();
    assert!(
        status.starts_with("key 2 (current): ") && status.lines().count() == 1,
        "{status}"
    );
    assert!(installed.home.run(&["audit", "verify"]).ok().contains("whole"));
    let told = installed.key("rotate").ok();
    assert!(
        told.contains("Made key 3") && told.contains("Key 3 is current now"),
        "{told}"
    );
    served.sends("sk-ada-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b06_h3_h6_with_postgres_replicas_get_the_ring_first_and_a_kill_loses_nothing() {
    let (upstream, database) = (Upstream::start().await, Postgres::create().await);
    let url = ("OVERKEY_DATABASE_URL", database.url.clone());
    let mut installed = Installed::new(vec![url, ("OVERKEY_MASTER_KEY", ring(&[1]))], &upstream);
    let served = installed.serve();
    served.prepare().await;
    drop(served);
    let asked = installed.key("rotate").complaint();
    assert!(
        asked.contains("no newer key than key 1") && asked.contains("2:<base64>"),
        "{asked}"
    );
    // 1. Both keys, and a restart. 2. The rotation.
    installed.set("OVERKEY_MASTER_KEY", ring(&[1, 2]));
    let served = installed.serve();
    served.sends("sk-ada").await;
    let key = server::config::KeySource::Value(domain::secret::Secret::new(ring(&[1])));
    crowd(&installed, &database.url, key).await;
    installed.kill_in_the_middle();
    served.sends("sk-ada").await;
    served.enter("sk-ada-2").await;
    let told = installed.key("rotate").ok();
    assert!(told.starts_with("Key 2 is current; going on."), "{told}");
    assert!(
        told.contains("key 1 (the entry 1:...)") && told.contains("OVERKEY_MASTER_KEY of every replica"),
        "{told}"
    );
    served.sends("sk-ada-2").await;
    assert_eq!(served.ready().await, 200);
    drop(served);
    // 3. Without the old key.
    installed.set("OVERKEY_MASTER_KEY", ring(&[2]));
    let served = installed.serve();
    served.sends("sk-ada-2").await;
    drop(served);
    // H4: with the old one alone, it is said which one is missing.
    installed.set("OVERKEY_MASTER_KEY", ring(&[1]));
    let complaint = installed.key("status").complaint();
    assert!(
        complaint.contains("sealed with master key 2") && complaint.contains("OVERKEY_MASTER_KEY"),
        "{complaint}"
    );
    database.remove().await;
}

#[tokio::test]
async fn b06_a_key_file_that_other_machines_do_not_have_gets_no_key_by_itself() {
    let database = Postgres::create().await;
    let home = Home::new();
    std::fs::write(home.folder.path().join("master.key"), ring(&[1])).unwrap();
    let settings = [
        ("OVERKEY_DATABASE_URL", database.url.as_str()),
        ("OVERKEY_MASTER_KEY_FILE", "master.key"),
    ];
    home.run_with(&["migrate"], &settings).ok();
    let asked = home.run_with(&["key", "rotate"], &settings).complaint();
    assert!(asked.contains("master.key of every replica"), "{asked}");
    assert_eq!(
        std::fs::read_to_string(home.folder.path().join("master.key")).unwrap(),
        ring(&[1])
    );
    database.remove().await;
}

#[test]
fn b06_h4_a_bad_ring_is_told_at_start_by_its_place() {
    let home = Home::new();
    home.run(&["migrate"]).ok();
    let told = |ring: &str| {
        home.run_with(&["key", "status"], &[("OVERKEY_MASTER_KEY", ring)])
            .complaint()
    };
    let good = ring(&[1]);
    for (ring, expected) in [
        (
            format!("{good},1:c2hvcnQ="),
            "OVERKEY_MASTER_KEY cannot be used: entry 2 is not 32 bytes",
        ),
        (format!("{good},{good}"), "key 1 is there twice"),
        (format!("{good},AAAA"), "entry 2 has no id"),
        (" , ".to_owned(), "there is no key"),
    ] {
        let text = told(&ring);
        assert!(
            text.contains(expected) && !text.contains("c2hv") && !text.contains("AAAA"),
            "{text}"
        );
        assert!(!text.contains(good.split_once(':').unwrap().1), "{text}");
    }
    std::fs::write(home.folder.path().join("overkey.key"), "1:AAAA").unwrap();
    let text = home.run(&["key", "status"]).complaint();
    assert!(text.contains("overkey.key: entry 1 is not 32 bytes"), "{text}");
}

/// A key in the environment is nobody's file to write to.
#[test]
fn b06_a_key_in_the_environment_is_rotated_by_whoever_put_it_there() {
    let home = Home::new();
    let first = ring(&[1]);
    let settings = |ring: &str| [("OVERKEY_MASTER_KEY", ring.to_owned())];
    let run = |command: &str, ring: &str| {
        let settings = settings(ring);
        let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        home.run_with(&["key", command], &settings)
    };
    let text = run("rotate", &first).complaint();
    assert!(text.contains("no newer key than key 1"), "{text}");
    let status = run("status", &first).ok();
    assert_eq!(status, "key 1 (current): settings 3\n");
    let told = run("rotate", &ring(&[1, 2])).ok();
    assert!(told.contains("Key 2 is current now, in place of key 1."), "{told}");
    let status = run("status", &ring(&[1, 2])).ok();
    assert_eq!(status, "key 1: nothing\nkey 2 (current): settings 3\n");
    assert!(!home.folder.path().join("overkey.key").exists());
}
