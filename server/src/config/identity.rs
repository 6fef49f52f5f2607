//! Identity providers: the one that people sign on with, and those whose tokens the gateway takes (B02).

use std::collections::{BTreeMap, BTreeSet};

use domain::id::VirtualAccountId;
use domain::identity::{Algorithm, Rules, TokenType};
use domain::secret::Secret;
use domain::sign_on::{Mapping, Policy};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, List, Raw, invalid};

/// Single sign-on for the pages.
#[derive(Debug, Clone)]
pub struct SsoConfig {
    pub issuer: String,
    pub client_id: String,
    /// `None`: a public client, which PKCE alone protects.
    pub client_secret: Option<Secret>,
    /// On the button.
    pub name: String,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub mapping: Mapping,
    pub policy: Policy,
}

/// One provider whose tokens the gateway takes.
#[derive(Debug, Clone)]
pub struct ProviderConfig {
    pub rules: Rules,
    /// `None`: where the provider's description says.
    pub jwks_url: Option<Url>,
    pub subject_claim: String,
    pub account_claim: String,
    pub name_claim: String,
}

const PROVIDERS: &str = "identity_providers";
const DEFAULT_ALGORITHMS: [Algorithm; 5] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
];

/// As written in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProvider {
    issuer: String,
    audience: List,
    jwks_url: Option<String>,
    #[serde(default = "sub")]
    subject_claim: String,
    #[serde(default = "name")]
    name_claim: String,
    algorithms: Option<List>,
    #[serde(default)]
    token_type: RawTokenType,
    /// The claim whose values `virtual_accounts` names; the subject's if it is left out.
    virtual_account_claim: Option<String>,
    #[serde(default)]
    virtual_accounts: BTreeMap<String, String>,
    #[serde(default = "yes")]
    external_identities: bool,
}

#[derive(Default, Clone, Copy, Serialize, Deserialize)]
enum RawTokenType {
    #[default]
    #[serde(rename = "at+jwt")]
    AccessToken,
    #[serde(rename = "jwt")]
    Jwt,
}

fn sub() -> String {
    "sub".to_owned()
}

fn name() -> String {
    "name".to_owned()
}

const fn yes() -> bool {
    true
}

pub(super) fn sso(raw: &mut Raw) -> Result<Option<SsoConfig>, ConfigError> {
    let Some(issuer) = raw.sso_issuer.take() else {
        let alone = raw.sso_client_id.is_some() || raw.sso_client_secret.is_some();
        return if alone {
            Err(invalid(
                "sso_issuer",
                "needed with the other settings of single sign-on",
            ))
        } else if raw.password_sign_in {
            Ok(None)
        } else {
            Err(invalid(
                "password_sign_in",
                "can be switched off only with `sso_issuer`: nobody could sign in",
            ))
        };
    };
    is_issuer("sso_issuer", &issuer)?;
    let client_id = raw.sso_client_id.take().filter(|id| !id.is_empty());
    Ok(Some(SsoConfig {
        issuer,
        client_id: client_id.ok_or_else(|| invalid("sso_client_id", "needed with `sso_issuer`"))?,
        client_secret: raw.sso_client_secret.take().map(|secret| Secret::new(secret.0)),
        name: raw.sso_name.clone(),
        scopes: owned(&raw.sso_scopes),
        groups_claim: raw.sso_groups_claim.clone(),
        mapping: Mapping {
            admin_groups: owned(&raw.sso_admin_groups),
            teams: raw.sso_teams.items().into_iter().map(team).collect::<Result<_, _>>()?,
        },
        policy: Policy {
            create_users: raw.sso_create_users,
            link_by_email: raw.sso_link_by_email,
        },
    }))
}

/// `group=team`; the team's name has no equals sign.
fn team(text: &str) -> Result<(String, String), ConfigError> {
    let pair = text.rsplit_once('=').map(|(group, team)| (group.trim(), team.trim()));
    pair.filter(|(group, team)| !group.is_empty() && !team.is_empty())
        .map(|(group, team)| (group.to_owned(), team.to_owned()))
        .ok_or_else(|| invalid("sso_teams", "pairs such as developers=platform"))
}

pub(super) fn providers(raw: Vec<RawProvider>, sso: Option<&SsoConfig>) -> Result<Vec<ProviderConfig>, ConfigError> {
    let mut seen = BTreeSet::new();
    let mut providers = Vec::new();
    for one in raw {
        if !seen.insert(one.issuer.clone()) {
            return Err(invalid(PROVIDERS, "each `issuer` once"));
        }
        providers.push(provider(one, sso)?);
    }
    Ok(providers)
}

fn provider(raw: RawProvider, sso: Option<&SsoConfig>) -> Result<ProviderConfig, ConfigError> {
    is_issuer(PROVIDERS, &raw.issuer)?;
    let audiences = owned(&raw.audience);
    if audiences.is_empty() {
        return Err(invalid(
            PROVIDERS,
            "`audience` says for whom the tokens are, such as https://mcp.example.com",
        ));
    }
    // An ID token is for the client that people sign on with: where nothing else tells it apart, its audience must.
    let token_type = match raw.token_type {
        RawTokenType::AccessToken => TokenType::AccessToken,
        RawTokenType::Jwt if sso.is_some_and(|sso| audiences.contains(&sso.client_id)) => {
            return Err(invalid(
                PROVIDERS,
                "with `token_type = \"jwt\"`, `audience` cannot be `sso_client_id`: ID tokens are for that",
            ));
        }
        RawTokenType::Jwt => TokenType::Jwt,
    };
    let jwks_url = raw.jwks_url.map(|text| Url::parse(&text)).transpose();
    Ok(ProviderConfig {
        jwks_url: jwks_url.map_err(|_| invalid(PROVIDERS, "`jwks_url` is a URL"))?,
        account_claim: raw.virtual_account_claim.unwrap_or_else(|| raw.subject_claim.clone()),
        subject_claim: raw.subject_claim,
        name_claim: raw.name_claim,
        rules: Rules {
            issuer: raw.issuer,
            audiences,
            algorithms: algorithms(raw.algorithms.as_ref())?,
            token_type,
            accounts: raw
                .virtual_accounts
                .into_iter()
                .map(|(value, account)| (value, VirtualAccountId::new(account)))
                .collect(),
            external: raw.external_identities,
        },
    })
}

fn algorithms(list: Option<&List>) -> Result<Vec<Algorithm>, ConfigError> {
    let Some(list) = list else {
        return Ok(DEFAULT_ALGORITHMS.to_vec());
    };
    let known = list
        .items()
        .into_iter()
        .map(Algorithm::parse)
        .collect::<Option<Vec<_>>>();
    known.filter(|known| !known.is_empty()).ok_or_else(|| {
        let all = Algorithm::ALL.map(Algorithm::as_str).join(", ");
        invalid(PROVIDERS, &format!("`algorithms` are some of {all}"))
    })
}

/// Issuers are compared as they are written; here only what can be asked for counts.
fn is_issuer(key: &'static str, text: &str) -> Result<(), ConfigError> {
    let url = Url::parse(text).ok();
    let good = url.is_some_and(|url| {
        matches!(url.scheme(), "https" | "http") && url.query().is_none() && url.fragment().is_none()
    });
    if good {
        Ok(())
    } else {
        Err(invalid(
            key,
            "an issuer is a URL without a query, exactly as the provider spells it",
        ))
    }
}

fn owned(list: &List) -> Vec<String> {
    list.items().into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load, problem};
    use super::*;

    const SSO: &str = "sso_issuer = 'https://id.example'\nsso_client_id = 'overkey'\n";

    fn with_provider(more: &str) -> String {
        format!("{SSO}[[identity_providers]]\nissuer = 'https://id.example'\n{more}")
    }

    #[test]
    fn a_provider_and_single_sign_on_in_a_file() {
        let config = load(&format!(
            "{SSO}sso_client_secret = 'canary'\nsso_admin_groups = 'ops, root'\nsso_teams = ['dev=platform', 'a=b=core']"
        ))
        .unwrap();
        assert!(!format!("{config:?}").contains("canary"));
        let sso = config.sso.unwrap();
        assert_eq!(sso.mapping.admin_groups, ["ops", "root"]);
        let pair = |(group, team): (&str, &str)| (group.to_owned(), team.to_owned());
        assert_eq!(sso.mapping.teams, [("dev", "platform"), ("a=b", "core")].map(pair));
        assert!(sso.policy.create_users && !sso.policy.link_by_email);

        let more =
            "audience = 'https://a.example, b'\nvirtual_account_claim = 'azp'\nvirtual_accounts = { ci = 'ci-bot' }";
        let provider = load(&with_provider(more)).unwrap().identity_providers.remove(0);
        assert_eq!(provider.rules.audiences, ["https://a.example", "b"]);
        assert_eq!(
            (provider.subject_claim.as_str(), provider.account_claim.as_str()),
            ("sub", "azp")
        );
        assert_eq!(provider.rules.token_type, TokenType::AccessToken);
        assert!(provider.rules.external);
    }

    #[test]
    fn what_is_missing_or_wrong_is_told() {
        assert!(problem("password_sign_in = false").starts_with("setting `password_sign_in`"));
        assert!(problem("sso_client_id = 'x'").starts_with("setting `sso_issuer`"));
        assert!(problem("sso_issuer = 'https://id.example'").starts_with("setting `sso_client_id`"));
        assert!(problem("sso_issuer = 'id.example'\nsso_client_id = 'x'").starts_with("setting `sso_issuer`"));
        assert!(problem(&format!("{SSO}sso_teams = 'dev'")).starts_with("setting `sso_teams`"));
        assert!(problem(&with_provider("audience = []")).contains("`audience`"));
        for never in ["none", "HS256"] {
            let more = format!("audience = 'a'\nalgorithms = ['RS256', '{never}']");
            assert!(problem(&with_provider(&more)).contains("`algorithms`"), "{never}");
        }
        assert!(problem(&with_provider("audience = 'a'\naudiance = 'b'")).contains("`audiance`"));
        let twice = "audience = 'a'\n[[identity_providers]]\nissuer = 'https://id.example'\naudience = 'b'";
        assert!(problem(&with_provider(twice)).contains("once"));
    }

    #[test]
    fn a6_where_only_the_audience_tells_id_tokens_apart_it_has_to() {
        let jwt = |audience: &str| with_provider(&format!("token_type = 'jwt'\naudience = '{audience}'"));
        assert!(problem(&jwt("overkey")).contains("sso_client_id"));
        assert!(load(&jwt("https://mcp.example")).is_ok());
    }
}
