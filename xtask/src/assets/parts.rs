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

/// What loads the pieces; `NAME` is the build's.
const LOADER: &str = include_str!("parts.js");
/// The file of what many parts share.
const COMMON: &str = "common";

pub struct Parts {
    /// What every page loads; wasm-bindgen has yet to process it.
    pub main: PathBuf,
    /// Where the pieces lie until they are packed.
    scratch: PathBuf,
    /// For each part its pieces.
    needs: BTreeMap<String, Vec<String>>,
    script: String,
}

/// Makes the pieces.
pub fn split(linked: &Path, name: &str) -> Result<Parts> {
    step("Taking it apart");
    let whole = fs::read(linked).with_context(|| format!("cannot read {}", linked.display()))?;
    let scratch = linked.with_extension("parts");
    super::empty(&scratch)?;
    let main = scratch.join("main.wasm");
    let (script, bound) = (format!("./{name}_parts.js"), format!("./{name}.js"));
    let mut options = Options::new(&whole);
    options.output_dir = &scratch;
    options.main_out_path = &main;
    options.main_module = &bound;
    options.link_name = &script;
    let done =
        transform(options).map_err(|error| anyhow!("wasm-split could not process the browser half: {error:#}"))?;
    let script = fs::read_to_string(scratch.join(&script))?;
    Ok(Parts {
        main,
        scratch,
        needs: done.prefetch_map.into_iter().collect(),
        script,
    })
}

impl Parts {
    /// Writes `NAME_PART.wasm` and `NAME_parts.js`, which loads them. Answers for each part the files it needs, without their ending:
    /// what the server names in a page's head.
    pub fn pack(&self, name: &str, pkg: &Path, optimizer: Option<&Optimizer>) -> Result<BTreeMap<String, Vec<String>>> {
        let pieces = self.pieces(optimizer)?;
        let ids: BTreeMap<_, _> = pieces.keys().zip(0_u32..).collect();
        let common: Vec<_> = pieces.keys().filter(|piece| self.is_common(piece)).collect();
        let write = |file: &str, wanted: &[&String]| {
            let wanted = wanted.iter().map(|piece| (ids[piece], pieces[*piece].as_slice()));
            fs::write(pkg.join(format!("{name}_{file}.wasm")), packed(wanted))
        };
        write(COMMON, &common)?;
        for (part, needed) in &self.needs {
            let own: Vec<_> = needed.iter().filter(|piece| !self.is_common(piece)).collect();
            write(part, &own)?;
        }
        fs::write(pkg.join(format!("{name}_parts.js")), script(&self.script, name, &ids)?)?;
        let files = |part: &String| [COMMON, part].map(|file| format!("{name}_{file}")).to_vec();
        Ok(self.needs.keys().map(|part| (part.clone(), files(part))).collect())
    }

    /// Needed by two of five parts or more.
    fn is_common(&self, piece: &String) -> bool {
        self.needs.values().filter(|pieces| pieces.contains(piece)).count() * 5 >= self.needs.len() * 2
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

/// wasm-split's script fetches each piece by itself; ours takes it out of the files.
fn script(made: &str, name: &str, ids: &BTreeMap<&String, u32>) -> Result<String> {
    let mut script = LOADER.replace("NAME", name);
    let mut rest = made;
    while let Some((before, after)) = rest.split_once("() => {\n    const src = fetch(new URL(\"./") {
        let (piece, after) = after
            .split_once(".wasm\"")
            .context("wasm-split's script is of another make")?;
        let (_, after) = after
            .split_once("\n}\n")
            .context("wasm-split's script is of another make")?;
        let id = ids
            .get(&piece.to_owned())
            .with_context(|| format!("no part needs {piece}"))?;
        script.push_str(before);
        script.push_str(&format!("() => piece({id})"));
        rest = after;
    }
    script.push_str(rest);
    Ok(without_comments(&within(&script)))
}

/// `export const __wasm_split_load_PART = wrapAsyncCb(..);` → the same, once the part's file is there.
fn within(script: &str) -> String {
    let line = |line: &str| match line
        .strip_prefix("export const __wasm_split_load_")
        .and_then(|line| line.split_once(" = "))
    {
        Some((part, load)) => {
            let load = load
                .replacen("wrapAsyncCb(", &format!("wrapAsyncCb(within(\"{part}\", "), 1)
                .replace(");", "));");
            format!("export const __wasm_split_load_{part} = {load}")
        }
        None => line.to_owned(),
    };
    script.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// They list the parts of each piece, and are longer than all else.
fn without_comments(script: &str) -> String {
    let kept = script
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//") && !line.starts_with("/*"));
    kept.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_taken_out_of_the_files() {
        let fetch = |piece: &str| {
            format!(
                "() => {{\n    const src = fetch(new URL(\"./{piece}.wasm\", import.meta.url));\n    return async (imports) => (WebAssembly.instantiateStreaming(src, imports));\n}}\n"
            )
        };
        let made = format!(
            "/* people, teams */\nconst __chunk_1 = makeLoad({}, []);\nexport const __wasm_split_load_people = wrapAsyncCb(makeLoad({}, [__chunk_1]));\n",
            fetch("chunk_1"),
            fetch("split_people"),
        );
        let names = ["chunk_1".to_owned(), "split_people".to_owned()];
        let ids = names.iter().zip(0..).collect();
        let script = script(&made, "overkey-1", &ids).unwrap();
        assert!(script.ends_with(
            "const __chunk_1 = makeLoad(() => piece(0), []);\nexport const __wasm_split_load_people = wrapAsyncCb(within(\"people\", makeLoad(() => piece(1), [__chunk_1])));"
        ), "{script}");
        assert!(script.contains("./overkey-1_${name}.wasm"), "{script}");
        assert!(!script.contains("teams"), "{script}");
    }
}
