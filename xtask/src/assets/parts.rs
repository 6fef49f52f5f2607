//! Takes the browser half apart, so that a page loads what it needs (`app/src/pages.rs` says which page lies in which part).
//!
//! wasm-split makes hundreds of pieces, one for each set of parts that share some code. A part's file holds all of its pieces;
//! what many parts share lies in one file that all of them load. A piece that came twice is used once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use wasm_split_cli_support::{Options, transform};

use super::optimize::Optimizer;
use super::pieces::{packed, without_names};
use crate::shell::step;

/// What loads the pieces; `NAME` is the build's, `SHARED` what the main part lends to all.
pub const LOADER: &str = include_str!("parts.js");
/// The file of what many parts share.
const COMMON: &str = "common";

pub struct Parts {
    /// What every page loads; wasm-bindgen has yet to process it.
    pub main: PathBuf,
    /// Where the pieces lie until they are packed.
    scratch: PathBuf,
    /// For each part its pieces, its own last.
    needs: BTreeMap<String, Vec<String>>,
    /// The names of what the main part lends to all.
    shared: String,
}

/// Makes the pieces.
pub fn split(linked: &Path, name: &str) -> Result<Parts> {
    step("Taking it apart");
    let whole = fs::read(linked).with_context(|| format!("cannot read {}", linked.display()))?;
    let scratch = linked.with_extension("parts");
    super::empty(&scratch)?;
    let main = scratch.join("main.wasm");
    let script = format!("./{name}_parts.js");
    let mut options = Options::new(&whole);
    options.output_dir = &scratch;
    options.main_out_path = &main;
    options.link_name = &script;
    let done =
        transform(options).map_err(|error| anyhow!("wasm-split could not process the browser half: {error:#}"))?;
    let shared = shared(&fs::read_to_string(scratch.join(&script))?)?;
    Ok(Parts {
        main,
        scratch,
        needs: done.prefetch_map.into_iter().collect(),
        shared,
    })
}

impl Parts {
    /// Writes `NAME_PART.wasm` and `NAME_parts.js`, which loads them. Answers for each part the files it needs: what
    /// the server names in a page's head.
    pub fn pack(&self, name: &str, pkg: &Path, optimizer: Option<&Optimizer>) -> Result<BTreeMap<String, Vec<String>>> {
        let pieces = self.pieces(optimizer)?;
        let ids: BTreeMap<_, _> = pieces.keys().zip(0_u32..).collect();
        let write = |file: &str, needed: &[&String], within: &[&String]| {
            let needed: Vec<_> = needed.iter().map(|piece| ids[piece]).collect();
            let within: Vec<_> = within
                .iter()
                .map(|piece| (ids[piece], pieces[*piece].as_slice()))
                .collect();
            Ok::<_, anyhow::Error>(fs::write(
                pkg.join(format!("{name}_{file}.wasm")),
                packed(&needed, &within)?,
            )?)
        };
        let common: Vec<_> = pieces.keys().filter(|piece| self.is_common(piece)).collect();
        write(COMMON, &[], &common)?;
        for (part, needed) in &self.needs {
            let needed: Vec<_> = needed.iter().collect();
            let elsewhere = |piece: &&String| self.is_common(piece) || self.is_around(piece, part);
            let own: Vec<_> = needed.iter().copied().filter(|piece| !elsewhere(piece)).collect();
            write(part, &needed, &own)?;
        }
        fs::write(
            pkg.join(format!("{name}_parts.js")),
            script(name, &self.shared, self.needs.keys()),
        )?;
        // A page has one part that lies in no other.
        let files = |part: &String| {
            let around = [format!("{name}_parts.js"), format!("{name}_{COMMON}.wasm")];
            let around = around.into_iter().filter(|_| outer(part).is_none());
            around.chain([format!("{name}_{part}.wasm")]).collect()
        };
        Ok(self.needs.keys().map(|part| (part.clone(), files(part))).collect())
    }

    /// Needed by three of four parts or more.
    fn is_common(&self, piece: &String) -> bool {
        self.needs.values().filter(|pieces| pieces.contains(piece)).count() * 4 >= self.needs.len() * 3
    }

    /// Needed by a part that this one lies in.
    fn is_around(&self, piece: &String, part: &str) -> bool {
        std::iter::successors(outer(part), |part| outer(part))
            .any(|around| self.needs.get(around).is_some_and(|pieces| pieces.contains(piece)))
    }

    fn pieces(&self, optimizer: Option<&Optimizer>) -> Result<BTreeMap<String, Vec<u8>>> {
        let names: BTreeSet<_> = self.needs.values().flatten().collect();
        let file = |piece: &str| self.scratch.join(format!("{piece}.wasm"));
        for piece in &names {
            let module = without_names(&fs::read(file(piece))?)?;
            fs::write(file(piece), module)?;
        }
        if let Some(optimizer) = optimizer {
            let files: Vec<_> = names.iter().map(|piece| file(piece)).collect();
            optimizer.shrink_all(&files, &self.scratch)?;
        }
        let read = |piece: &String| Ok((piece.clone(), without_names(&fs::read(file(piece))?)?));
        names.into_iter().map(read).collect()
    }
}

/// `server__overrides__form` lies in `server__overrides`, and that in `server`.
fn outer(part: &str) -> Option<&str> {
    part.rsplit_once("__").map(|(around, _)| around)
}

/// Out of wasm-split's own script: `const { NAME, .. } = initSync(..)`.
fn shared(made: &str) -> Result<String> {
    let (before, _) = made
        .split_once("} = initSync(")
        .context("wasm-split's script is of another make")?;
    let (_, names) = before
        .rsplit_once('{')
        .context("wasm-split's script is of another make")?;
    Ok(names.trim().trim_end_matches(',').to_owned())
}

/// wasm-split's script would fetch each piece by itself; ours takes them out of the files.
fn script<'a>(name: &str, shared: &str, parts: impl Iterator<Item = &'a String>) -> String {
    let lines = LOADER.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut script = lines.collect::<Vec<_>>().join("\n");
    for (placeholder, value) in [("NAME", name), ("SHARED", shared), ("COMMON", COMMON)] {
        script = script.replace(placeholder, value);
    }
    for part in parts {
        script.push_str(&format!("\nexport const __wasm_split_load_{part} = part(\"{part}\");"));
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_does_not_hold_what_those_around_it_hold() {
        let needs = [
            ("server", vec!["a", "b"]),
            ("server__tools", vec!["a", "c"]),
            ("server__tools__call", vec!["b", "c", "d"]),
        ];
        let owned = |pieces: Vec<&str>| pieces.into_iter().map(str::to_owned).collect();
        let parts = Parts {
            main: PathBuf::new(),
            scratch: PathBuf::new(),
            needs: needs.map(|(part, pieces)| (part.to_owned(), owned(pieces))).into(),
            shared: String::new(),
        };
        let around = |piece: &str, part| parts.is_around(&piece.to_owned(), part);
        assert!(around("a", "server__tools") && !around("c", "server__tools"));
        assert!(around("b", "server__tools__call") && around("c", "server__tools__call"));
        assert!(!around("d", "server__tools__call") && !around("a", "server"));
    }

    #[test]
    fn the_script_loads_each_part_with_what_the_main_part_lends() {
        let made = "function f() {\n    const { memory, __table,  } = initSync(undefined, undefined);\n}";
        let parts = ["people".to_owned(), "teams".to_owned()];
        let script = script("overkey-1", &shared(made).unwrap(), parts.iter());
        assert!(
            script.contains("import { initSync } from \"./overkey-1.js\";"),
            "{script}"
        );
        assert!(script.contains("const { memory, __table } = initSync();"), "{script}");
        assert!(
            script.contains("`./overkey-1_${name}.wasm`") && script.contains("[\"common\""),
            "{script}"
        );
        assert!(script.ends_with("export const __wasm_split_load_people = part(\"people\");\nexport const __wasm_split_load_teams = part(\"teams\");"), "{script}");
        assert!(!script.contains("//"), "{script}");
        assert!(shared("another make").is_err());
    }
}
