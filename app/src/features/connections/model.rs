//! My connections, as pages show them.

use domain::outbound::Mode;
use domain::overrides::State;
use serde::{Deserialize, Serialize};

use crate::features::overrides::model::{FormPage, OverrideRow};
use crate::features::servers::model::Status;

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
    /// Where the credential of my calls comes from: "My key", "Set by Mia Kern", "Shared by everyone".
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
}
