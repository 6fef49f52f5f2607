//! Finds out what is missing, and fetches it where that can be done without asking.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::shell::{answer, find, is_root, notice, program, run, run_quietly, step};
use crate::{contract, nextest, node, postgres, wasm_source};

/// The target of the browser half.
pub const WASM: &str = "wasm32-unknown-unknown";

/// What `make run` and `make build` need besides cargo, which is there, or we would not run.
pub fn for_building() -> Result<()> {
    if find("cc").is_none() {
        bail!("a C compiler is missing: install it with `apt-get install gcc libc6-dev`");
    }
    if wasm_is_there() {
        return Ok(());
    }
    step("Adding the wasm32 target to the Rust toolchain");
    let added = run_quietly(program("rustup").args(["target", "add", WASM]));
    if added.is_ok() && wasm_is_there() {
        return Ok(());
    }
    notice("rustup could not add it; building it from Debian's copy of the standard library instead");
    wasm_source::install()
}

/// What `make test` needs in addition.
pub fn for_tests() -> Result<()> {
    let wanted = [
        ("postgresql", postgres::bin_dir().is_none()),
        ("chromium", chromium().is_none()),
        ("nodejs", find("node").is_none()),
        ("npm", find("npm").is_none()),
        ("python3-venv", !venv_is_there()),
    ];
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(_, missing)| *missing)
        .map(|(name, _)| *name)
        .collect();
    if !missing.is_empty() {
        install(&missing)?;
    }
    nextest::install()?;
    node::check_version()?;
    node::end2end_packages()?;
    node::python_packages()?;
    contract::packages()
}

/// The browser of the tests: `OVERKEY_TEST_CHROMIUM`, or the first of the usual names.
pub fn chromium() -> Option<PathBuf> {
    let named = env::var_os("OVERKEY_TEST_CHROMIUM").map(PathBuf::from);
    named.or_else(|| {
        ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .find_map(find)
    })
}

/// Debian has a `venv` that says it lacks `ensurepip` only when it is used.
fn venv_is_there() -> bool {
    answer(program("python3").args(["-c", "import ensurepip, venv"])).is_some()
}

fn wasm_is_there() -> bool {
    let lib = answer(program("rustc").args(["--print", "target-libdir", "--target", WASM]));
    let Some(files) = lib.and_then(|dir| fs::read_dir(dir).ok()) else {
        return false;
    };
    files
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("libstd-"))
}

/// Debian packages, if we may; otherwise the one line to type.
pub fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !is_root() || find("apt-get").is_none() {
        bail!("more is needed: install it with `sudo apt-get install {names}` (or your system's like)");
    }
    step(&format!("Installing from Debian: {names}"));
    let apt = |args: &[&str]| {
        let mut command = program("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(args);
        command
    };
    run(&mut apt(&["update"]))?;
    run(apt(&["install", "-y", "--no-install-recommends"]).args(packages))
}
