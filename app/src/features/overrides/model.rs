//! What the tab and its forms show, and the small decisions of showing.

use std::collections::BTreeMap;

use domain::actor::SubjectKind;
use domain::outbound::{CredentialField, Mode};
use domain::overrides::{Kind, State};
use domain::secret::Secret;
use domain::template::HeaderTemplate;
use domain::total::Total;
use serde::{Deserialize, Serialize};

use crate::error::Kept;
use crate::secret_input::SecretInput;
use crate::ui::badge::Tone;
use crate::ui::expiry::Expiry;
use crate::ui::time::Moment;

/// What of the list is asked for, as it stands in the address.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ListRequest {
    pub server: String,
    pub search: String,
    /// `user`, `virtual_account`, `external_identity` or empty.
    pub kind: String,
    /// A state or empty.
    pub state: String,
    /// A column, with `-` before it for descending; empty for the entity.
    pub sort: String,
    pub cursor: String,
}

impl ListRequest {
    /// The address of the tab with this request, one part replaced; another page only when the cursor is what changes.
    pub fn address(&self, name: &str, value: &str) -> String {
        let cursor = if name == "cursor" { value } else { "" };
        let given =
            |part: &'static str, own: &str| (part, if part == name { value.to_owned() } else { own.to_owned() });
        let parts = [
            given("search", &self.search),
            given("kind", &self.kind),
            given("state", &self.state),
            given("sort", &self.sort),
            ("cursor", cursor.to_owned()),
        ];
        let query: Vec<String> = parts
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        let path = format!("/servers/{}/overrides", self.server);
        if query.is_empty() {
            path
        } else {
            format!("{path}?{}", query.join("&"))
        }
    }

    pub fn is_filtered(&self) -> bool {
        !(self.search.is_empty() && self.kind.is_empty() && self.state.is_empty())
    }
}

pub use crate::ui::address::encode;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverridesPage {
    pub request: ListRequest,
    pub manager: bool,
    /// What stands where overrides are not supported.
    pub unsupported: Option<String>,
    pub may_add: bool,
    pub mode: Mode,
    /// Each as it may be shown.
    pub headers: Vec<String>,
    pub rows: Vec<OverrideRow>,
    pub next: Option<String>,
    pub previous: Option<String>,
    /// `None` when filtered by state: those are not counted.
    pub total: Option<Total>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideRow {
    pub id: String,
    pub subject: SubjectView,
    pub mine: bool,
    pub auth: String,
    pub updated_by: String,
    pub updated_at: Moment,
    /// Label and mask; the label is empty when there is one value only.
    pub masks: Vec<(String, String)>,
    pub kind: Kind,
    pub state: State,
    pub last_used: Option<Moment>,
    pub verified: Option<Moment>,
    pub expires: Option<Expiry>,
    pub may_edit: bool,
    /// And it is one that calls carry.
    pub may_verify: bool,
    pub may_delete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectView {
    pub kind: SubjectKind,
    pub id: String,
    pub name: String,
    /// A user's e-mail address, an external identity's issuer.
    pub detail: Option<String>,
}

impl SubjectView {
    /// `user/<id>`: what names it wherever a subject is asked for.
    pub fn spelled(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectHit {
    /// What to type to name it: an e-mail address, a virtual account's name, `external_identity/…`.
    pub value: String,
    pub label: String,
}

/// What the Add and the Edit form need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormPage {
    pub server: String,
    pub mode: Mode,
    pub manager: bool,
    /// Whose it is, where that is fixed: my own, or the override's that is edited.
    pub subject: Option<SubjectView>,
    pub mine: bool,
    pub fields: Vec<CredentialField>,
    /// Header name, and its template (`None`: the whole value).
    pub headers: Vec<(String, Option<String>)>,
    /// Edit: the masks by field key, the state and the expiry (`YYYY-MM-DD`).
    pub masks: Vec<(String, String)>,
    pub state: Option<State>,
    pub may_confirm: bool,
    pub expires_on: String,
    /// Add: the first subjects to choose from.
    pub subjects: Vec<SubjectHit>,
}

/// What a person entered in the Add or the Edit form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entered {
    pub server: String,
    /// Adding: whom it is for; empty for myself.
    pub subject: String,
    /// By field key; an empty one keeps what is stored.
    pub values: BTreeMap<String, SecretInput>,
    /// `YYYY-MM-DD`, the last day, or empty.
    pub expires_on: String,
    /// Adding: `true` puts it in the place of an existing one (D02).
    pub replace: String,
    /// B04: `true` tries it first.
    pub verify: String,
}

impl Entered {
    /// What may travel in an address when scripts are off: everything but the values.
    pub fn kept(&self) -> Kept {
        vec![
            ("subject".to_owned(), self.subject.clone()),
            ("expires_on".to_owned(), self.expires_on.clone()),
            ("verify".to_owned(), self.verify.clone()),
        ]
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doomed {
    pub server: String,
    pub id: String,
    pub name: String,
    pub mine: bool,
    pub kind: Kind,
    /// What calls do without it.
    pub consequence: String,
}

/// Who may add what, below the tab's heading.
pub const fn introduction(mode: Mode) -> &'static str {
    match mode {
        Mode::AuthorizationCode => {
            "Users authorize themselves; managers may also enter an Authorization header for anyone. A header that is entered wins."
        }
        Mode::NoAuth
        | Mode::TokenPassthrough
        | Mode::ApiKeyShared
        | Mode::ApiKeyIndividual
        | Mode::ClientCredentials => "Replace this server's default credential for one person or account.",
    }
}

pub const fn tone(state: State) -> Tone {
    match state {
        State::Active => Tone::Good,
        State::NeedsUpdate | State::Suspended | State::Reconnect | State::Expired => Tone::Attention,
        State::Rejected => Tone::Bad,
        State::NoAccess => Tone::Neutral,
    }
}

/// What a state means and what helps, for its title.
pub const fn meaning(kind: Kind, state: State) -> &'static str {
    match (kind, state) {
        (Kind::Manual, State::Active) => "Calls use this credential.",
        (Kind::OAuth, State::Active) => "Calls carry this token.",
        (_, State::NeedsUpdate) => "The server now asks for another value. Not used until it is edited.",
        (_, State::Rejected) => "The server does not accept this credential. Enter another one.",
        (Kind::Manual, State::Suspended) => {
            "Entered for another address of this server. Not used until it is confirmed or entered again."
        }
        (Kind::OAuth, State::Suspended) => {
            "Authorized for another address of this server. Not used until its owner authorizes again."
        }
        (_, State::Reconnect) => {
            "The provider or the OAuth client does not stand by it any more. Not used until its owner authorizes again."
        }
        (_, State::NoAccess) => "Its owner may not use this server at present.",
        (_, State::Expired) => "Its expiry date has passed. Edit it to use it again.",
    }
}

/// The live line "The gateway will send": each header with what has been typed, masked.
pub fn preview(headers: &[(String, Option<String>)], typed: &[(String, String)]) -> Vec<String> {
    let mask = |key: &str| match value_of(typed, key).map(str::trim) {
        Some(value) if !value.is_empty() => Some(Secret::new(Secret::new(value).masked())),
        _ => None,
    };
    headers
        .iter()
        .map(|(name, template)| {
            let value = match template.as_deref().map(HeaderTemplate::parse) {
                Some(Ok(template)) => {
                    let shown = |name: &str| mask(name).unwrap_or_else(|| Secret::new(format!("{{{{{name}}}}}")));
                    let masks: Vec<_> = template.names().into_iter().map(|name| (name, shown(name))).collect();
                    template
                        .fill(|name| masks.iter().find(|(known, _)| *known == name).map(|(_, mask)| mask))
                        .map(|filled| filled.expose().to_owned())
                }
                Some(Err(_)) => template.clone(),
                None => mask(&format!("header:{}", name.to_ascii_lowercase())).map(|mask| mask.expose().to_owned()),
            };
            format!("{name}: {}", value.unwrap_or_else(|| "…".to_owned()))
        })
        .collect()
}

/// What stands beside a key; there are a handful.
pub fn value_of<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(known, _)| known == key);
    found.map(|(_, value)| value.as_str())
}

/// A warning when a value seems to repeat the template's own words: `Bearer sk-…` inside `Bearer {{API_KEY}}`.
pub fn repeated_words(headers: &[(String, Option<String>)], key: &str, value: &str) -> Option<String> {
    let value = value.trim();
    headers.iter().find_map(|(name, template)| {
        let template = HeaderTemplate::parse(template.as_deref()?).ok()?;
        if !template.names().contains(&key) {
            return None;
        }
        let word = template.words().find(|word| is_first_of(value, word))?;
        Some(format!(
            "The server adds “{word}” to {name} itself. Enter only what comes after it."
        ))
    })
}

/// As headers compare words. To lower-case any letter there is takes a table of thirteen kilobytes.
fn is_first_of(value: &str, word: &str) -> bool {
    let parts = value.split_at_checked(word.len());
    parts.is_some_and(|(first, rest)| first.eq_ignore_ascii_case(word) && rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn s04_s05_the_preview_shows_the_header_with_the_value_masked() {
        let templated = [("Authorization".to_owned(), Some("Bearer {{ API_KEY }}".to_owned()))];
        let secret = "sk-0123456789abcd9f3c";
        assert_eq!(preview(&templated, &typed(&[])), ["Authorization: Bearer {{API_KEY}}"]);
        assert_eq!(
            preview(&templated, &typed(&[("API_KEY", secret)])),
            ["Authorization: Bearer ••••••••9f3c"]
        );
        let whole = [("Authorization".to_owned(), None)];
        assert_eq!(preview(&whole, &typed(&[])), ["Authorization: …"]);
        assert_eq!(
            preview(&whole, &typed(&[("header:authorization", "Bearer x")])),
            ["Authorization: ••••••••"]
        );
    }

    #[test]
    fn warns_when_the_value_repeats_the_template() {
        let headers = [("Authorization".to_owned(), Some("Bearer {{API_KEY}}".to_owned()))];
        assert!(repeated_words(&headers, "API_KEY", "bearer sk-abc").is_some());
        assert_eq!(repeated_words(&headers, "API_KEY", "sk-abc"), None);
        assert_eq!(repeated_words(&headers, "API_KEY", "bearersk-abc"), None);
        assert_eq!(repeated_words(&headers, "API_KEY", "beareé sk"), None);
        assert_eq!(repeated_words(&headers, "OTHER", "Bearer sk-abc"), None);
    }

    #[test]
    fn another_filter_starts_at_the_first_page() {
        let request = ListRequest {
            server: "notes".into(),
            search: "bob ng".into(),
            cursor: "abc".into(),
            ..ListRequest::default()
        };
        assert_eq!(
            request.address("cursor", "x/y"),
            "/servers/notes/overrides?search=bob%20ng&cursor=x%2Fy"
        );
        assert_eq!(
            request.address("state", "active"),
            "/servers/notes/overrides?search=bob%20ng&state=active"
        );
        assert_eq!(request.address("search", ""), "/servers/notes/overrides");
    }
}
