//! Servers as pages show them.

use domain::change::{Effect, EffectCounts};
use domain::injection::{Choice, MissingReason};
use domain::outbound::Mode;
use domain::overrides::State;
use serde::{Deserialize, Serialize};

use crate::error::Kept;
use crate::secret_input::SecretInput;
use crate::ui::badge::Tone;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServerListRequest {
    pub search: String,
    /// A mode or empty.
    pub mode: String,
    /// A status or empty.
    pub status: String,
    pub cursor: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerList {
    pub request: ServerListRequest,
    pub rows: Vec<ServerRow>,
    pub may_create: bool,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerRow {
    pub name: String,
    pub description: String,
    pub mode: Mode,
    pub manager: bool,
    pub status: Status,
}

/// What a call of mine would meet now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Ready,
    NothingNeeded,
    OwnToken,
    NeedsKey,
    NeedsAttention,
    NeedsConsent,
}

impl Status {
    pub const ALL: [Self; 6] = [
        Self::Ready,
        Self::NothingNeeded,
        Self::OwnToken,
        Self::NeedsKey,
        Self::NeedsAttention,
        Self::NeedsConsent,
    ];

    /// `state` is that of my own override, where that is what counts.
    pub fn of(choice: &Choice, state: Option<State>) -> Self {
        match choice {
            Choice::Own(..) if state == Some(State::Rejected) => Self::NeedsAttention,
            Choice::Own(..) | Choice::ServerDefault => Self::Ready,
            Choice::PassThrough => Self::OwnToken,
            Choice::Nothing => Self::NothingNeeded,
            Choice::Missing(MissingReason::OverrideMissing) => Self::NeedsKey,
            Choice::Missing(MissingReason::OauthConsentRequired | MissingReason::OauthInvalidated) => {
                Self::NeedsConsent
            }
            Choice::Missing(
                MissingReason::OverrideNeedsUpdate | MissingReason::OverrideSuspended | MissingReason::OverrideRejected,
            ) => Self::NeedsAttention,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NothingNeeded => "nothing_needed",
            Self::OwnToken => "own_token",
            Self::NeedsKey => "needs_key",
            Self::NeedsAttention => "needs_attention",
            Self::NeedsConsent => "needs_consent",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::NothingNeeded => "No credential needed",
            Self::OwnToken => "Send your own token",
            Self::NeedsKey => "Needs your key",
            Self::NeedsAttention => "Needs your attention",
            Self::NeedsConsent => "Needs consent",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::Ready => Tone::Good,
            Self::NothingNeeded | Self::OwnToken => Tone::Neutral,
            Self::NeedsKey | Self::NeedsConsent => Tone::Attention,
            Self::NeedsAttention => Tone::Bad,
        }
    }

    /// The one thing to do about it: its words and its address.
    pub fn action(self, server: &str) -> (&'static str, String) {
        match self {
            Self::Ready | Self::NothingNeeded | Self::OwnToken | Self::NeedsConsent => {
                ("Connect client", format!("/servers/{server}"))
            }
            Self::NeedsKey => ("Add your key", format!("/connect/{server}")),
            Self::NeedsAttention => ("Fix your key", format!("/servers/{server}/overrides")),
        }
    }

    /// For the Overview tab.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Ready => "Your calls carry a credential; there is nothing to do.",
            Self::NothingNeeded => "This server asks for no credential.",
            Self::OwnToken => {
                "Send your upstream token with each request in the header X-Upstream-Authorization; the gateway passes it on."
            }
            Self::NeedsKey => "Calls fail until a credential is stored for you.",
            Self::NeedsAttention => "Your credential is not accepted or not used at present.",
            Self::NeedsConsent => "Calls fail until you consent at the server's provider.",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPage {
    pub name: String,
    pub description: String,
    pub mode: Mode,
    pub manager: bool,
    pub status: Status,
    pub gateway_url: String,
}

/// One header of a shared credential as it is typed; an empty value keeps what is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SharedHeader {
    pub name: String,
    pub value: SecretInput,
}

/// A server as its form sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServerForm {
    pub name: String,
    pub url: String,
    pub description: String,
    /// A mode, or empty to leave the outbound auth as it is.
    pub mode: String,
    /// API Key, Individual: one header a line, `Name: template`, or the name alone.
    pub individual: String,
    pub shared: Vec<SharedHeader>,
    /// D07: what the preview showed, and the server's name typed to confirm.
    pub revision: String,
    pub effect: String,
    pub typed_name: String,
}

impl ServerForm {
    /// What may travel in an address when scripts are off: everything but the shared values.
    pub fn kept(&self) -> Kept {
        [
            ("name", &self.name),
            ("url", &self.url),
            ("description", &self.description),
            ("mode", &self.mode),
            ("individual", &self.individual),
        ]
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .into()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SettingsPage {
    pub name: String,
    pub url: String,
    pub description: String,
    pub mode: String,
    pub mode_label: String,
    pub individual: String,
    /// Name and mask of each shared header.
    pub shared: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub name: String,
    pub unchanged: bool,
}

/// D07: what saving would do to overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    pub server: String,
    pub revision: i64,
    pub effect: EffectCounts,
    /// The first of those that do not simply stay: name and what happens.
    pub affected: Vec<(String, Effect)>,
    pub more: u64,
    /// Something is deleted: the server's name must be typed.
    pub must_type: bool,
    /// What was typed is another name.
    pub mistyped: bool,
    pub kept: Kept,
}

impl PendingChange {
    /// "This deletes 12 overrides, keeps 3 and invalidates 5."
    pub fn sentence(&self) -> String {
        let counted = [
            ("deletes", self.effect.deleted),
            ("keeps", self.effect.kept),
            ("invalidates", self.effect.invalidated),
            ("suspends", self.effect.suspended),
            ("leaves incomplete", self.effect.needs_update),
        ];
        let mut parts: Vec<String> = counted
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(verb, count)| format!("{verb} {count}"))
            .collect();
        if let Some(first) = parts.first_mut() {
            let one = first.ends_with(" 1");
            first.push_str(if one { " override" } else { " overrides" });
        }
        let last = parts.pop().unwrap_or_else(|| "changes no override".to_owned());
        if parts.is_empty() {
            format!("This {last}.")
        } else {
            format!("This {} and {last}.", parts.join(", "))
        }
    }

    /// What is sent back with the confirmation, so that only what was shown is applied.
    pub fn token(effect: &EffectCounts) -> String {
        let EffectCounts {
            deleted,
            kept,
            invalidated,
            suspended,
            needs_update,
        } = effect;
        format!("{deleted}-{kept}-{invalidated}-{suspended}-{needs_update}")
    }
}

/// What happens to one override, in words.
pub const fn effect_label(effect: Effect) -> &'static str {
    match effect {
        Effect::Deleted => "is deleted",
        Effect::Kept => "is kept",
        Effect::Invalidated => "must consent again",
        Effect::Suspended => "is suspended until confirmed",
        Effect::NeedsUpdate => "needs another value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(effect: EffectCounts) -> String {
        PendingChange {
            server: "notes".into(),
            revision: 1,
            effect,
            affected: Vec::new(),
            more: 0,
            must_type: true,
            mistyped: false,
            kept: Vec::new(),
        }
        .sentence()
    }

    #[test]
    fn d07_the_confirmation_names_the_counts() {
        let counts = |deleted, kept, invalidated| EffectCounts {
            deleted,
            kept,
            invalidated,
            ..EffectCounts::default()
        };
        assert_eq!(
            pending(counts(12, 3, 5)),
            "This deletes 12 overrides, keeps 3 and invalidates 5."
        );
        assert_eq!(pending(counts(1, 0, 0)), "This deletes 1 override.");
        assert_eq!(pending(counts(0, 0, 0)), "This changes no override.");
    }

    #[test]
    fn what_travels_in_an_address_holds_no_secret() {
        let value: SecretInput = serde_json::from_str("\"sk-canary\"").unwrap();
        let form = ServerForm {
            shared: vec![SharedHeader {
                name: "Authorization".into(),
                value,
            }],
            ..ServerForm::default()
        };
        assert!(!format!("{:?}{form:?}", form.kept()).contains("canary"));
    }
}
