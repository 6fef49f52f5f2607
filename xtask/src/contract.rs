//! Holds the REST API against its description: Schemathesis, against a demo world of its own.

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, program, run, run_quietly, step};
use crate::tally::{self, Tally};
use crate::{setup, workspace};

/// `make contract`.
pub fn command(args: &[String]) -> Result<()> {
    setup::for_building()?;
    setup::for_tests()?;
    run(&mut cargo(&["build", "-p", "server", "--bin", "overkey"]))?;
    let tally = tests(args)?;
    if tally.failed > 0 {
        bail!("the REST API does not do what it says");
    }
    Ok(())
}

/// With the binary that the browser tests use.
pub fn tests(args: &[String]) -> Result<Tally> {
    step("Holding the REST API against its description");
    tally::run(script().args(args))
}

/// What the script needs of Python, once per version of its requirements.
pub fn packages() -> Result<()> {
    run_quietly(script().arg("--install"))
        .context("install the Python packages by hand: `node contract/run.mjs --install` in end2end")
}

fn script() -> std::process::Command {
    let mut node = program("node");
    node.current_dir(workspace::end2end())
        .arg("contract/run.mjs")
        .env("OVERKEY_TEST_BIN", workspace::target().join("debug/overkey"));
    node
}
