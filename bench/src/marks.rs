//! The places in bench/README.md where the figures of the last runs go.

use std::fs;

use anyhow::{Context as _, Result};

const README: &str = "bench/README.md";
pub const COMPARISON: &str = "comparison";
pub const SOAK: &str = "soak";

/// Puts a text between the marks of this name.
pub fn record(name: &str, text: &str) -> Result<()> {
    let readme = fs::read_to_string(README).context("start it at the top of the checkout to record it")?;
    fs::write(
        README,
        replaced(&readme, name, text).context("the README has lost its marks")?,
    )?;
    println!("Recorded in {README}");
    Ok(())
}

/// The text with what stands between the marks replaced.
fn replaced(text: &str, name: &str, new: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name} begins -->"), format!("<!-- {name} ends -->"));
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", new.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recording_replaces_what_stands_between_the_marks_and_nothing_else() {
        let text = "before\n<!-- a begins -->\nold\n<!-- a ends -->\nafter";
        let wanted = "before\n<!-- a begins -->\n\nnew\n\n<!-- a ends -->\nafter";
        assert_eq!(replaced(text, "a", "\nnew\n").unwrap(), wanted);
        assert!(replaced(text, "b", "new").is_none());
    }

    /// The one that is recorded in.
    #[test]
    fn the_readme_has_its_marks() {
        let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
        for name in [COMPARISON, SOAK] {
            assert!(replaced(&readme, name, "new").is_some(), "{name}");
        }
    }
}
