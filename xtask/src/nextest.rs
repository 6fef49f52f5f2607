//! cargo-nextest, which runs each test in a process of its own: what a process counts for its metrics, tests can then compare.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, find, program, run, step};
use crate::workspace;

const VERSION: &str = "0.9.143";

/// Runs tests; what is on the machine, or what `install` has built.
pub fn command() -> Command {
    let mut command = match find("cargo-nextest") {
        Some(there) => program(there),
        None => program(ours()),
    };
    command.args(["nextest", "run"]);
    command
}

/// Builds it where it is missing.
pub fn install() -> Result<()> {
    if find("cargo-nextest").is_some() || ours().is_file() {
        return Ok(());
    }
    step("Building cargo-nextest, which runs the tests (some minutes, once)");
    let mut install = cargo(&["install", "--locked", "--version", VERSION, "cargo-nextest"]);
    install.args(["--no-default-features", "--features", "default-no-update"]);
    run(install.arg("--root").arg(tools()))
}

fn tools() -> PathBuf {
    workspace::target().join("tools")
}

fn ours() -> PathBuf {
    tools().join("bin/cargo-nextest")
}
