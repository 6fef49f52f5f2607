//! One short name for everything that went into a build.

use std::fs;
use std::path::Path;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

/// Collects inputs; the order in which they are added counts.
#[derive(Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds one input. Name and length go in, too, so that neighbours cannot flow into each other.
    pub fn add(&mut self, name: &str, content: &[u8]) {
        for part in [name.as_bytes(), content] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    /// Adds every file below a folder, by path and content. A folder that is not there counts as empty.
    pub fn add_dir(&mut self, dir: &Path) -> Result<()> {
        let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                self.add_dir(&path)?;
            } else {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.add(&name, &fs::read(&path)?);
            }
        }
        Ok(())
    }

    /// Ten hexadecimal digits.
    pub fn finish(self) -> String {
        self.0
            .finalize()
            .iter()
            .take(5)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    fn of(parts: &[(&str, &str)]) -> String {
        let mut hash = Fingerprint::default();
        for (name, content) in parts {
            hash.add(name, content.as_bytes());
        }
        hash.finish()
    }

    #[test]
    fn is_the_same_for_the_same_input_and_short() {
        assert_eq!(of(&[("a", "1")]), of(&[("a", "1")]));
        assert_eq!(of(&[("a", "1")]).len(), 10);
    }

    #[test]
    fn tells_apart_what_only_flows_together() {
        assert_ne!(of(&[("a", "12"), ("b", "3")]), of(&[("a", "1"), ("b", "23")]));
        assert_ne!(of(&[("ab", "1")]), of(&[("a", "b1")]));
    }
}
