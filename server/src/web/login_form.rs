//! What the forms of the page for MCP clients send: an answer, and perhaps the key that was asked for.

use app::features::overrides::model::Entered;
use app::secret_input::SecretInput;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Allow,
    Deny,
    /// The key that was missing.
    Save,
    /// Without it.
    Continue,
}

#[derive(Debug, Default)]
pub(super) struct Posted {
    pub(super) ticket: String,
    pub(super) decision: Option<Decision>,
    /// Where the app named none.
    pub(super) server: String,
    edit: String,
    entered: Entered,
}

impl Posted {
    /// The key's fields are named as in the other forms that take one.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut posted = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "ticket" => posted.ticket = value,
                "server" => posted.server = value,
                "edit" => posted.edit = value,
                "form[expires_on]" => posted.entered.expires_on = value,
                "form[verify]" => posted.entered.verify = value,
                "decision" => {
                    posted.decision = match value.as_str() {
                        "allow" => Some(Decision::Allow),
                        "deny" => Some(Decision::Deny),
                        "save" => Some(Decision::Save),
                        "continue" => Some(Decision::Continue),
                        _ => None,
                    }
                }
                other => {
                    let key = other
                        .strip_prefix("form[values][")
                        .and_then(|rest| rest.strip_suffix(']'));
                    if let Some(key) = key {
                        posted.entered.values.insert(key.to_owned(), SecretInput::new(value));
                    }
                }
            }
        }
        posted
    }

    /// Which override it replaces (empty: none), and what was entered: for this server and for oneself, whatever else was sent.
    pub(super) fn entered(self, server: String) -> (String, Entered) {
        let entered = Entered { server, ..self.entered };
        (self.edit, entered)
    }
}
