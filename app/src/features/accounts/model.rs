//! Virtual accounts, as pages show them.

use domain::reach::Reach;
use serde::{Deserialize, Serialize};

use crate::features::teams::model::counted;
use crate::features::tokens::model::TokenRow;
use crate::ui::suggest_field::Suggestion;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountsPage {
    pub search: String,
    /// Who is no admin sees those they own.
    pub admin: bool,
    pub rows: Vec<AccountRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRow {
    pub name: String,
    pub description: String,
    /// Name and e-mail address.
    pub owner: Option<(String, String)>,
    pub last_used: Option<Moment>,
    pub added: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    pub row: AccountRow,
    pub admin: bool,
    pub tokens: Vec<TokenRow>,
    /// For admins: where it has access, how many credentials are stored for it, and who could own it.
    pub servers: Vec<(String, Reach)>,
    pub overrides: usize,
    pub people: Vec<Suggestion>,
}

impl AccountPage {
    /// What deleting takes along (D09).
    pub fn consequence(&self) -> String {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let parts = [
            counted(count(self.tokens.len()), "token", "tokens"),
            counted(count(self.overrides), "override", "overrides"),
        ];
        let named: Vec<&str> = self.servers.iter().map(|(name, _)| name.as_str()).collect();
        let servers = match named.as_slice() {
            [] => "It has access to no server.".to_owned(),
            names => format!("It has access to {}.", names.join(", ")),
        };
        format!(
            "Its {} go with it; whatever calls with them fails at once. {servers}",
            parts.join(" and ")
        )
    }
}

/// Hours and words: how long a replaced token goes on working.
pub const GRACES: [(&str, &str); 5] = [
    ("0", "It ends at once"),
    ("1", "1 hour"),
    ("24", "1 day"),
    ("168", "7 days"),
    ("720", "30 days"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d09_what_goes_with_an_account_is_said_before() {
        let page = AccountPage {
            row: AccountRow {
                name: "ci-bot".into(),
                description: String::new(),
                owner: None,
                last_used: None,
                added: Moment {
                    exact: String::new(),
                    relative: String::new(),
                },
            },
            admin: true,
            tokens: Vec::new(),
            servers: Vec::new(),
            overrides: 1,
            people: Vec::new(),
        };
        assert_eq!(
            page.consequence(),
            "Its 0 tokens and 1 override go with it; whatever calls with them fails at once. It has access to no server."
        );
    }
}
