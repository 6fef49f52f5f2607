//! The loop of somebody who works on Overkey: save, and the browser shows it.

use std::env;
use std::net::TcpStream;

use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use notify::{EventKind, RecursiveMode, Watcher as _};

use crate::assets::{self, Mode};
use crate::reload::Reload;
use crate::shell::{cargo, notice, program, run, step};
use crate::{setup, workspace};

const WATCHED: [&str; 8] = [
    "Cargo.toml",
    "app",
    "domain",
    "frontend/src",
    "migrations",
    "server/src",
    "server/Cargo.toml",
    "style",
];

/// Editors write in several steps; what comes within this time belongs together.
const SETTLE: Duration = Duration::from_millis(200);

/// Builds, starts, waits for a change, and again. A build that fails leaves the last good server running.
pub fn watch() -> Result<()> {
    setup::for_building()?;
    let (told, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !matches!(event.kind, EventKind::Access(_))) {
            let _ = told.send(());
        }
    })
    .context("cannot watch the source files")?;
    for path in WATCHED
        .map(|name| workspace::root().join(name))
        .iter()
        .filter(|path| path.exists())
    {
        watcher
            .watch(path, RecursiveMode::Recursive)
            .with_context(|| format!("cannot watch {}", path.display()))?;
    }
    let reload = Reload::listen();
    let mut server = None;
    loop {
        match build() {
            Ok(()) => {
                server = Some(restart(server)?);
                reload.tell_browsers();
            }
            Err(error) => notice(&format!("{error:#}; waiting for the next change")),
        }
        wait(&changes)?;
    }
}

fn build() -> Result<()> {
    assets::build(Mode::Dev)?;
    run(&mut cargo(&["build", "-p", "server", "--bin", "overkey"]))
}

fn wait(changes: &Receiver<()>) -> Result<()> {
    changes.recv().context("the watcher ended")?;
    while changes.recv_timeout(SETTLE).is_ok() {}
    Ok(())
}

fn restart(old: Option<Child>) -> Result<Child> {
    if let Some(mut old) = old {
        stop(&mut old)?;
    }
    step("Starting the demo");
    let binary = workspace::target().join("debug/overkey");
    let mut demo = program(&binary);
    // Leptos puts its reloading script into the pages when this is set.
    demo.arg("demo").env("LEPTOS_WATCH", "1");
    let child = demo
        .spawn()
        .with_context(|| format!("could not start {}", binary.display()))?;
    wait_for_port(Duration::from_secs(20));
    Ok(child)
}

/// Asks, so that the demo can remove its folder, and insists when a call hangs.
fn stop(child: &mut Child) -> Result<()> {
    let _ = Command::new("kill").arg(child.id().to_string()).status();
    let asked = Instant::now();
    while asked.elapsed() < Duration::from_secs(2) {
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn wait_for_port(patience: Duration) {
    let address = env::var("OVERKEY_LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let started = Instant::now();
    while started.elapsed() < patience && TcpStream::connect(&address).is_err() {
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_together_is_built_once() {
        let (told, changes) = channel();
        for _ in 0..5 {
            told.send(()).unwrap();
        }
        wait(&changes).unwrap();
        assert!(changes.try_recv().is_err());
    }

    #[test]
    fn watches_only_what_is_there() {
        let root = workspace::root();
        assert!(WATCHED.iter().filter(|name| root.join(name).exists()).count() >= 5);
    }
}
