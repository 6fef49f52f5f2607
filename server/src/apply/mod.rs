//! `overkey apply`: reads a file that says what an installation should be. What it means is in `services::apply`.

mod print;
mod reader;
mod references;
mod world;
mod yaml;

use std::path::Path;

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::services::apply::{Problem, World};
use reader::{Lines, Reader};

pub use print::{print, told};
pub use references::{Look, Surroundings};

/// What editors check a file with.
pub const SCHEMA: &str = include_str!("schema.json");
/// More than anybody writes.
const MOST: u64 = 16 * 1024 * 1024;

/// A file that was read: what it wants, what is wrong with it, and where everything stands.
pub struct Read {
    pub world: World,
    pub problems: Vec<Problem>,
    pub lines: Lines,
    /// The beginning of its SHA-256: names it in the audit trail. No secret stands in it.
    pub digest: String,
}

/// `-` is standard input.
pub fn load(path: &Path) -> anyhow::Result<(String, Surroundings)> {
    use std::io::Read;
    let mut text = String::new();
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("Cannot read {}", path.display()))?)
    };
    input
        .take(MOST)
        .read_to_string(&mut text)
        .with_context(|| format!("Cannot read {} as UTF-8", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    Ok((text, Surroundings { folder }))
}

/// Reads a file whole, however much is wrong with it.
pub fn read(text: &str, look: &dyn Look) -> Read {
    let mut reader = Reader::new(look);
    let world = match yaml::parse(text) {
        Ok(root) => reader.world(&root),
        Err(error) => {
            let message = format!("line {}: {}", error.line, error.message);
            reader.problems.push(Problem {
                section: None,
                name: String::new(),
                field: String::new(),
                message,
            });
            World::default()
        }
    };
    let digest = Sha256::digest(text.as_bytes());
    Read {
        world,
        problems: reader.problems,
        lines: reader.lines,
        digest: digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect(),
    }
}

#[cfg(test)]
mod tests;
