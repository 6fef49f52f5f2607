//! Builds everything a browser loads into `target/site`, where `server` embeds it from.
//!
//! All names carry one short hash of everything that went in, so that a browser may keep them for ever and two
//! builds never mix. `site.txt` holds the name of the current build and is written last: if it names what we would
//! build and the files are there, nothing is done.

mod compress;
mod fingerprint;
mod optimize;
mod parts;
mod pieces;
mod style;
mod wasm;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::shell::step;
use crate::workspace;
use fingerprint::Fingerprint;

/// Which files each part of the browser half is made of, for the server.
const PARTS: &str = "parts.json";

/// How much work goes into small files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Quick to build.
    Dev,
    /// Optimised and precompressed.
    Release,
}

/// Brings `target/site` up to date.
pub fn build(mode: Mode) -> Result<()> {
    let linked = wasm::link(mode)?;
    let css = style::bundle(&workspace::root().join("style/main.css"))?;
    let public = workspace::root().join("app/public");
    let optimizer = match mode {
        Mode::Release => optimize::Optimizer::find(),
        Mode::Dev => None,
    };
    let mut hash = Fingerprint::default();
    hash.add("mode", format!("{mode:?}").as_bytes());
    hash.add(
        "optimizer",
        optimizer.as_ref().map_or("none", |found| found.label()).as_bytes(),
    );
    hash.add(
        "wasm",
        &fs::read(&linked).with_context(|| format!("cannot read {}", linked.display()))?,
    );
    hash.add("loader", parts::LOADER.as_bytes());
    hash.add("css", css.as_bytes());
    hash.add_dir(&public)?;
    let name = format!("overkey-{}", hash.finish());
    let site = workspace::site();
    if is_current(&site, &name) {
        return Ok(());
    }
    step("Making the files that browsers load");
    let fresh = site.with_extension("new");
    empty(&fresh)?;
    let pkg = fresh.join("pkg");
    fs::create_dir_all(&pkg)?;
    wasm_files(&linked, &name, &fresh, mode, optimizer.as_ref())?;
    fs::write(pkg.join(format!("{name}.css")), css)?;
    copy_dir(&public, &fresh)?;
    if mode == Mode::Release {
        step("Compressing them");
        compress::all_below(&fresh)?;
    }
    fs::write(fresh.join("site.txt"), &name)?;
    replace(&fresh, &site)
}

/// The browser half, in parts unless it is for `make dev`.
fn wasm_files(
    linked: &Path,
    name: &str,
    site: &Path,
    mode: Mode,
    optimizer: Option<&optimize::Optimizer>,
) -> Result<()> {
    let pkg = site.join("pkg");
    if mode == Mode::Dev {
        return wasm::bind(linked, name, &pkg, mode);
    }
    let parts = parts::split(linked, name)?;
    wasm::bind(&parts.main, name, &pkg, mode)?;
    step("Shrinking the browser half");
    if let Some(optimizer) = optimizer {
        optimizer.shrink(&pkg.join(format!("{name}_bg.wasm")))?;
    }
    let needs = parts.pack(name, &pkg, optimizer)?;
    fs::write(site.join(PARTS), serde_json::to_string(&needs)?)?;
    Ok(())
}

fn is_current(site: &Path, name: &str) -> bool {
    let named = fs::read_to_string(site.join("site.txt")).is_ok_and(|text| text == name);
    let parts = ["{}.js", "{}_bg.wasm", "{}.css"].map(|part| site.join("pkg").join(part.replace("{}", name)));
    named && parts.iter().all(|file| file.is_file())
}

/// Puts the finished folder in place of the old one. Older hashes go with it.
fn replace(fresh: &Path, site: &Path) -> Result<()> {
    if site.exists() {
        fs::remove_dir_all(site).with_context(|| format!("cannot replace {}", site.display()))?;
    }
    fs::rename(fresh, site).with_context(|| format!("cannot write {}", site.display()))
}

fn empty(dir: &Path) -> Result<()> {
    if dir.exists() {
        fs::remove_dir_all(dir)?;
    }
    Ok(fs::create_dir_all(dir)?)
}

fn copy_dir(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
