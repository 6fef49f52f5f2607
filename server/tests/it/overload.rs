//! The real binary with less than it would like to have.

use std::process::Command;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::process::{Home, Running};
use crate::support::{Answer, app, raw, soon};

/// The head of what the server answers on this connection, which stays open.
async fn ask(socket: &mut TcpStream) -> String {
    let request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    socket.write_all(request).await.unwrap();
    let mut answer = [0; 4096];
    let length = soon("an answer", socket.read(&mut answer)).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn e5_one_connection_too_many_is_503_until_another_has_ended() {
    let home = Home::new();
    let mut command = home.command(&["serve"]);
    command.env("OVERKEY_MAX_CONNECTIONS", "1");
    let running = Running::start(command);
    let mut first = raw::connect(&running.url).await;
    assert_eq!(raw::status(&ask(&mut first).await), 200);
    let refused = ask(&mut raw::connect(&running.url).await).await;
    assert_eq!(raw::status(&refused), 503);
    assert!(refused.contains("\r\nretry-after: 5\r\n"), "{refused}");
    assert_eq!(raw::status(&ask(&mut first).await), 200, "whoever is in stays");
    drop(first);
    let answered = async { while raw::status(&ask(&mut raw::connect(&running.url).await).await) != 200 {} };
    soon("a place", answered).await;
}

#[tokio::test]
async fn the_limit_on_open_files_is_raised_to_the_systems() {
    let home = Home::new();
    let overkey = home.command(&["serve"]);
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "ulimit -Sn 256 && exec \"$0\" \"$@\""])
        .arg(overkey.get_program())
        .args(overkey.get_args())
        .env_clear()
        .envs(overkey.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(home.folder.path());
    let running = Running::start(shell);
    let http = app::client(running.url.authority());
    let metrics = Answer::of(http.get(running.url.join("/metrics").unwrap())).await.text;
    let most = metrics.lines().find_map(|line| line.strip_prefix("process_max_fds "));
    let most: f64 = most.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap();
    assert!(most > 256.0, "{most}");
}
