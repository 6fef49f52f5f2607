//! Grants, as the Access tab shows them.

use domain::reach::Reach;
use domain::role::ServerRole;
use serde::{Deserialize, Serialize};

use crate::ui::suggest_field::Suggestion;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessPage {
    pub server: String,
    /// Who was given access.
    pub rows: Vec<GrantRow>,
    /// Who has a role, whatever it comes from: a page of them.
    pub search: String,
    pub reached: Vec<ReachedRow>,
    pub next: Option<String>,
    /// The first of those who could be given access.
    pub first: Vec<Suggestion>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedRow {
    pub name: String,
    pub detail: String,
    pub kind: String,
    pub disabled: bool,
    pub mine: bool,
    pub reach: Reach,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRow {
    /// As REST names it: `user/…`, `team/…`, `virtual_account/…`, `everyone/all`.
    pub grantee: String,
    pub name: String,
    /// "User", "Team", "Virtual account", "Everyone".
    pub kind: String,
    pub role: ServerRole,
    pub since: Moment,
    pub mine: bool,
}

pub const fn role_label(role: ServerRole) -> &'static str {
    match role {
        ServerRole::Manager => "Manager",
        ServerRole::User => "User",
    }
}

impl GrantRow {
    /// What taking it away does (D09).
    pub fn consequence(&self) -> &'static str {
        match self.grantee.split('/').next() {
            _ if self.mine => "You lose what it gives you at once.",
            Some("team") => {
                "Its members lose what they have through it, at once. Overrides are kept, unused, and work again when access returns."
            }
            Some("everyone") => {
                "Whoever has no access of another kind loses it, at once. Overrides are kept, unused, and work again when access returns."
            }
            _ => {
                "Calls are refused at once, unless a team or everyone has access. Overrides are kept, unused, and work again when access returns."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d09_each_kind_of_grant_says_who_loses_what() {
        let row = |grantee: &str, mine| GrantRow {
            grantee: grantee.to_owned(),
            name: String::new(),
            kind: String::new(),
            role: ServerRole::User,
            since: Moment {
                exact: String::new(),
                relative: String::new(),
            },
            mine,
        };
        for (grantee, mine, words) in [
            ("user/1", false, "unless a team or everyone has access"),
            ("user/1", true, "You lose"),
            ("team/1", false, "Its members lose"),
            ("everyone/all", false, "Whoever has no access of another kind"),
        ] {
            assert!(row(grantee, mine).consequence().contains(words), "{grantee}");
        }
    }
}
