//! Entries of the trail, as pages show them.

use serde::{Deserialize, Serialize};

use crate::features::overrides::model::encode;
use crate::ui::time::Moment;

/// What of the trail is asked for, as it stands in the address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuditRequest {
    /// Part of an action.
    pub search: String,
    pub actor: String,
    pub server: String,
    /// `change`, `call` or empty.
    pub kind: String,
    /// Days, `YYYY-MM-DD`; both count in full.
    pub since: String,
    pub until: String,
    pub cursor: String,
}

impl AuditRequest {
    /// The address with this request, at this cursor.
    pub fn address(&self, cursor: &str) -> String {
        address(
            "/audit",
            &[
                ("search", &self.search),
                ("actor", &self.actor),
                ("server", &self.server),
                ("kind", &self.kind),
                ("since", &self.since),
                ("until", &self.until),
                ("cursor", cursor),
            ],
        )
    }

    pub fn is_filtered(&self) -> bool {
        let parts = [
            &self.search,
            &self.actor,
            &self.server,
            &self.kind,
            &self.since,
            &self.until,
        ];
        parts.iter().any(|part| !part.is_empty())
    }
}

/// A path with those parts of a query that are not empty.
pub fn address(path: &str, parts: &[(&str, &str)]) -> String {
    let parts = parts.iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = parts.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    pub request: AuditRequest,
    pub rows: Vec<EntryRow>,
    pub next: Option<String>,
    /// Where the same comes as a file; `format` is to be added.
    pub export: String,
}

/// A change or a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    pub id: String,
    pub at: Moment,
    pub who: String,
    /// Address, and token or session; empty where that is not to be seen.
    pub from: Vec<String>,
    pub action: String,
    pub server: Option<String>,
    /// Whom it was done to, where that is somebody else.
    pub whom: Option<String>,
    pub detail: Vec<(String, String)>,
}

/// `override.added` as people read it.
pub fn action_words(action: &str) -> String {
    let words = action.replace(['.', '_'], " ");
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `upstream_status` as people read it.
pub fn detail_words(name: &str) -> String {
    match name {
        "latency_ms" => "Latency (ms)".to_owned(),
        other => action_words(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_as_words() {
        assert_eq!(action_words("server.outbound_changed"), "Server outbound changed");
        assert_eq!(
            (action_words(""), detail_words("upstream_status")),
            (String::new(), "Upstream status".to_owned())
        );
    }

    #[test]
    fn an_address_holds_what_is_asked_and_nothing_else() {
        let request = AuditRequest {
            actor: "bob@demo.test".into(),
            kind: "call".into(),
            cursor: "old".into(),
            ..AuditRequest::default()
        };
        assert_eq!(
            request.address("a+b"),
            "/audit?actor=bob%40demo.test&kind=call&cursor=a%2Bb"
        );
        assert_eq!(AuditRequest::default().address(""), "/audit");
        assert!(request.is_filtered() && !AuditRequest::default().is_filtered());
    }
}
