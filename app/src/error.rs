//! What can go wrong, as a person reads it. It travels to the browser, and in an address when scripts are off: names of fields
//! and sentences, never what somebody typed into a secret field.

use domain::field::FieldError;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::features::servers::model::PendingChange;
use crate::wire::Errors;

/// What was typed into fields that are no secret, so that a form comes back filled where no script kept it.
pub type Kept = Vec<(String, String)>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum UiError {
    #[error("Please sign in again.")]
    SignedOut,
    #[error("You are not allowed to do this.")]
    Forbidden,
    #[error("There is no such page, or it is not yours to see.")]
    Gone,
    #[error("Please correct the marked fields.")]
    Invalid { errors: Vec<FieldError>, kept: Kept },
    /// D02: an override is there already; asks to replace it.
    #[error(
        "There is an override for this subject already. Check “Replace it” and submit again to put this one in its place."
    )]
    Exists { kept: Kept },
    /// D07: what a change would do to overrides; asks to confirm it.
    #[error("This change affects overrides. Look at what it does and confirm it.")]
    Confirm(Box<PendingChange>),
    /// Well-formed, but refused: the text says why.
    #[error("{0}")]
    Refused(String),
    #[error("This changed meanwhile. Look at it again and repeat what you did.")]
    Stale,
    #[error("Something failed on our side. Try again; an operator finds more in the log under {0}.")]
    Internal(String),
    #[error("The server could not be reached. Check your connection and try again.")]
    Unreachable,
}

impl UiError {
    /// The same name and meaning as Leptos 0.9 gives it.
    pub fn status(&self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::Forbidden => 403,
            Self::Gone => 404,
            Self::Exists { .. } | Self::Confirm(_) | Self::Stale => 409,
            Self::Invalid { .. } | Self::Refused(_) => 422,
            Self::Internal(_) => 500,
            Self::Unreachable => 503,
        }
    }

    /// The message that belongs to a field.
    pub fn at(&self, field: &str) -> Option<String> {
        match self {
            Self::Invalid { errors, .. } => errors
                .iter()
                .find(|error| error.field == field)
                .map(|error| error.message.clone()),
            _ => None,
        }
    }

    /// What had been typed into a field that is no secret.
    pub fn kept(&self, field: &str) -> Option<String> {
        let kept = match self {
            Self::Invalid { kept, .. } | Self::Exists { kept } => kept,
            Self::Confirm(pending) => &pending.kept,
            _ => return None,
        };
        kept.iter()
            .find(|(name, _)| name == field)
            .map(|(_, value)| value.clone())
    }

    /// The same error, remembering what was typed.
    #[must_use]
    pub fn keeping(self, kept: Kept) -> Self {
        match self {
            Self::Invalid { errors, .. } => Self::Invalid { errors, kept },
            Self::Exists { .. } => Self::Exists { kept },
            Self::Confirm(pending) => Self::Confirm(Box::new(PendingChange { kept, ..*pending })),
            other => other,
        }
    }
}

impl FromServerFnError for UiError {
    type Encoder = Errors;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            // Never the inner text: it may hold addresses and what was typed.
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Self::Refused("The form did not arrive whole. Load the page again and repeat what you did.".to_owned())
            }
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => Self::Internal("no reference".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_without_scripts_finds_its_messages_and_what_was_typed() {
        let error = UiError::Invalid {
            errors: vec![FieldError::new("subject", "There is no such user.")],
            kept: Vec::new(),
        }
        .keeping(vec![("subject".into(), "bo".into())]);
        assert_eq!(error.at("subject").as_deref(), Some("There is no such user."));
        assert_eq!(error.kept("subject").as_deref(), Some("bo"));
        assert_eq!((error.at("expires_on"), error.kept("expires_on")), (None, None));
    }
}
