//! People as admins see them.

use std::fmt;

use domain::person::PersonState;
use domain::reach::{Given, Reach, Source};
use domain::role::ServerRole;
use serde::{Deserialize, Serialize};

use crate::features::tokens::model::TokenRow;
use crate::ui::badge::Tone;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    pub search: String,
    pub rows: Vec<PersonRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub admin: bool,
    pub state: PersonState,
    pub invited_until: Option<Moment>,
    pub added: Moment,
    /// This is me.
    pub mine: bool,
}

/// One person, and all that is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonPage {
    pub row: PersonRow,
    pub has_password: bool,
    pub teams: Vec<String>,
    pub servers: Vec<(String, Reach)>,
    pub tokens: Vec<TokenRow>,
    pub accounts: Vec<String>,
    pub overrides: usize,
}

impl PersonPage {
    /// What deleting takes along (D09).
    pub fn consequence(&self) -> String {
        let own = self.servers.iter().filter(|(_, reach)| is_own(reach)).count();
        let parts = [
            (self.overrides, "override", "overrides"),
            (self.tokens.len(), "token", "tokens"),
            (own, "access to a server", "accesses to servers"),
            (self.teams.len(), "place in a team", "places in teams"),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(count, ..)| *count > 0)
            .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
            .collect();
        let along = match parts.as_slice() {
            [] => "Nothing else goes with them.".to_owned(),
            [only] => format!("It takes {only} along."),
            [most @ .., last] => format!("It takes {} and {last} along.", most.join(", ")),
        };
        let accounts = match self.accounts.as_slice() {
            [] => String::new(),
            names => format!(" {} will have no owner.", names.join(", ")),
        };
        format!("{along}{accounts}")
    }
}

fn is_own(reach: &Reach) -> bool {
    reach.given.iter().any(|given| given.source == Source::Direct)
}

/// A link that was just made: the only time it is to be had.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLink {
    pub id: String,
    pub name: String,
    pub url: String,
    pub until: Moment,
}

impl fmt::Debug for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InviteLink")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

pub const fn state_tone(state: PersonState) -> Tone {
    match state {
        PersonState::Active => Tone::Good,
        PersonState::Invited => Tone::Neutral,
        PersonState::NoPassword => Tone::Attention,
        PersonState::Disabled => Tone::Bad,
    }
}

/// What gives the role that counts, and what else there is.
pub fn from_words(reach: &Reach) -> (String, Option<String>) {
    let decisive: Vec<String> = reach.decisive().map(source_words).collect();
    let rest: Vec<String> = reach
        .given
        .iter()
        .filter(|given| given.role != reach.role)
        .map(|Given { role, source }| {
            let role: &'static str = lower(*role);
            format!("{role} by {}", source_words(source))
        })
        .collect();
    (
        capital(&decisive.join(", ")),
        (!rest.is_empty()).then(|| format!("also {}", rest.join(", "))),
    )
}

fn source_words(source: &Source) -> String {
    match source {
        Source::PlatformAdmin => "platform admin".to_owned(),
        Source::Direct => "own access".to_owned(),
        Source::Team(name) => format!("team {name}"),
        Source::Everyone => "everyone".to_owned(),
    }
}

const fn lower(role: ServerRole) -> &'static str {
    match role {
        ServerRole::Manager => "manager",
        ServerRole::User => "user",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::role::PlatformRole;

    fn reach(grants: &[(ServerRole, Source)]) -> Reach {
        let grants = grants.iter().cloned().map(|(role, source)| Given { role, source });
        Reach::of(PlatformRole::Member, grants).unwrap()
    }

    #[test]
    fn where_a_role_comes_from_is_told_in_words() {
        use ServerRole::{Manager, User};
        let team = || Source::Team("platform".to_owned());
        for (grants, counts, also) in [
            (vec![(User, Source::Direct)], "Own access", None),
            (
                vec![(User, Source::Everyone), (User, team())],
                "Team platform, everyone",
                None,
            ),
            (
                vec![(User, Source::Direct), (Manager, team()), (User, Source::Everyone)],
                "Team platform",
                Some("also user by own access, user by everyone"),
            ),
            (vec![(Manager, Source::PlatformAdmin)], "Platform admin", None),
        ] {
            assert_eq!(
                from_words(&reach(&grants)),
                (counts.to_owned(), also.map(str::to_owned))
            );
        }
    }

    #[test]
    fn d09_what_goes_with_somebody_is_said_before() {
        let moment = || Moment {
            exact: String::new(),
            relative: String::new(),
        };
        let page = |overrides, teams: &[&str], accounts: &[&str]| PersonPage {
            row: PersonRow {
                id: "1".into(),
                name: "Bob".into(),
                email: "bob@demo.test".into(),
                admin: false,
                state: PersonState::Active,
                invited_until: None,
                added: moment(),
                mine: false,
            },
            has_password: true,
            teams: teams.iter().map(ToString::to_string).collect(),
            servers: vec![("notes".into(), reach(&[(ServerRole::User, Source::Everyone)]))],
            tokens: Vec::new(),
            accounts: accounts.iter().map(ToString::to_string).collect(),
            overrides,
        };
        assert_eq!(page(0, &[], &[]).consequence(), "Nothing else goes with them.");
        assert_eq!(page(1, &[], &[]).consequence(), "It takes 1 override along.");
        assert_eq!(
            page(2, &["a"], &["ci-bot"]).consequence(),
            "It takes 2 overrides and 1 place in a team along. ci-bot will have no owner."
        );
    }
}
