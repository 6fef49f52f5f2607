//! The browser half: compiled by cargo, taken apart by wasm-split, then given its JavaScript by wasm-bindgen.
//!
//! wasm-bindgen is a library here, locked beside the crate of the same name, so that the two cannot drift apart; so is wasm-split.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use wasm_bindgen_cli_support::Bindgen;

use super::Mode;
use crate::setup::WASM;
use crate::shell::{cargo, run, step};
use crate::workspace;

/// Compiles and links `frontend`; cargo knows whether there is anything to do. Answers the linked file.
pub fn link(mode: Mode) -> Result<PathBuf> {
    step("Building the browser half");
    let (profile, folder) = match mode {
        Mode::Dev => ("dev", "debug"),
        Mode::Release => ("wasm-release", "wasm-release"),
    };
    let mut command = cargo(&["rustc", "-p", "frontend", "--lib", "--crate-type", "cdylib"]);
    command.args(["--target", WASM, "--profile", profile]);
    if mode == Mode::Release {
        // Who calls whom, which wasm-split goes by.
        command.args(["--", "-Clink-arg=--emit-relocs"]);
    }
    run(&mut command)?;
    Ok(workspace::target().join(WASM).join(folder).join("frontend.wasm"))
}

/// Writes `NAME.js` and `NAME_bg.wasm`, the names that Leptos' `HydrationScripts` asks for.
pub fn bind(linked: &Path, name: &str, pkg: &Path, mode: Mode) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(linked).out_name(name).typescript(false);
    if mode == Mode::Release {
        bindgen.remove_name_section(true).remove_producers_section(true);
        // The parts find what they use by these.
        bindgen.keep_lld_exports(true).demangle(false);
    } else {
        bindgen.keep_debug(true);
    }
    let bound = bindgen.web(true).and_then(|bindgen| bindgen.generate(pkg));
    bound.context("wasm-bindgen could not process the browser half")
}
