//! What a call of mine would meet on a server, and the one thing to do about it.

use domain::injection::{Choice, MissingReason};
use domain::overrides::{Kind, State};
use serde::{Deserialize, Serialize};

use crate::ui::badge::Tone;

/// What a call of mine would meet now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Ready,
    NothingNeeded,
    OwnToken,
    NeedsKey,
    NeedsAttention,
    NeedsConsent,
    /// There was a consent, and its token is good no more.
    Reconnect,
}

impl Status {
    pub const ALL: [Self; 7] = [
        Self::Ready,
        Self::NothingNeeded,
        Self::OwnToken,
        Self::NeedsKey,
        Self::NeedsAttention,
        Self::NeedsConsent,
        Self::Reconnect,
    ];

    /// `own` is my own override, where that is what counts.
    pub fn of(choice: &Choice, own: Option<(Kind, State)>) -> Self {
        let token = matches!(own, Some((Kind::OAuth, _)));
        match choice {
            Choice::Own(_, Kind::Manual) if matches!(own, Some((_, State::Rejected))) => Self::NeedsAttention,
            Choice::Own(..) | Choice::ServerDefault => Self::Ready,
            Choice::PassThrough => Self::OwnToken,
            Choice::Nothing => Self::NothingNeeded,
            Choice::Missing(MissingReason::OverrideMissing) => Self::NeedsKey,
            // Only its owner can get another token, whatever became of the one that is there.
            Choice::Missing(_) if token => Self::Reconnect,
            Choice::Missing(MissingReason::OauthConsentRequired) => Self::NeedsConsent,
            Choice::Missing(MissingReason::OauthInvalidated) => Self::Reconnect,
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
            Self::Reconnect => "reconnect",
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
            Self::Reconnect => "Reconnect",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::Ready => Tone::Good,
            Self::NothingNeeded | Self::OwnToken => Tone::Neutral,
            Self::NeedsKey | Self::NeedsConsent | Self::Reconnect => Tone::Attention,
            Self::NeedsAttention => Tone::Bad,
        }
    }

    /// The one thing to do about it: its words and its address.
    pub fn action(self, server: &str) -> (&'static str, String) {
        match self {
            Self::Ready | Self::NothingNeeded | Self::OwnToken => ("Connect client", format!("/servers/{server}")),
            Self::NeedsConsent => ("Authorize", format!("/connect/{server}")),
            Self::Reconnect => ("Authorize again", format!("/connect/{server}")),
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
            Self::NeedsConsent => "Calls fail until you authorize Overkey at this server's provider.",
            Self::Reconnect => {
                "Calls fail: what you authorized is not valid any more. Authorize Overkey at the server's provider again."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b05_a_token_that_is_good_no_more_asks_for_its_owner_and_a_key_for_whoever_may_fix_it() {
        let missing = |reason, own| Status::of(&Choice::Missing(reason), own);
        assert_eq!(missing(MissingReason::OauthConsentRequired, None), Status::NeedsConsent);
        for reason in [
            MissingReason::OauthInvalidated,
            MissingReason::OauthConsentRequired,
            MissingReason::OverrideSuspended,
        ] {
            assert_eq!(
                missing(reason, Some((Kind::OAuth, State::Reconnect))),
                Status::Reconnect,
                "{reason:?}"
            );
        }
        let manual = Some((Kind::Manual, State::Suspended));
        assert_eq!(
            missing(MissingReason::OverrideSuspended, manual),
            Status::NeedsAttention
        );
        let token = Choice::Own(domain::id::OverrideId::new("1"), Kind::OAuth);
        assert_eq!(
            Status::of(&token, manual),
            Status::Ready,
            "the token is used in its place"
        );
        for status in [Status::NeedsConsent, Status::Reconnect] {
            assert_eq!(status.action("tracker").1, "/connect/tracker");
        }
    }
}
