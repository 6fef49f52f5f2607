//! The binary: quick to build for the demo, optimised for release.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::assets::{self, Mode};
use crate::shell::{cargo, program, run as wait_for, step};
use crate::{setup, workspace};

/// Sets up, builds and becomes `overkey demo`.
pub fn run(args: &[String]) -> Result<()> {
    let binary = quick()?;
    let failure = program(&binary).arg("demo").args(args).exec();
    Err(failure).with_context(|| format!("could not start {}", binary.display()))
}

/// Sets up and builds what is quick to compile and quick enough to use, with finished assets inside.
pub fn quick() -> Result<PathBuf> {
    setup::for_building()?;
    assets::build(Mode::Release)?;
    step("Building the server (several minutes the first time, a moment afterwards)");
    wait_for(&mut cargo(&[
        "build",
        "-p",
        "server",
        "--bin",
        "overkey",
        "--profile",
        "quick",
    ]))?;
    Ok(workspace::target().join("quick/overkey"))
}

/// Leaves the finished binary, assets inside, at `target/release/overkey`.
pub fn release() -> Result<()> {
    setup::for_building()?;
    assets::build(Mode::Release)?;
    step("Building the server, optimised (this takes a while)");
    wait_for(&mut cargo(&["build", "-p", "server", "--bin", "overkey", "--release"]))?;
    step(&format!(
        "Finished: {}",
        workspace::target().join("release/overkey").display()
    ));
    Ok(())
}
