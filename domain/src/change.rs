//! What a change of a server's outbound auth, of its origin, or of whether it takes overrides, does to those already stored
//! (S50-S61, D03-D08, B01).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::header::HeaderName;
use crate::outbound::{CredentialField, Mode, OAuthSettings, OutboundAuth, Support};
use crate::overrides::{Condition, Kind, OverrideFacts};
use crate::server::Origin;
use crate::template::HeaderTemplate;

/// A server's settings, as far as overrides depend on them.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    pub auth: &'a OutboundAuth,
    pub origin: &'a Origin,
    /// B01.
    pub allow_optional: bool,
}

impl Settings<'_> {
    const fn kind(&self) -> (Mode, bool) {
        (self.auth.mode(), self.allow_optional)
    }
}

/// What a change of mode, or of the setting that lets shared modes take overrides (B01), means by itself. The matrix of every pair
/// is in `tests/snapshots`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModeEffect {
    /// Both stay: the other settings decide.
    Same,
    /// S50, S52-S54, S56, and B01 switched off.
    Delete,
    /// S51, S55, S57, and B01 switched on: there can be none. What is there all the same is deleted; it was not given for this.
    NoneExisted,
}

/// Each side is a mode, and whether the server's setting of B01 is on.
pub const fn mode_effect(before: (Mode, bool), after: (Mode, bool)) -> ModeEffect {
    use Mode::{ApiKeyIndividual, ApiKeyShared, AuthorizationCode, ClientCredentials, NoAuth, TokenPassthrough};
    match (before.0, after.0) {
        (NoAuth, NoAuth)
        | (TokenPassthrough, TokenPassthrough)
        | (ApiKeyShared, ApiKeyShared)
        | (ApiKeyIndividual, ApiKeyIndividual)
        | (AuthorizationCode, AuthorizationCode)
        | (ClientCredentials, ClientCredentials) => match (takes(before), takes(after)) {
            (true, true) | (false, false) => ModeEffect::Same,
            (true, false) => ModeEffect::Delete,
            (false, true) => ModeEffect::NoneExisted,
        },
        (NoAuth | TokenPassthrough, _) => ModeEffect::NoneExisted,
        (ApiKeyShared, ApiKeyIndividual) | (ClientCredentials, AuthorizationCode) if !takes(before) => {
            ModeEffect::NoneExisted
        }
        (ApiKeyShared | ApiKeyIndividual | AuthorizationCode | ClientCredentials, _) => ModeEffect::Delete,
    }
}

const fn takes((mode, allow_optional): (Mode, bool)) -> bool {
    matches!(mode.support(allow_optional), Support::Supported)
}

/// What happens to one override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Deleted,
    Kept,
    Invalidated,
    Suspended,
    NeedsUpdate,
}

impl Effect {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Kept => "kept",
            Self::Invalidated => "invalidated",
            Self::Suspended => "suspended",
            Self::NeedsUpdate => "needs_update",
        }
    }
}

/// How many overrides meet which effect: what the preview shows (D07).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EffectCounts {
    pub deleted: u64,
    pub kept: u64,
    pub invalidated: u64,
    pub suspended: u64,
    pub needs_update: u64,
}

impl EffectCounts {
    pub fn add(&mut self, effect: Effect) {
        *match effect {
            Effect::Deleted => &mut self.deleted,
            Effect::Kept => &mut self.kept,
            Effect::Invalidated => &mut self.invalidated,
            Effect::Suspended => &mut self.suspended,
            Effect::NeedsUpdate => &mut self.needs_update,
        } += 1;
    }
}

/// A change, worked out once, asked about each override.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    delete: bool,
    suspend: bool,
    invalidate_tokens: bool,
    /// S60: the placeholder that is called differently now.
    rename: Option<(String, String)>,
    /// The server asks for other values than before, a renamed one apart.
    asks_otherwise: bool,
    asked: Vec<CredentialField>,
}

/// What to do with one override's row: the effect, and the values it keeps under which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub effect: Effect,
    pub condition: Condition,
    /// Old key to new key, for each value that stays.
    pub kept_values: BTreeMap<String, String>,
}

impl Change {
    pub fn between(before: Settings<'_>, after: Settings<'_>) -> Self {
        let (from, to) = (before.auth, after.auth);
        let rename = match (from, to) {
            (OutboundAuth::ApiKeyIndividual(from), OutboundAuth::ApiKeyIndividual(to)) => renamed_placeholder(from, to),
            _ => None,
        };
        let asked = to.fields();
        let asked_before = from.fields();
        let asked_before: BTreeSet<&str> = asked_before
            .iter()
            .map(|field| key_after(&rename, &field.key))
            .collect();
        Self {
            delete: mode_effect(before.kind(), after.kind()) != ModeEffect::Same,
            suspend: before.origin != after.origin,
            invalidate_tokens: match (from, to) {
                (OutboundAuth::AuthorizationCode(from), OutboundAuth::AuthorizationCode(to)) => {
                    client_changed(from, to)
                }
                _ => false,
            },
            asks_otherwise: asked_before != asked.iter().map(|field| field.key.as_str()).collect(),
            rename,
            asked,
        }
    }

    pub fn outcome(&self, stored: &OverrideFacts) -> Outcome {
        let kept_values = self.kept_values(&stored.fields);
        let kept = OverrideFacts {
            fields: kept_values.values().cloned().collect(),
            ..stored.clone()
        };
        let (effect, condition) = if self.delete {
            (Effect::Deleted, stored.condition)
        } else if self.suspend {
            (Effect::Suspended, Condition::Suspended)
        } else if self.invalidate_tokens && stored.kind == Kind::OAuth {
            (Effect::Invalidated, Condition::Invalidated)
        } else if self.asks_otherwise && kept.lacks(&self.asked) {
            (Effect::NeedsUpdate, stored.condition)
        } else {
            (Effect::Kept, stored.condition)
        };
        Outcome {
            effect,
            condition,
            kept_values,
        }
    }

    /// D03: values whose names stay are kept, a renamed one under its new name, the others go.
    fn kept_values(&self, stored: &BTreeSet<String>) -> BTreeMap<String, String> {
        stored
            .iter()
            .filter_map(|key| {
                let new_key = key_after(&self.rename, key);
                self.asked
                    .iter()
                    .any(|field| field.key == new_key)
                    .then(|| (key.clone(), new_key.to_owned()))
            })
            .collect()
    }
}

/// S60: what a value is filed under after the change.
fn key_after<'a>(rename: &'a Option<(String, String)>, key: &'a str) -> &'a str {
    match rename {
        Some((from, to)) if from == key => to,
        _ => key,
    }
}

/// D08: tokens belong to the client that got them and to the authorization server that issued them.
fn client_changed(from: &OAuthSettings, to: &OAuthSettings) -> bool {
    from.client_id != to.client_id
        || from.client_secret != to.client_secret
        || from.authorization_url != to.authorization_url
        || from.token_url != to.token_url
        || from.registration_url != to.registration_url
        || from.discover != to.discover
}

type Headers = [(HeaderName, Option<HeaderTemplate>)];

/// D03: one name gone and one name new, all else equal, is a rename.
fn renamed_placeholder(from: &Headers, to: &Headers) -> Option<(String, String)> {
    let gone = names(from).difference(&names(to)).cloned().collect::<Vec<_>>();
    let new = names(to).difference(&names(from)).cloned().collect::<Vec<_>>();
    let ([gone], [new]) = (gone.as_slice(), new.as_slice()) else {
        return None;
    };
    let renamed = |(name, template): &(HeaderName, Option<HeaderTemplate>)| {
        (
            name.clone(),
            template.as_ref().map(|template| template.renamed(gone, new)),
        )
    };
    let all_else_equal = from.len() == to.len() && from.iter().map(renamed).all(|header| to.contains(&header));
    all_else_equal.then(|| (gone.clone(), new.clone()))
}

fn names(headers: &Headers) -> BTreeSet<String> {
    let templates = headers.iter().filter_map(|(_, template)| template.as_ref());
    templates
        .flat_map(HeaderTemplate::names)
        .map(ToOwned::to_owned)
        .collect()
}
