//! Every test there is, and one line at the end that says how they went.

use std::process::Command;

use anyhow::{Result, bail};

use crate::postgres::Postgres;
use crate::shell::{cargo, step};
use crate::tally::{self, Tally};
use crate::{contract, deploy, e2e, nextest, setup};

/// One command for the four crates, so that they are built once, with one set of features.
const CRATES: [&str; 8] = ["-p", "domain", "-p", "app", "-p", "server", "-p", "bench"];

/// Rules, stores on both databases, whole server, our own tools, browser. All run, even if the first ones fail.
pub fn everything() -> Result<()> {
    setup::for_building()?;
    setup::for_tests()?;
    let postgres = Postgres::start()?;
    step("Testing rules, stores and the whole server");
    let mut rust = tally::run(crates().env("OVERKEY_TEST_POSTGRES", postgres.url()))?;
    drop(postgres);
    step("Testing our own tools");
    rust += tally::run(&mut cargo(&["test", "-p", "xtask", "--profile", "quick"]))?;
    rust += deploy::check()?;
    let browser = e2e::tests(&[])?;
    let api = contract::tests(&[])?;
    println!();
    println!("rules, stores, server, tools, deployment: {}", line(rust));
    println!("browser: {}", line(browser));
    println!("REST API by its description: {}", line(api));
    let mut all = rust;
    all += browser;
    all += api;
    println!("{}", line(all));
    if all.failed > 0 {
        bail!("{} of the tests failed", all.failed);
    }
    Ok(())
}

fn crates() -> Command {
    let mut command = nextest::command();
    command.arg("--no-fail-fast").args(CRATES);
    command
}

fn line(tally: Tally) -> String {
    format!("{} passed, {} failed", tally.passed, tally.failed)
}
