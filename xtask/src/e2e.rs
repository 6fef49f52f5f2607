//! The browser tests: what users get, in a real browser, against a real server.

use anyhow::{Context as _, Result, bail};

use crate::assets::{self, Mode};
use crate::shell::{cargo, program, run, step};
use crate::tally::{self, Tally};
use crate::{setup, workspace};

/// `make e2e`.
pub fn command(args: &[String]) -> Result<()> {
    setup::for_building()?;
    setup::for_tests()?;
    let tally = tests(args)?;
    if tally.failed > 0 {
        bail!("{} of the browser tests failed", tally.failed);
    }
    Ok(())
}

/// Builds what is to be tested and hands it to Playwright, whose fixtures start one server per test file.
pub fn tests(args: &[String]) -> Result<Tally> {
    assets::build(Mode::Release)?;
    step("Building the server for the browser tests");
    // By itself: together with the Rust tests it would get features of their dependencies that users do not get.
    run(&mut cargo(&["build", "-p", "server", "--bin", "overkey"]))?;
    step("Testing in the browser");
    let chromium = setup::chromium().context("Chromium is missing: install it with `apt-get install chromium`")?;
    let mut playwright = program("node");
    playwright
        .current_dir(workspace::end2end())
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .args(args)
        .env("OVERKEY_TEST_BIN", workspace::target().join("debug/overkey"))
        .env("OVERKEY_TEST_CHROMIUM", chromium);
    tally::run(&mut playwright)
}
