//! The binary that users get: what it says when something is wrong, how it ends, and its commands.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::names::Trap;
use crate::support::process::{Home, Running, ended_well};
use crate::support::world::CALL;
use crate::support::{Answer, Upstream, app, soon};

#[test]
fn an_unknown_setting_names_the_nearest_known_one() {
    let home = Home::new();
    let text = home
        .run_with(&["migrate"], &[("OVERKEY_DATABSE_URL", "secret-value")])
        .complaint();
    assert!(text.contains("`databse_url`; did you mean `database_url`?"), "{text}");
    assert!(!text.contains("secret-value"), "{text}");
    std::fs::write(home.folder.path().join("overkey.toml"), "upstream_alow = []").unwrap();
    let text = home.run(&["migrate"]).complaint();
    assert!(
        text.contains("`upstream_alow`; did you mean `upstream_allow`?"),
        "{text}"
    );
    let text = home.run(&["migrate", "--config", "absent.toml"]).complaint();
    assert!(text.contains("absent.toml"), "{text}");
}

/// Well-formed, and nobody's.
const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn an_unreachable_database_is_told_without_its_password() {
    let home = Home::new();
    for url in [
        "sqlite:/nowhere/at/all/overkey.db",
        "postgres://u:canary-password@127.0.0.1:1/overkey",
        "mysql://x",
    ] {
        let settings = [("OVERKEY_DATABASE_URL", url), ("OVERKEY_MASTER_KEY", OTHER_KEY)];
        let text = home.run_with(&["serve"], &settings).complaint();
        assert!(text.contains("OVERKEY_DATABASE_URL"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = home.run_with(&["serve"], &[("OVERKEY_LISTEN", &address)]).complaint();
    assert!(text.contains(&address) && text.contains("OVERKEY_LISTEN"), "{text}");
}

#[test]
fn h4_another_or_a_missing_master_key_is_told_at_start() {
    let home = Home::new();
    home.run(&["migrate"]).ok();
    let text = home
        .run_with(&["serve"], &[("OVERKEY_MASTER_KEY", OTHER_KEY)])
        .complaint();
    assert!(
        text.contains("does not fit this database") && !text.contains(OTHER_KEY),
        "{text}"
    );
    let text = home
        .run_with(&["serve"], &[("OVERKEY_MASTER_KEY", "c2hvcnQ=")])
        .complaint();
    assert!(text.contains("32 bytes") && !text.contains("c2hvcnQ="), "{text}");
    std::fs::remove_file(home.folder.path().join("overkey.key")).unwrap();
    let text = home.run(&["serve"]).complaint();
    assert!(text.contains("overkey.key") && text.contains("missing"), "{text}");
    let text = home
        .run_with(&["serve"], &[("OVERKEY_DATABASE_URL", "postgres://127.0.0.1/x")])
        .complaint();
    assert!(text.contains("master_key"), "{text}");
}

#[test]
fn h7_key_and_database_are_their_owners_only() {
    let home = Home::new();
    home.run(&["migrate"]).ok();
    home.run(&["migrate"]).ok();
    let mut files = 0;
    for file in std::fs::read_dir(home.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert!(files >= 2);
}

#[test]
fn people_are_added_listed_and_disabled() {
    let home = Home::new();
    let add = [
        "user",
        "add",
        "--email",
        "Ada@Demo.test",
        "--name",
        "Ada Park",
        "--admin",
        "--password-stdin",
    ];
    let added = home.run_with_input(&add, "a canary password\n").ok();
    assert!(added.contains("ada@demo.test"), "{added}");
    let again = home.run_with_input(&add, "a canary password\n").complaint();
    assert!(
        again.contains("e-mail address already") && !again.contains("canary"),
        "{again}"
    );
    let weak = ["user", "add", "--email", "bob@demo.test", "--password-stdin"];
    let weak = home.run_with_input(&weak, "password1\n").complaint();
    assert!(weak.contains("password: "), "{weak}");
    let bad = home.run(&["user", "add", "--email", "bob"]).complaint();
    assert!(bad.contains("email: "), "{bad}");
    home.run(&["user", "add", "--email", "bob@demo.test"]).ok();
    home.run(&["user", "disable", "--email", "bob@demo.test"]).ok();
    let list = home.run(&["user", "list"]).ok();
    assert_eq!(
        list,
        "ada@demo.test\tAda Park\tadmin\tactive\nbob@demo.test\tbob\tmember\tdisabled\n"
    );
    let unknown = home
        .run(&["user", "disable", "--email", "nobody@demo.test"])
        .complaint();
    assert!(!unknown.is_empty());
    let gone = home.run(&["token", "create", "--user", "bob@demo.test"]).complaint();
    assert!(gone.contains("bob@demo.test"), "{gone}");
    home.run(&["user", "enable", "--email", "bob@demo.test"]).ok();
    let list = home.run(&["user", "list"]).ok();
    assert!(list.ends_with("bob@demo.test\tbob\tmember\tno_password\n"), "{list}");
    let bytes = home.bytes();
    assert!(!bytes.windows(15).any(|window| window == b"canary password"));
}

#[test]
fn the_last_admin_is_not_disabled_by_the_command_line_either() {
    let home = Home::new();
    for name in ["ada", "mia"] {
        let email = format!("{name}@demo.test");
        home.run(&["user", "add", "--email", &email, "--admin"]).ok();
    }
    home.run(&["user", "disable", "--email", "ada@demo.test"]).ok();
    let refused = home.run(&["user", "disable", "--email", "mia@demo.test"]).complaint();
    assert!(refused.contains("last admin"), "{refused}");
    let list = home.run(&["user", "list"]).ok();
    assert!(list.contains("mia@demo.test\tmia\tadmin\tno_password"), "{list}");
}

#[test]
fn an_invitation_is_printed_once_and_stored_as_a_hash() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let invite = ["user", "invite", "--email", "ada@demo.test"];
    let nowhere = home.run(&invite).complaint();
    assert!(nowhere.contains("OVERKEY_PUBLIC_URL"), "{nowhere}");
    let settings = [("OVERKEY_PUBLIC_URL", "https://overkey.example")];
    let link = home.run_with(&invite, &settings).ok();
    let token = link.trim().strip_prefix("https://overkey.example/invite/").unwrap();
    assert_eq!(token.len(), 43, "256 bits: {link}");
    let bytes = home.bytes();
    assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
    let list = home.run(&["user", "list"]).ok();
    assert_eq!(list, "ada@demo.test\tada\tadmin\tinvited\n");
}

#[test]
fn a_callers_own_token_in_the_environment_is_no_setting() {
    let home = Home::new();
    home.run_with(&["migrate"], &[("OVERKEY_TOKEN", "ok_pat_x")]).ok();
}

#[test]
fn a_token_is_printed_alone_once() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home
        .run(&["token", "create", "--user", "ada@demo.test", "--expires", "30d"])
        .ok();
    assert!(
        token.starts_with("ok_pat_") && token.trim_end().len() + 1 == token.len(),
        "{token:?}"
    );
    let bad = home
        .run(&["token", "create", "--user", "ada@demo.test", "--expires", "soon"])
        .complaint();
    assert!(bad.contains("--expires"), "{bad}");
    let bytes = home.bytes();
    assert!(!bytes.windows(20).any(|window| window == &token.as_bytes()[..20]));
}

#[tokio::test]
async fn without_people_the_log_names_a_set_up_link_and_metrics_may_listen_elsewhere() {
    let home = Home::new();
    let mut command = home.command(&["serve"]);
    command
        .env("OVERKEY_METRICS_LISTEN", "127.0.0.1:0")
        .env("OVERKEY_LOG_FORMAT", "json");
    let running = Running::start(command);
    let http = app::client(running.url.authority());
    let get = |path: &str| Answer::of(http.get(running.url.join(path).unwrap()));
    assert_eq!(get("/healthz").await.status, 200);
    assert_eq!(get("/readyz").await.status, 200);
    assert_eq!(get("/metrics").await.status, 404);
    running.terminate();
    let (status, log) = running.ended().await;
    assert!(ended_well(status), "{status}");
    let log = String::from_utf8(log).unwrap();
    assert_eq!(log.matches("/setup/").count(), 1, "{log}");
    for line in log.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
}

#[tokio::test]
async fn sigterm_lets_a_running_call_finish_takes_no_new_ones_and_exits_0() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let token = token.trim();
    let upstream = Upstream::start().await;
    let running = Running::start(home.command(&["serve"]));
    let http = app::client(running.url.authority());
    let url = |path: &str| running.url.join(path).unwrap();
    let auth = json!({"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{KEY}}"}});
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": auth});
    Answer::of(http.post(url("/api/v1/servers")).bearer_auth(token).json(&new))
        .await
        .expect(201);
    let own = url("/api/v1/servers/notes/overrides/user/ada@demo.test");
    let put = http
        .put(own.clone())
        .bearer_auth(token)
        .json(&json!({"credential": "sk-ada"}));
    Answer::of(put).await.expect(201);

    let stream = upstream.stream(&[]);
    let mut call = http
        .post(url("/mcp/notes"))
        .bearer_auth(token)
        .body(CALL)
        .send()
        .await
        .unwrap();
    stream.send("data: 1\n\n").await;
    assert_eq!(call.chunk().await.unwrap().unwrap(), "data: 1\n\n");
    running.terminate();
    // It stops listening: then nobody can connect any more.
    let address = (running.url.host_str().unwrap().to_owned(), running.url.port().unwrap());
    let refused = async {
        while tokio::net::TcpStream::connect(address.clone()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    soon("new connections to be refused", refused).await;
    stream.send("data: 2\n\n").await;
    assert_eq!(call.chunk().await.unwrap().unwrap(), "data: 2\n\n");
    drop(stream);
    assert_eq!(call.chunk().await.unwrap(), None);
    drop(call);
    drop(http);
    let (status, log) = running.ended().await;
    assert!(ended_well(status), "{status}");
    assert!(String::from_utf8(log).unwrap().contains("Stopping"));
    // What was used last is in the database, although it is written in batches.
    let again = Running::start(home.command(&["serve"]));
    let http = app::client(again.url.authority());
    let path = again
        .url
        .join("/api/v1/servers/notes/overrides/user/ada@demo.test")
        .unwrap();
    let seen = Answer::of(http.get(path).bearer_auth(token)).await.expect(200);
    assert!(seen["last_used_at"].is_string(), "{seen}");
}

#[tokio::test]
async fn no_proxy_of_the_environment_is_asked() {
    let home = Home::new();
    home.run(&["user", "add", "--email", "ada@demo.test", "--admin"]).ok();
    let token = home.run(&["token", "create", "--user", "ada@demo.test"]).ok();
    let (upstream, proxy) = (Upstream::start().await, Trap::at("127.0.0.1"));
    let mut command = home.command(&["serve"]);
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        command.env(name, format!("http://127.0.0.1:{}", proxy.port()));
    }
    let running = Running::start(command);
    let http = app::client(running.url.authority());
    let url = |path: &str| running.url.join(path).unwrap();
    let new = json!({"name": "notes", "url": upstream.url("/mcp"), "outbound_auth": {"mode": "none"}});
    let made = http.post(url("/api/v1/servers")).bearer_auth(token.trim()).json(&new);
    Answer::of(made).await.expect(201);
    let call = http.post(url("/mcp/notes")).bearer_auth(token.trim()).body(CALL);
    Answer::of(call).await.expect(200);
    upstream.next().await;
    assert!(!proxy.sprung());
}
