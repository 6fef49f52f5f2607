//! Session ids are sealed, not stored: the client holds `AEAD(upstream's id)` bound to server, subject and credential.
//!
//! So a session cannot be used by another subject, on another server, or after the credential changed, and any replica can serve
//! it without shared state. The key is derived from the root, which outlives a rotation of the master key.
//!
//! A client that said at `initialize` that it can send its person to a URL gets that added after a dot, bound to server and
//! subject alone: it is asked for when the credential is gone (B09). Where the upstream keeps no sessions, only that is there.

use super::credential::Binding;
use super::sealed_text::SealedText;
use crate::seal::Seal;

const LABEL: &str = "overkey gateway session ids v1";
const DOT: char = '.';
const URL_ELICITATION: &str = "elicitation.url";

pub struct SessionIds(SealedText);

impl SessionIds {
    pub fn new(seal: &Seal) -> Self {
        Self(SealedText::new(seal, LABEL))
    }

    /// `None` when the system gives no random numbers.
    pub fn seal(&self, binding: &Binding, purpose: &str, plain: &str) -> Option<String> {
        self.0.seal(&bound_to(binding, purpose), plain)
    }

    /// `None` for anything that was not sealed for exactly this binding: foreign, old and made-up ids look alike (D9).
    pub fn open(&self, binding: &Binding, purpose: &str, sealed: &str) -> Option<String> {
        self.0.open(&bound_to(binding, purpose), sealed)
    }

    /// A session id that also says that its client can send its person to a URL.
    pub fn with_url_elicitation(&self, sealed: &str, server: &str, subject: &str) -> Option<String> {
        let declared = self.0.seal(&[URL_ELICITATION, server, subject], "")?;
        Some(format!("{sealed}{DOT}{declared}"))
    }

    /// Whether it says so. Needs no credential.
    pub fn has_url_elicitation(&self, id: &str, server: &str, subject: &str) -> bool {
        let declared = id.split_once(DOT).map(|(_, declared)| declared);
        declared.is_some_and(|text| self.0.open(&[URL_ELICITATION, server, subject], text).is_some())
    }
}

/// The part that seals the upstream's id; `None` when the upstream has no session.
pub fn upstream_part(id: &str) -> Option<&str> {
    match id.split_once(DOT) {
        Some(("", _)) => None,
        Some((sealed, _)) => Some(sealed),
        None => Some(id),
    }
}

fn bound_to<'a>(binding: &'a Binding, purpose: &'a str) -> [&'a str; 4] {
    [purpose, &binding.server, &binding.subject, &binding.identity]
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn ids() -> SessionIds {
        SessionIds::new(&Seal::new(1, &Zeroizing::new([7; 32])))
    }

    #[test]
    fn d9_a_session_belongs_to_one_server_subject_and_credential() {
        let ids = ids();
        let binding = Binding {
            server: "s".into(),
            subject: "user/bob".into(),
            identity: "own:1:1".into(),
        };
        let sealed = ids.seal(&binding, "session", "upstream-id").unwrap();
        assert!(!sealed.contains("upstream-id"));
        assert_eq!(ids.open(&binding, "session", &sealed).as_deref(), Some("upstream-id"));
        for other in [
            Binding {
                server: "t".into(),
                ..binding.clone()
            },
            Binding {
                subject: "user/eve".into(),
                ..binding.clone()
            },
            Binding {
                identity: "own:1:2".into(),
                ..binding.clone()
            },
        ] {
            assert_eq!(ids.open(&other, "session", &sealed), None, "{other:?}");
        }
        assert_eq!(ids.open(&binding, "endpoint", &sealed), None);
        assert_eq!(ids.open(&binding, "session", "upstream-id"), None);
    }

    #[test]
    fn b09_what_a_client_declared_is_for_its_server_and_subject_and_needs_no_credential() {
        let ids = ids();
        for (sealed, upstream) in [("abc", Some("abc")), ("", None)] {
            let id = ids.with_url_elicitation(sealed, "notes", "user/bob").unwrap();
            assert_eq!(upstream_part(&id), upstream);
            assert!(ids.has_url_elicitation(&id, "notes", "user/bob"));
            assert!(!ids.has_url_elicitation(&id, "other", "user/bob"));
            assert!(!ids.has_url_elicitation(&id, "notes", "user/eve"));
            assert!(!ids.has_url_elicitation(sealed, "notes", "user/bob"));
        }
        assert_eq!(upstream_part("abc"), Some("abc"));
        assert!(!ids.has_url_elicitation("abc.def", "notes", "user/bob"));
    }
}
