//! The second way to a wasm32 standard library, for machines that cannot reach Rust's distribution server.
//!
//! Debian's backports carry the source of exactly this compiler's standard library. It is fetched from the machine's own
//! mirror, checked by the machine's own archive keyring, built once, and laid into the toolchain.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::setup::WASM;
use crate::shell::{answer, find, program, run, run_quietly, step};
use crate::workspace;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Builds the standard library for wasm32 and installs it into the toolchain in use.
pub fn install() -> Result<()> {
    if find("apt-get").is_none() || find("dpkg").is_none() {
        bail!("the wasm32 target is missing: install it with `rustup target add {WASM}`");
    }
    let version = answer(program("rustc").arg("--version"))
        .and_then(|line| line.split(' ').nth(1).map(str::to_owned))
        .context("rustc does not tell its version")?;
    let work = workspace::scratch().join("rust-src");
    let library = source(&work, &version)?;
    step("Building the wasm32 standard library");
    let built = compile(&work, &library)?;
    lay_in(&built)
}

/// Downloads and unpacks the library's source; answers its folder.
fn source(work: &Path, version: &str) -> Result<PathBuf> {
    let library = work.join(format!("unpacked/usr/src/rustc-{version}/library"));
    if library.is_dir() {
        return Ok(library);
    }
    step(&format!(
        "Fetching the source of Rust {version}'s standard library from Debian"
    ));
    let mirror = mirror().context("no Debian mirror is configured: install the target with `rustup target add`")?;
    let lists = work.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    let list = work.join("sources.list");
    fs::write(
        &list,
        format!("deb [signed-by={KEYRING}] {mirror} trixie-backports main\n"),
    )?;
    let apt = |args: &[&str]| {
        let mut command = program("apt-get");
        command.current_dir(work).arg("-qq");
        for option in ["Dir::Etc::sourceparts=/dev/null", "APT::Sandbox::User="] {
            command.args(["-o", option]);
        }
        command
            .arg("-o")
            .arg(format!("Dir::Etc::sourcelist={}", list.display()));
        command.arg("-o").arg(format!("Dir::State::lists={}", lists.display()));
        command.args(args);
        command
    };
    run_quietly(&mut apt(&["update"]))?;
    run_quietly(&mut apt(&["download", &format!("rust-src={version}*")]))?;
    let package = files(work)?
        .into_iter()
        .find(|file| file.extension().is_some_and(|e| e == "deb"));
    run_quietly(
        program("dpkg")
            .arg("-x")
            .arg(package.context("apt-get left no package")?)
            .arg(work.join("unpacked")),
    )?;
    if !library.is_dir() {
        bail!("Debian's rust-src has another layout than expected: install the target with `rustup target add {WASM}`");
    }
    Ok(library)
}

/// The machine's own first Debian mirror, from either form of apt's source files.
fn mirror() -> Option<String> {
    let mut entries = files(Path::new("/etc/apt/sources.list.d")).unwrap_or_default();
    entries.insert(0, PathBuf::from("/etc/apt/sources.list"));
    entries.retain(|file| file.extension().is_some_and(|kind| kind == "list" || kind == "sources"));
    entries
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .find_map(|text| first_mirror(&text))
}

fn first_mirror(text: &str) -> Option<String> {
    let words = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| {
            let uris = line.strip_prefix("URIs:").or_else(|| line.strip_prefix("deb "));
            uris.unwrap_or_default().split_whitespace()
        });
    words
        .map(|word| word.trim_end_matches('/'))
        .find(|word| word.contains("://") && word.ends_with("/debian"))
        .map(str::to_owned)
}

/// Builds `std` for an empty crate; answers the folder with the libraries.
fn compile(work: &Path, library: &Path) -> Result<PathBuf> {
    let shell = work.join("empty");
    fs::create_dir_all(shell.join("src"))?;
    let manifest = "[package]\nname = \"overkey_empty\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
        [profile.release]\npanic = \"abort\"\n[workspace]\n";
    fs::write(shell.join("Cargo.toml"), manifest)?;
    fs::write(shell.join("src/lib.rs"), "")?;
    let args = ["build", "--release", "--target", WASM, "-Zbuild-std=std,panic_abort"];
    run(crate::shell::cargo(&args)
        .current_dir(&shell)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", library)
        .env("CARGO_TARGET_DIR", shell.join("target")))?;
    Ok(shell.join("target").join(WASM).join("release/deps"))
}

fn lay_in(built: &Path) -> Result<()> {
    let sysroot = answer(program("rustc").args(["--print", "sysroot"])).context("rustc does not tell its folder")?;
    let place = Path::new(&sysroot).join("lib/rustlib").join(WASM).join("lib");
    fs::create_dir_all(&place).with_context(|| format!("cannot write to {}", place.display()))?;
    for file in files(built)? {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("lib") && name.ends_with(".rlib") && !name.contains("overkey_empty") {
            fs::copy(&file, place.join(&name)).with_context(|| format!("cannot write to {}", place.display()))?;
        }
    }
    Ok(())
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::first_mirror;

    #[test]
    fn reads_both_forms_of_apt_sources() {
        let deb822 = "Types: deb\n# URIs: http://old.test/debian\nURIs: http://mirror.test/debian/\nSuites: bookworm\n";
        assert_eq!(first_mirror(deb822).as_deref(), Some("http://mirror.test/debian"));
        let lines = "# a comment\ndeb [arch=amd64] http://mirror.test/debian bookworm main\n";
        assert_eq!(first_mirror(lines).as_deref(), Some("http://mirror.test/debian"));
    }

    #[test]
    fn passes_over_archives_that_hold_no_backports() {
        let mixed = "URIs: http://mirror.test/debian-security\nURIs: http://other.test/apt\n";
        assert_eq!(first_mirror(mixed), None);
    }
}
