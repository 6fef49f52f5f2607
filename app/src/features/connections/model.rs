//! My connections, as pages show them.

use domain::outbound::Mode;
use domain::overrides::State;
use serde::{Deserialize, Serialize};

use crate::features::overrides::model::{FormPage, OverrideRow, SubjectView};
use crate::features::servers::model::Status;
use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionPage {
    pub search: String,
    pub rows: Vec<ConnectionRow>,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionRow {
    pub server: String,
    pub description: String,
    pub mode: Mode,
    pub status: Status,
    /// Where the credential of my calls comes from: "My key", "OAuth", "Set by Mia Kern", "Shared by everyone".
    pub source: String,
    pub own: Option<OverrideRow>,
}

/// What a link from an MCP client leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectPage {
    /// Signed in as somebody else than the caller who got the link.
    AnotherPerson { server: String },
    /// Nothing to do.
    Ready { server: String, sentence: String },
    /// I may add or edit my own.
    Enter { form: Box<FormPage>, edit: Option<String> },
    /// Only a manager can help.
    AskManager { server: String, state: Option<State> },
    /// The server's provider asks each person.
    Consent(Box<ConsentPage>),
}

/// How I stand with a server's provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentPage {
    pub server: String,
    pub me: SubjectView,
    /// The host that will ask, where it is known before the server is asked for it.
    pub provider: Option<String>,
    /// What the settings ask for; without any, the server says it.
    pub scopes: Vec<String>,
    pub token: Option<TokenView>,
    pub manual: Option<ManualView>,
}

/// What I authorized. Nothing of the token itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    pub id: String,
    pub state: State,
    pub provider: String,
    pub scopes: Vec<String>,
    pub authorized: Moment,
    pub last_used: Option<Moment>,
}

/// D12: a manual override beside it, which wins as long as it can be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualView {
    pub set_by: String,
    pub state: State,
    pub used: bool,
}

impl ManualView {
    pub fn sentence(&self, token_used: bool) -> String {
        let Self { set_by, state, used } = self;
        let otherwise = if token_used {
            "calls carry your token instead"
        } else {
            "calls do not carry it"
        };
        if *used {
            format!(
                "{set_by} entered an Authorization header for you here. It wins: your calls carry it, whatever you authorize."
            )
        } else {
            format!(
                "{set_by} entered an Authorization header for you here. Its state is “{}”, so {otherwise}.",
                state.label()
            )
        }
    }
}
