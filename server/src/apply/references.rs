//! Secrets of a file: named there (`env:NAME`, `file:path`), kept elsewhere.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use domain::secret::Secret;

/// No credential is longer (D05), line break included.
const MOST: u64 = 64 * 1024;
const LITERAL: &str =
    "A secret does not stand in this file. Name where it is: env:NAME or file:path, or {{env:NAME}} inside a text.";

/// Where references lead.
pub trait Look: Sync {
    fn variable(&self, name: &str) -> Option<String>;
    fn file(&self, path: &str) -> Result<String, String>;
}

/// The environment of the process, and files beside the one that is applied.
pub struct Surroundings {
    pub folder: PathBuf,
}

impl Look for Surroundings {
    #[expect(
        clippy::disallowed_methods,
        reason = "not configuration: the file names what it means"
    )]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let path = self.folder.join(Path::new(path));
        let told = |error: std::io::Error| format!("The file {} cannot be read: {}.", path.display(), error.kind());
        let mut text = String::new();
        let file = File::open(&path).map_err(told)?;
        file.take(MOST + 1).read_to_string(&mut text).map_err(told)?;
        if text.len() as u64 > MOST {
            return Err(format!("The file {} is longer than a secret.", path.display()));
        }
        Ok(text)
    }
}

/// `env:NAME`, `file:path`, or a text with `{{env:NAME}}` and `{{file:path}}` in it.
pub(super) fn secret(look: &dyn Look, text: &str) -> Result<Secret, String> {
    if let Some(found) = reference(look, text.trim()) {
        return found.map(Secret::new);
    }
    let (mut whole, mut rest, mut filled) = (String::new(), text, false);
    while let Some((before, after)) = rest.split_once("{{") {
        let (inner, after) = after.split_once("}}").ok_or(LITERAL)?;
        whole.push_str(before);
        whole.push_str(&reference(look, inner.trim()).ok_or(LITERAL)??);
        (rest, filled) = (after, true);
    }
    whole.push_str(rest);
    if filled {
        Ok(Secret::new(whole))
    } else {
        Err(LITERAL.to_owned())
    }
}

/// `None`: it is none.
fn reference(look: &dyn Look, text: &str) -> Option<Result<String, String>> {
    let (kind, name) = text.split_once(':')?;
    let found = match kind {
        "env" => look
            .variable(name)
            .ok_or_else(|| format!("The environment variable {name} is not set.")),
        "file" => look.file(name),
        _ => return None,
    };
    let trimmed = found.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
    Some(trimmed.and_then(|text| {
        if text.is_empty() {
            Err(format!("There is nothing in {kind}:{name}."))
        } else {
            Ok(text)
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Here;

    impl Look for Here {
        fn variable(&self, name: &str) -> Option<String> {
            match name {
                "KEY" => Some("sk-1".to_owned()),
                "EMPTY" => Some(String::new()),
                _ => None,
            }
        }

        fn file(&self, path: &str) -> Result<String, String> {
            if path == "key.txt" {
                Ok("sk-2\n".to_owned())
            } else {
                Err(format!("The file {path} cannot be read."))
            }
        }
    }

    #[test]
    fn b08_references_are_followed_alone_and_inside_a_text() {
        for (text, value) in [
            ("env:KEY", "sk-1"),
            ("file:key.txt", "sk-2"),
            ("Bearer {{env:KEY}}", "Bearer sk-1"),
            ("{{ file:key.txt }}:{{env:KEY}}", "sk-2:sk-1"),
        ] {
            assert_eq!(secret(&Here, text).unwrap().expose(), value, "{text}");
        }
    }

    #[test]
    fn b08_a_literal_secret_is_refused_and_not_repeated() {
        for text in [
            "sk-canary",
            "Bearer {{sk-canary}}",
            "Bearer {{env:KEY",
            "vault:canary",
            "",
        ] {
            let message = secret(&Here, text).unwrap_err();
            assert!(
                message.contains("env:NAME") && !message.contains("canary"),
                "{text}: {message}"
            );
        }
        for (text, told) in [
            ("env:NOT", "NOT is not set"),
            ("file:no", "file no"),
            ("env:EMPTY", "nothing"),
        ] {
            let message = secret(&Here, text).unwrap_err();
            assert!(message.contains(told), "{message}");
        }
    }
}
