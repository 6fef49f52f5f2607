//! `overkey doctor`: looks at everything that an installation stands on, changes nothing, and says what to do.

mod installation;
mod reach;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;

use super::say;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::startup::{self, Overkey};

/// What was found of one thing.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    check: String,
    state: State,
    detail: String,
    /// Empty where all is well.
    todo: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    /// Works, and should be looked at.
    Warning,
    Trouble,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Trouble => "TROUBLE",
        }
    }
}

impl Finding {
    fn ok(check: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            state: State::Ok,
            detail: detail.into(),
            todo: String::new(),
        }
    }

    fn warning(check: impl Into<String>, detail: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            state: State::Warning,
            todo: todo.into(),
            ..Self::ok(check, detail)
        }
    }

    fn trouble(check: impl Into<String>, detail: impl Into<String>, todo: impl Into<String>) -> Self {
        Self {
            state: State::Trouble,
            ..Self::warning(check, detail, todo)
        }
    }

    fn line(&self) -> String {
        let (word, check, detail) = (self.state.word(), &self.check, &self.detail);
        let line = format!("{word:<8} {check}: {detail}");
        if self.todo.is_empty() {
            line
        } else {
            format!("{line}\n         -> {}", self.todo)
        }
    }
}

/// Ends with 1 when there is trouble; warnings are none.
pub(super) async fn run(file: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
    let mut findings = Vec::new();
    match Config::load(file) {
        Ok(config) => {
            findings.push(Finding::ok("configuration", "read, and every key is known"));
            everything(&mut findings, config).await;
        }
        Err(error) => findings.push(Finding::trouble(
            "configuration",
            error.to_string(),
            "Correct the file or the environment; docs/configuration.md lists the keys.",
        )),
    }
    if json {
        say(&serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(|finding| say(&finding.line()));
    }
    let trouble = findings.iter().any(|finding| finding.state == State::Trouble);
    Ok(if trouble { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn everything(findings: &mut Vec<Finding>, config: Config) {
    findings.push(installation::public_url(&config));
    let Some(store) = installation::database(findings, &config).await else {
        return;
    };
    if !installation::has_key_check(findings, store.as_ref()).await {
        return;
    }
    drop(store);
    let bound = config.listen;
    let url = match startup::public_url(&config, bound) {
        Ok(url) => url,
        Err(error) => {
            findings.push(Finding::trouble(
                "public URL",
                format!("{error:#}"),
                "Set OVERKEY_PUBLIC_URL.",
            ));
            return;
        }
    };
    match Overkey::open(config, url, Arc::new(SystemClock)).await {
        Err(error) => findings.push(Finding::trouble(
            "master key",
            format!("{error:#}"),
            "Give the key that this database was made with: OVERKEY_MASTER_KEY or OVERKEY_MASTER_KEY_FILE.",
        )),
        Ok(overkey) => {
            findings.push(installation::sealed(&overkey).await);
            findings.push(installation::keys(&overkey).await);
            findings.push(installation::trail(&overkey).await);
            reach::everywhere(findings, &overkey).await;
        }
    }
}
