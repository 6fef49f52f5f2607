//! What came of trying a credential at its upstream (B04), and how it is told: in our own words and with the upstream's status. What
//! an upstream writes into its answer may hold the credential, and it is told to people who may not see that.

use serde::{Deserialize, Serialize};

use crate::overrides::State;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// It took the credential, and refuses without one.
    Accepted,
    /// It answered, and answers without a credential too: nothing was checked, nothing speaks against it.
    Unchecked,
    /// 401 or 403.
    Rejected(u16),
    Unreachable,
    TimedOut,
    Redirected,
    /// Another HTTP status that is no success.
    Answered(u16),
    /// A JSON-RPC error.
    Failed,
    /// No answer of MCP's.
    Unreadable,
    /// A stored one that calls do not carry at present.
    NotSent(State),
}

impl Verdict {
    /// Nothing speaks against the credential.
    pub const fn ok(self) -> bool {
        matches!(self, Self::Accepted | Self::Unchecked)
    }

    /// What it says of the credential: taken or not, or nothing.
    pub const fn taken(self) -> Option<bool> {
        match self {
            Self::Accepted => Some(true),
            Self::Rejected(_) => Some(false),
            Self::Unchecked
            | Self::Unreachable
            | Self::TimedOut
            | Self::Redirected
            | Self::Answered(_)
            | Self::Failed
            | Self::Unreadable
            | Self::NotSent(_) => None,
        }
    }

    /// As in JSON: six words that stay.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Unchecked => "unchecked",
            Self::Rejected(_) => "rejected",
            Self::Unreachable | Self::TimedOut => "unreachable",
            Self::Redirected | Self::Answered(_) | Self::Failed | Self::Unreadable => "failed",
            Self::NotSent(_) => "not_sent",
        }
    }

    /// One or two sentences.
    pub fn detail(self) -> String {
        match self {
            Self::Accepted => "The server accepts this credential.".to_owned(),
            Self::Unchecked => {
                "The server answered, but it answers without a credential too, so this one was not checked.".to_owned()
            }
            Self::Rejected(status) => format!("The server does not accept this credential (HTTP {status})."),
            Self::Unreachable => "The server could not be reached, so the credential was not checked.".to_owned(),
            Self::TimedOut => "The server took too long to answer, so the credential was not checked.".to_owned(),
            Self::Redirected => {
                "The server redirects to another address, where credentials are not sent. A manager enters the final URL in its settings.".to_owned()
            }
            Self::Answered(status) => {
                format!("The server answered HTTP {status}, which says nothing about the credential.")
            }
            Self::Failed => "The server answered with an error, which says nothing about the credential.".to_owned(),
            Self::Unreadable => {
                "The server's answer is no MCP message, so the credential was not checked.".to_owned()
            }
            Self::NotSent(state) => not_sent(state).to_owned(),
        }
    }
}

const fn not_sent(state: State) -> &'static str {
    match state {
        State::Suspended => {
            "Calls do not carry it: the server's address changed after it was entered. Confirm it or enter it again."
        }
        State::NeedsUpdate => "Calls do not carry it: the server asks for another value now. Edit it.",
        State::Reconnect => "Calls do not carry it before its owner consents again.",
        State::NoAccess => "Calls do not carry it: its owner may not use this server at present.",
        State::Expired => "Calls do not carry it: its expiry date has passed. Edit it.",
        State::Active | State::Rejected => "Calls do not carry it.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<Verdict> {
        let plain = [
            Verdict::Accepted,
            Verdict::Unchecked,
            Verdict::Rejected(401),
            Verdict::Unreachable,
            Verdict::TimedOut,
            Verdict::Redirected,
            Verdict::Answered(503),
            Verdict::Failed,
            Verdict::Unreadable,
        ];
        plain.into_iter().chain(State::ALL.map(Verdict::NotSent)).collect()
    }

    #[test]
    fn b04_only_an_answer_about_the_credential_says_something_about_it() {
        let said: Vec<_> = every()
            .into_iter()
            .filter_map(|one| Some((one.as_str(), one.taken()?)))
            .collect();
        assert_eq!(said, [("accepted", true), ("rejected", false)]);
        let fine: Vec<_> = every()
            .into_iter()
            .filter(|one| one.ok())
            .map(Verdict::as_str)
            .collect();
        assert_eq!(fine, ["accepted", "unchecked"]);
    }

    #[test]
    fn b04_each_is_told_in_a_sentence_of_its_own() {
        let told: std::collections::BTreeSet<String> = every().into_iter().map(Verdict::detail).collect();
        // Active and rejected ones are sent.
        assert_eq!(told.len(), every().len() - 1);
        assert!(told.iter().all(|text| text.ends_with('.')));
    }
}
