//! Teams as admins see them.

use domain::role::ServerRole;
use serde::{Deserialize, Serialize};

use crate::ui::suggest_field::Suggestion;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamsPage {
    pub search: String,
    pub rows: Vec<TeamRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamRow {
    pub name: String,
    pub description: String,
    pub members: i64,
    pub servers: i64,
    pub added: Moment,
}

/// One team, a page of its members, and where it has a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamPage {
    pub row: TeamRow,
    pub search: String,
    pub members: Vec<MemberRow>,
    pub next: Option<String>,
    pub servers: Vec<(String, ServerRole)>,
    /// The first of those who could be added.
    pub people: Vec<Suggestion>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub disabled: bool,
    pub added: Moment,
}

impl TeamPage {
    /// What deleting takes from whom.
    pub fn consequence(&self) -> String {
        let people = match self.row.members {
            0 => "Nobody is in it.".to_owned(),
            1 => "Its one member stays; what they have through it ends at once.".to_owned(),
            count => format!("Its {count} members stay; what they have through it ends at once."),
        };
        let named: Vec<&str> = self.servers.iter().map(|(name, _)| name.as_str()).collect();
        let servers = match named.as_slice() {
            [] => "It has access to no server.".to_owned(),
            names => format!("It has access to {}.", names.join(", ")),
        };
        format!("{people} {servers}")
    }
}

pub fn counted(count: i64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_with_a_team_is_said_before() {
        let page = |members, servers: &[&str]| TeamPage {
            row: TeamRow {
                name: "platform".into(),
                description: String::new(),
                members,
                servers: 0,
                added: Moment {
                    exact: String::new(),
                    relative: String::new(),
                },
            },
            search: String::new(),
            members: Vec::new(),
            next: None,
            servers: servers
                .iter()
                .map(|name| ((*name).to_owned(), ServerRole::User))
                .collect(),
            people: Vec::new(),
        };
        assert_eq!(
            page(0, &[]).consequence(),
            "Nobody is in it. It has access to no server."
        );
        assert_eq!(
            page(3, &["notes", "raw"]).consequence(),
            "Its 3 members stay; what they have through it ends at once. It has access to notes, raw."
        );
    }
}
