//! `overkey key`: another master key, while everything runs, and which one wraps what.

use std::process::ExitCode;

use clap::Subcommand;

use super::{operator, say, told};
use crate::config::KeySource;
use crate::services::master_key::{Done, KeyUse, Progress, RotateError, SETTLE, Status};
use crate::startup::Overkey;

/// Progress is told each time that so many more are done.
const EVERY: u64 = 1_024;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the newest key current and re-wrap everything with it, while Overkey runs. With SQLite and a key file the key is made,
    /// too. Run again after a stop, it goes on.
    Rotate,
    /// Say how many values each key wraps, and whether it is here; ends with 1 when one is missing.
    Status,
}

pub(super) async fn run(overkey: &Overkey, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Rotate => rotate(overkey).await,
        Command::Status => {
            let status = overkey.services.master_keys.status(&operator()).await.map_err(told)?;
            print(&status);
            Ok(code(status.missing().is_empty()))
        }
    }
}

async fn rotate(overkey: &Overkey) -> anyhow::Result<ExitCode> {
    let mut told_of = 0;
    let mut tell = |progress: Progress<'_>| show(progress, &mut told_of);
    let done = overkey
        .services
        .master_keys
        .rotate(&operator(), SETTLE, &mut tell)
        .await;
    let done = match done {
        Ok(done) => done,
        Err(RotateError::NoNewerKey(key)) => anyhow::bail!("{}", what_to_add(&overkey.config.key, key)),
        Err(RotateError::Service(error)) => return Err(told(error)),
        Err(error) => return Err(error.into()),
    };
    finished(overkey, &done);
    Ok(code(done.left() == 0))
}

/// `told_of`: how many of the kind were done when it was last told.
fn show(progress: Progress<'_>, told_of: &mut u64) {
    match progress {
        Progress::Made { key, file } => say(&format!(
            "Made key {key} in {}. Copy that file to where your copy of the key is.",
            file.display()
        )),
        Progress::Current { key, before } if key == before => say(&format!("Key {key} is current; going on.")),
        Progress::Current { key, before } => say(&format!("Key {key} is current now, in place of key {before}.")),
        Progress::Rewrapped { kind, done, of } => {
            if done == of || done >= *told_of + EVERY {
                say(&format!("{kind}: {done} of {of}"));
                *told_of = if done == of { 0 } else { done };
            }
        }
    }
}

fn finished(overkey: &Overkey, done: &Done) {
    let total: u64 = done.rewrapped.values().sum();
    let (key, left) = (done.key, done.left());
    if left == 0 {
        say(&format!(
            "Done: {total} values re-wrapped, and everything is wrapped with key {key}."
        ));
        let old: Vec<u32> = done.status.keys.keys().copied().filter(|id| *id != key).collect();
        if !old.is_empty() {
            say(&removal(&overkey.config.key, &old));
        }
        return;
    }
    print(&done.status);
    if done.closed > 0 {
        let closed = done.closed;
        say(&format!(
            "{closed} values do not open with the key they name, and were left as they are; `overkey doctor` names them."
        ));
    }
    if left > done.closed {
        let others = left - done.closed;
        say(&format!(
            "{others} values were written with another key meanwhile: a replica may lack key {key} (its /readyz says so). Run this again when all have it."
        ));
    }
}

fn print(status: &Status) {
    for (id, key) in &status.keys {
        say(&format!("{}: {}", named(*id, key, status.current), wraps(key)));
    }
}

fn named(id: u32, key: &KeyUse, current: u32) -> String {
    let notes = [(id == current, "current"), (!key.is_here, "NOT HERE")];
    let notes: Vec<_> = notes.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect();
    match (id, notes.is_empty()) {
        (0, _) => "no key (damaged)".to_owned(),
        (_, true) => format!("key {id}"),
        (_, false) => format!("key {id} ({})", notes.join(", ")),
    }
}

fn wraps(key: &KeyUse) -> String {
    let wraps: Vec<_> = key
        .wraps
        .iter()
        .map(|(kind, number)| format!("{kind} {number}"))
        .collect();
    if wraps.is_empty() {
        "nothing".to_owned()
    } else {
        wraps.join(", ")
    }
}

fn removal(source: &KeySource, old: &[u32]) -> String {
    let keys: Vec<_> = old.iter().map(|id| format!("key {id} (the entry {id}:...)")).collect();
    let restart = match source {
        KeySource::Value(_) => " of every replica, and restart them one after the other",
        KeySource::File(_) => ", and restart Overkey",
    };
    format!(
        "No stored value needs {} any more. In an hour, when no open page needs it either, take it out of {}{restart}. Keep a copy as long as there are backups from before.",
        keys.join(" and "),
        source.place()
    )
}

fn what_to_add(source: &KeySource, current: u32) -> String {
    let (next, place) = (current.saturating_add(1), source.place());
    format!(
        "there is no newer key than key {current}, and all is wrapped with it. To rotate: put {next}:<base64> (openssl rand -base64 32) beside {current}:<base64> in {place} of every replica, restart them one after the other, and run this again."
    )
}

const fn code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
