//! External identities, as the pages show them.

use domain::reach::Reach;
use serde::{Deserialize, Serialize};

use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentitiesPage {
    pub search: String,
    pub rows: Vec<IdentityRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityRow {
    pub id: String,
    pub name: String,
    pub issuer: String,
    pub subject: String,
    /// The servers that they may use.
    pub servers: Vec<String>,
    pub first_seen: Moment,
    /// Of the calls that are kept.
    pub last_call: Option<Moment>,
}

impl IdentityRow {
    /// The first servers by name, and how many more there are.
    pub fn servers_words(&self) -> String {
        const SHOWN: usize = 3;
        match self.servers.as_slice() {
            [] => "None".to_owned(),
            few if few.len() <= SHOWN => few.join(", "),
            many => format!("{} and {} more", many[..SHOWN].join(", "), many.len() - SHOWN),
        }
    }
}

/// One, and all that is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityPage {
    pub row: IdentityRow,
    pub servers: Vec<(String, Reach)>,
    pub overrides: usize,
}

impl IdentityPage {
    /// What deleting takes along (D09).
    pub fn consequence(&self) -> &'static str {
        match (self.servers.is_empty(), self.overrides) {
            (true, 0) => "Nothing else goes with it.",
            (false, 0) => "Its access goes with it.",
            (true, _) => "Its overrides go with it.",
            (false, _) => "Its access and its overrides go with it.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_servers_is_cut_short_and_counted() {
        let row = |count: usize| IdentityRow {
            id: String::new(),
            name: String::new(),
            issuer: String::new(),
            subject: String::new(),
            servers: (0..count).map(|number| format!("s{number}")).collect(),
            first_seen: Moment {
                exact: String::new(),
                relative: String::new(),
            },
            last_call: None,
        };
        let words = |count| row(count).servers_words();
        assert_eq!([words(0), words(3)], ["None", "s0, s1, s2"]);
        assert_eq!(words(5), "s0, s1, s2 and 2 more");
    }
}
