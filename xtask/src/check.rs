//! What a reviewer should not have to look for: format, lints, types.

use anyhow::Result;

use crate::setup::{self, WASM};
use crate::shell::{cargo, find, notice, program, run, step};
use crate::{node, workspace};

/// Looks, and changes nothing.
pub fn check() -> Result<()> {
    setup::for_building()?;
    step("Checking the format");
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    step("Linting the server half and the tools");
    // Never the whole workspace at once: `app` would get its server and its browser half together.
    let native = [
        "clippy",
        "-p",
        "domain",
        "-p",
        "app",
        "-p",
        "server",
        "-p",
        "xtask",
        "-p",
        "bench",
        "--all-targets",
    ];
    run(cargo(&native).args(["--", "-D", "warnings"]))?;
    step("Linting the browser half");
    run(cargo(&["clippy", "-p", "frontend", "--target", WASM]).args(["--", "-D", "warnings"]))?;
    if find("npm").is_none() {
        notice("npm is missing, so the browser tests' types and format are not checked");
        return Ok(());
    }
    node::end2end_packages()?;
    step("Checking the browser tests' types and format");
    run(&mut end2end("check"))
}

/// Rewrites what `check` would complain about.
pub fn format() -> Result<()> {
    run(&mut cargo(&["fmt", "--all"]))?;
    if find("npm").is_some() {
        node::end2end_packages()?;
        run(&mut end2end("format"))?;
    }
    Ok(())
}

fn end2end(script: &str) -> std::process::Command {
    let mut npm = program("npm");
    npm.current_dir(workspace::end2end()).args(["run", "--silent", script]);
    npm
}
