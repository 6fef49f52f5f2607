//! `make lighthouse`: how fast the pages are in a browser (see bench/README.md). A measure and no test: its numbers mean something
//! on a machine that does nothing else.

use anyhow::{Context as _, Result, bail};

use crate::shell::{program, step};
use crate::{build, node, setup, workspace};

pub fn command(args: &[String]) -> Result<()> {
    let binary = build::quick()?;
    setup::for_tests()?;
    let packages = workspace::scratch().join("lighthouse");
    node::packages_at(&workspace::end2end().join("lighthouse"), &packages)?;
    step("Measuring");
    let chromium = setup::chromium().context("Chromium is missing: install it with `apt-get install chromium`")?;
    let mut playwright = program("node");
    playwright
        .current_dir(workspace::end2end())
        .args([
            "node_modules/@playwright/test/cli.js",
            "test",
            "--config",
            "lighthouse/playwright.config.ts",
        ])
        .args(args)
        .env("OVERKEY_TEST_BIN", binary)
        .env(
            "OVERKEY_LIGHTHOUSE",
            packages.join("node_modules/lighthouse/core/index.js"),
        )
        .env("OVERKEY_TEST_CHROMIUM", chromium);
    if !playwright.status()?.success() {
        bail!("a page is slower than it should be");
    }
    Ok(())
}
