//! wasm-opt: halves what a browser loads. Optional, because it comes as a Node package or from the system.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::node;
use crate::shell::{answer, find, notice, program, run_quietly};
use crate::workspace;

/// What the Rust compiler and wasm-bindgen use. Named one by one: with all that wasm-opt knows, browsers refuse the file.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-multivalue",
];

/// Twice, with the control flow laid out anew before: what compresses best. The lowest kilobyte is the end of the stack, where nothing lies
/// whose address anybody takes.
const PASSES: [&str; 5] = ["--low-memory-unused", "--flatten", "--rereloop", "-Oz", "-Oz"];

/// Older ones do not read what today's compiler writes.
const OLDEST: u32 = 116;

/// A wasm-opt that works here.
pub struct Optimizer {
    program: PathBuf,
    label: String,
    /// The same as a library for Node.js, if it came so.
    library: Option<PathBuf>,
}

impl Optimizer {
    /// The pinned Node package, else one in `PATH` that is recent enough, else none, with a notice.
    pub fn find() -> Option<Self> {
        let found = [node::wasm_opt(), find("wasm-opt")]
            .into_iter()
            .flatten()
            .find_map(Self::recent);
        if found.is_none() {
            notice("wasm-opt is missing, so the page will load about twice the bytes; Node.js with npm would bring it");
        }
        found
    }

    fn recent(program: PathBuf) -> Option<Self> {
        let label = answer(crate::shell::program(&program).arg("--version"))?;
        let version = version(&label)?;
        let library = program.parent().map(|bin| bin.with_file_name("index.js"));
        (version >= OLDEST).then_some(Self {
            library: library.filter(|file| file.is_file()),
            program,
            label,
        })
    }

    /// What it calls itself.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Replaces a file by a smaller one that does the same.
    pub fn shrink(&self, file: &Path) -> Result<()> {
        let small = file.with_extension("small");
        let mut command = program(&self.program);
        run_quietly(command.args(PASSES).args(FEATURES).arg(file).arg("-o").arg(&small))?;
        Ok(fs::rename(small, file)?)
    }

    /// The same for many small files.
    pub fn shrink_all(&self, files: &[PathBuf], scratch: &Path) -> Result<()> {
        let Some(library) = &self.library else {
            return files.iter().try_for_each(|file| self.shrink(file));
        };
        let list = scratch.join("files.txt");
        let lines: Vec<_> = files.iter().map(|file| file.to_string_lossy()).collect();
        fs::write(&list, lines.join("\n"))?;
        let script = workspace::root().join("xtask/wasm-opt/shrink.mjs");
        run_quietly(program("node").arg(script).arg(library).arg(list))
    }
}

/// `wasm-opt version 132 (version_132)` → 132.
fn version(label: &str) -> Option<u32> {
    label.split_whitespace().find_map(|word| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn reads_what_wasm_opt_says_of_itself() {
        assert_eq!(version("wasm-opt version 132 (version_132)"), Some(132));
        assert_eq!(version("wasm-opt version 108"), Some(108));
        assert_eq!(version("not a version"), None);
    }
}
