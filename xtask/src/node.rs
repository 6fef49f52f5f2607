//! Node packages: the browser tests, and wasm-opt where Node is there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::shell::{answer, find, notice, program, run_quietly, step};
use crate::workspace;

/// The oldest Node that the tests' authorization server starts on.
const OLDEST: u32 = 20;

/// Says so here, and not in the middle of a test.
pub fn check_version() -> Result<()> {
    let version = answer(program("node").arg("--version")).unwrap_or_default();
    match major(&version) {
        Some(major) if major >= OLDEST => Ok(()),
        _ => bail!("the tests need Node {OLDEST} or newer, and `node --version` says {version:?}"),
    }
}

/// Of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// Installs what end2end/package-lock.json names, once per version of that file.
pub fn end2end_packages() -> Result<()> {
    let dir = workspace::end2end();
    install(&dir).context("install the Node packages by hand: `npm ci` in end2end")
}

/// The Python packages of the upstream that checks OAuth tokens. Their script knows whether they are there already.
pub fn python_packages() -> Result<()> {
    step("Looking for the Python packages of the OAuth tests");
    let mut script = program("node");
    script.current_dir(workspace::end2end()).arg("oauth/set-up.mjs");
    run_quietly(&mut script).context("install the Python packages by hand: `node oauth/set-up.mjs` in end2end")
}

/// The `wasm-opt` that xtask/wasm-opt/package-lock.json pins. Nothing without Node or without a way to get packages.
pub fn wasm_opt() -> Option<PathBuf> {
    find("node")?;
    find("npm")?;
    let dir = workspace::scratch().join("wasm-opt");
    if let Err(error) = packages_at(&workspace::root().join("xtask/wasm-opt"), &dir) {
        notice(&format!("wasm-opt could not be installed: {error:#}"));
        return None;
    }
    let script = dir.join("node_modules/binaryen/bin/wasm-opt");
    script.is_file().then_some(script)
}

/// Installs what a folder of ours names into another one, below target.
pub fn packages_at(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        copy_if_changed(&from.join(file), &to.join(file))?;
    }
    install(to)
}

fn install(dir: &Path) -> Result<()> {
    let lock = fs::read(dir.join("package-lock.json")).context("package-lock.json is missing")?;
    let stamp = dir.join("node_modules/.overkey-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    step(&format!(
        "Installing the Node packages of {}",
        dir.file_name().unwrap_or_default().to_string_lossy()
    ));
    let mut npm = program("npm");
    npm.current_dir(dir)
        .args(["ci", "--no-audit", "--no-fund"])
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run_quietly(&mut npm)?;
    Ok(fs::write(stamp, lock)?)
}

fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let text = fs::read(from)?;
    if fs::read(to).is_ok_and(|old| old == text) {
        return Ok(());
    }
    Ok(fs::write(to, text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_the_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20"), None);
        assert_eq!(major(""), None);
    }
}
