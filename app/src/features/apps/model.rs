//! What is shown of apps, and of the way to allow one.

use domain::login::redirect::RedirectKind;
use serde::{Deserialize, Serialize};

use crate::error::UiError;
use crate::features::overrides::model::FormPage;
use crate::features::session::model::Me;
use crate::ui::time::Moment;

/// One app that I allowed to call one server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppRow {
    pub id: String,
    pub name: String,
    /// Where it had me sent back to.
    pub place: String,
    pub server: String,
    pub allowed: Moment,
    pub last_used: Option<Moment>,
    pub ends: Moment,
}

/// `/oauth/authorize`, in the context of the answer that is this page. It is never woken up.
#[derive(Debug, Clone)]
pub enum AuthorizePage {
    Ask(AskView),
    Missing(MissingView),
    Refused(RefusedView),
}

#[derive(Debug, Clone)]
pub struct AskView {
    pub ticket: String,
    pub app: String,
    /// The site that vouches for the name.
    pub host: Option<String>,
    pub place: String,
    pub kind: RedirectKind,
    /// `None`: I choose among `servers`.
    pub server: Option<String>,
    pub servers: Vec<String>,
    pub me: Me,
    /// This page's own address, for somebody else to come back to.
    pub again: String,
}

impl AskView {
    pub fn vouched(&self) -> String {
        match &self.host {
            Some(host) => format!("{host} describes this app."),
            None => "This app registered itself. Nobody has checked that it is what its name says.".to_owned(),
        }
    }

    pub const fn where_to(&self) -> &'static str {
        match self.kind {
            RedirectKind::Loopback => "a program on the computer in front of you",
            RedirectKind::Web => "a web site",
            RedirectKind::App => "an app on this device",
        }
    }
}

/// Allowed, but calls would fail without this.
#[derive(Debug, Clone)]
pub struct MissingView {
    pub ticket: String,
    pub app: String,
    pub server: String,
    pub step: Missing,
    /// Why what I entered was not taken.
    pub problem: Option<UiError>,
}

#[derive(Debug, Clone)]
pub enum Missing {
    /// My own key; `edit` names the one that has to be entered again.
    Key { form: Box<FormPage>, edit: Option<String> },
    /// The server's own provider has to ask me.
    Provider,
    /// Only a manager can help.
    Manager,
}

#[derive(Debug, Clone)]
pub struct RefusedView {
    pub heading: &'static str,
    pub text: String,
    /// Where the app waits, and the address that tells it.
    pub back: Option<(String, String)>,
}

/// In the context of a page whose form leads to another site: that site, as a policy names it.
#[derive(Debug, Clone)]
pub struct FormLeadsTo(pub String);
