//! Why a subject's calls carry what they carry (B03): the decision, and each step to it, in sentences. Holds no secret.

use serde::{Deserialize, Serialize};

use crate::injection::{Choice, MissingReason, ServerFacts, decide, why_unusable};
use crate::outbound::{CredentialField, Support};
use crate::overrides::{Condition, Kind, OverrideFacts};
use crate::timestamp::Timestamp;

/// Whether a subject's calls get as far as their credential (S40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    MayCall,
    /// D09: what it has here is kept, unused.
    NoAccess,
    /// A person who may not sign in and whose tokens do not work.
    Disabled,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `None`: no call gets as far.
    pub choice: Option<Choice>,
    pub steps: Vec<Step>,
}

/// The same decision as `decide`'s, told.
pub fn explain(standing: Standing, server: ServerFacts<'_>, own: &[OverrideFacts], now: Timestamp) -> Decision {
    let (stands, stopped) = stands(standing);
    let mut told = vec![stands.to_owned()];
    if let Some(end) = stopped {
        told.push(end.to_owned());
        return Decision {
            choice: None,
            steps: steps(told),
        };
    }
    told.push(format!("The server's outbound auth is {}.", server.mode.label()));
    match server.mode.support(server.allow_optional) {
        Support::Supported => told.extend([Kind::Manual, Kind::OAuth].map(|kind| held(kind, server.asked, own, now))),
        Support::WhenAllowed => {
            told.push("The server's settings do not let overrides replace its own credential.".to_owned())
        }
        Support::NotSupported | Support::NotApplicable => {
            told.push("Overrides are not used with this outbound auth.".to_owned());
        }
    }
    let choice = decide(server, own, now);
    told.push(end(&choice));
    Decision {
        choice: Some(choice),
        steps: steps(told),
    }
}

fn steps(told: Vec<String>) -> Vec<Step> {
    told.into_iter().map(|text| Step { text }).collect()
}

/// And how calls end that go no further.
const fn stands(standing: Standing) -> (&'static str, Option<&'static str>) {
    match standing {
        Standing::MayCall => ("The subject may use this server.", None),
        Standing::NoAccess => (
            "The subject has no access to this server. An override that it has here is kept, unused.",
            Some("The call ends with 404, as if there were no such server."),
        ),
        Standing::Disabled => (
            "The subject is disabled.",
            Some("The call ends with 401: no token of the subject works."),
        ),
    }
}

/// What the subject has of one kind, and whether it will do.
fn held(kind: Kind, asked: &[CredentialField], own: &[OverrideFacts], now: Timestamp) -> String {
    let (a, name) = match kind {
        Kind::Manual => ("a", "manual override"),
        Kind::OAuth => ("an", "OAuth token"),
    };
    match own.iter().find(|one| one.kind == kind) {
        None => format!("The subject has no {name} here."),
        Some(one) => match why_unusable(one, asked, now) {
            Some(reason) => format!(
                "The subject has {a} {name}, but calls do not carry it: {} ({}).",
                because(one, reason, asked),
                reason.as_str()
            ),
            None if one.condition == Condition::Rejected => {
                format!(
                    "The subject has {a} {name}. The server rejected it the last time; it is sent until another one is entered."
                )
            }
            None => format!("The subject has {a} {name} that can be used."),
        },
    }
}

fn because(one: &OverrideFacts, reason: MissingReason, asked: &[CredentialField]) -> &'static str {
    match reason {
        MissingReason::OverrideSuspended => "the server's address changed after it was given",
        MissingReason::OauthInvalidated => "the subject has to consent again",
        MissingReason::OverrideNeedsUpdate if one.lacks(asked) => "the server asks for a value that it does not hold",
        MissingReason::OverrideNeedsUpdate => "it has expired",
        MissingReason::OverrideRejected | MissingReason::OauthConsentRequired => "the server rejected it",
        MissingReason::OverrideMissing => "it is not there",
    }
}

fn end(choice: &Choice) -> String {
    match choice {
        Choice::Own(_, Kind::Manual) => "The call carries the manual override.".to_owned(),
        Choice::Own(_, Kind::OAuth) => "The call carries the OAuth token.".to_owned(),
        Choice::ServerDefault => "The call carries the server's own credential.".to_owned(),
        Choice::PassThrough => "The call carries what the caller sent in X-Upstream-Authorization.".to_owned(),
        Choice::Nothing => "The call carries no credential.".to_owned(),
        Choice::Missing(reason) => format!("The call ends with McpAuthRequiredError ({}).", reason.as_str()),
    }
}
