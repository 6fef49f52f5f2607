//! What a team may be called: its name stands in addresses, in grants and in configuration files.

use std::fmt;

use serde::{Deserialize, Serialize};

const MAX: usize = 63;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TeamNameError {
    #[error("A team's name has 1 to 63 lower-case letters, digits, hyphens, dots and underscores.")]
    Spelling,
    /// `/teams/new` is a page, and a team may be named by its id.
    #[error("A team cannot be called “new”, nor like an id.")]
    Taken,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TeamName(String);

impl TeamName {
    /// White space around it does not count.
    pub fn parse(text: &str) -> Result<Self, TeamNameError> {
        let text = text.trim();
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        // A part of only dots is taken out of an address by every client.
        let dots = text.bytes().all(|byte| byte == b'.');
        if dots || text.len() > MAX || !text.bytes().all(letter) {
            return Err(TeamNameError::Spelling);
        }
        if text == "new" || is_id(text) {
            return Err(TeamNameError::Taken);
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TeamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Spelled like a UUID.
fn is_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_stand_in_an_address_and_is_no_page_and_no_id() {
        for good in ["platform", "data-eng_2", "a.b", "0", &"x".repeat(63), "  padded "] {
            assert_eq!(
                TeamName::parse(good).as_ref().map(TeamName::as_str),
                Ok(good.trim()),
                "{good}"
            );
        }
        for bad in [
            "",
            " ",
            "Platform",
            "a b",
            "a/b",
            "ä",
            ".",
            "..",
            &"x".repeat(64),
            "a\nb",
        ] {
            assert_eq!(TeamName::parse(bad), Err(TeamNameError::Spelling), "{bad}");
        }
        for taken in ["new", "019a2b3c-0000-7000-8000-000000000001"] {
            assert_eq!(TeamName::parse(taken), Err(TeamNameError::Taken), "{taken}");
        }
    }
}
