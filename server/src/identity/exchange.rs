//! A code for an ID token, and what that says about who signed on (OpenID Connect Core 3.1.3, 5.3).

use anyhow::{Context, anyhow, bail};
use chrono::DateTime;
use domain::identity::{Algorithm, SKEW};
use domain::secret::Secret;
use domain::via::Via;
use openidconnect::core::{CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreIdTokenVerifier, CoreTokenResponse};
use openidconnect::{
    AdditionalClaims, AuthorizationCode, ClaimsVerificationError, Nonce, OAuth2TokenResponse, PkceCodeVerifier,
    RequestTokenError, TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::provider::spelled;
use super::sign_on::{Client, Described, SignOn, SignOnError, Ticket};
use super::{keys, token};
use crate::oauth::Http;
use crate::services::sign_on::Profile;

/// What the crate does not know by name: groups, above all.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Others {}

pub(super) async fn profile(
    sign_on: &SignOn,
    described: Described,
    code: Secret,
    ticket: &Ticket,
) -> Result<Profile, SignOnError> {
    let client = sign_on.client(&described);
    let response = exchange(sign_on, &client, &code, ticket).await?;
    let id_token = response.id_token().context("there is no ID token in it");
    let id_token = id_token.map_err(SignOnError::BadAnswer)?;
    let nonce = Nonce::new(ticket.nonce.clone());
    let claims = match checked(sign_on, &client, id_token, &nonce) {
        // Its keys may have changed since they were fetched.
        Err(ClaimsVerificationError::SignatureVerification(_)) => {
            let client = sign_on.client(&sign_on.described(keys::INTERVAL).await?);
            checked(sign_on, &client, id_token, &nonce).map(Clone::clone)
        }
        claims => claims.map(Clone::clone),
    };
    let claims = claims.map_err(|error| SignOnError::BadAnswer(error.into()))?;
    let said = said(sign_on, id_token, &claims).map_err(SignOnError::BadAnswer)?;
    let lacks = said.profile.email.is_none() || said.profile.name.is_none() || !said.groups;
    let mut profile = said.profile;
    if lacks {
        ask_for_more(sign_on, &client, &response, &claims, &mut profile).await?;
    }
    Ok(profile)
}

async fn exchange(
    sign_on: &SignOn,
    client: &Client,
    code: &Secret,
    ticket: &Ticket,
) -> Result<CoreTokenResponse, SignOnError> {
    let request = client
        .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
        .map_err(|_| SignOnError::BadAnswer(anyhow!("the provider describes no token endpoint")))?;
    let answer = request
        .set_pkce_verifier(PkceCodeVerifier::new(ticket.verifier.clone()))
        .request_async(&Http(sign_on.egress()))
        .await;
    answer.map_err(|error| match error {
        RequestTokenError::Request(error) => SignOnError::Unreachable(error.into()),
        // Of what the provider says, only the error's name: its text may hold anything.
        RequestTokenError::ServerResponse(said) => {
            SignOnError::BadAnswer(anyhow!("the token endpoint said {}", said.error()))
        }
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            SignOnError::BadAnswer(anyhow!("the token endpoint's answer is none"))
        }
    })
}

fn checked<'t>(
    sign_on: &SignOn,
    client: &Client,
    id_token: &'t CoreIdToken,
    nonce: &Nonce,
) -> Result<&'t CoreIdTokenClaims, ClaimsVerificationError> {
    let now = sign_on.now().0;
    let verifier: CoreIdTokenVerifier<'_> = client
        .id_token_verifier()
        // Never `none`, and never an HMAC with the client's secret.
        .set_allowed_algs(Algorithm::ALL.map(spelled))
        .set_time_fn(move || DateTime::from_timestamp(now, 0).unwrap_or(DateTime::UNIX_EPOCH))
        .set_issue_time_verifier_fn(move |at| {
            if at.timestamp() <= now + SKEW {
                Ok(())
            } else {
                Err("it was issued in the future".to_owned())
            }
        });
    id_token.claims(&verifier, nonce)
}

/// What the ID token says, and whether of groups, too: in none is not the same as not a word.
struct Said {
    profile: Profile,
    groups: bool,
}

fn said(sign_on: &SignOn, id_token: &CoreIdToken, claims: &CoreIdTokenClaims) -> anyhow::Result<Said> {
    let text = id_token.to_string();
    // Its signature is checked: what it says of groups counts.
    let all = token::parse(&text).context("it cannot be read")?;
    if claims.subject().as_str().is_empty() || claims.subject().len() > domain::identity::MAX_SUBJECT {
        bail!("it names no usable subject");
    }
    let groups = groups(all.all_claims(), &sign_on.config().groups_claim);
    let profile = Profile {
        issuer: claims.issuer().as_str().to_owned(),
        subject: claims.subject().as_str().to_owned(),
        email: claims.email().map(|email| email.as_str().to_owned()),
        email_verified: claims.email_verified(),
        name: claims
            .name()
            .and_then(|name| name.get(None))
            .map(|name| name.as_str().to_owned()),
        groups: groups.clone().unwrap_or_default(),
        via: Via::default(),
    };
    Ok(Said {
        profile,
        groups: groups.is_some(),
    })
}

/// What the ID token leaves out may stand in the user info. That is of this subject, or an error.
async fn ask_for_more(
    sign_on: &SignOn,
    client: &Client,
    response: &CoreTokenResponse,
    claims: &CoreIdTokenClaims,
    profile: &mut Profile,
) -> Result<(), SignOnError> {
    let token = response.access_token().clone();
    let Ok(request) = client.user_info(token, Some(claims.subject().clone())) else {
        return Ok(());
    };
    let info: UserInfoClaims<Others, CoreGenderClaim> = request
        .request_async(&Http(sign_on.egress()))
        .await
        .map_err(|error| SignOnError::BadAnswer(anyhow::Error::from(error).context("the user info")))?;
    if profile.email.is_none() {
        profile.email = info.email().map(|email| email.as_str().to_owned());
        profile.email_verified = info.email_verified();
    }
    if profile.name.is_none() {
        let name = info.name().and_then(|name| name.get(None));
        profile.name = name.map(|name| name.as_str().to_owned());
    }
    if profile.groups.is_empty() {
        let found = groups(&info.additional_claims().claims, &sign_on.config().groups_claim);
        profile.groups = found.unwrap_or_default();
    }
    Ok(())
}

/// The claim by its whole name (which may be a URL), or step by step: `realm_access.roles`. `None`: there is no such claim.
fn groups(claims: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let nested = || {
        let mut steps = name.split('.');
        let first = claims.get(steps.next()?)?;
        steps.try_fold(first, |value, step| value.get(step))
    };
    match claims.get(name).or_else(nested)? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => Some(many.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_where_the_provider_puts_them() {
        let claims = serde_json::json!({
            "groups": ["a", 1, "b"], "role": "ops", "https://x.example/groups": ["c"], "realm_access": {"roles": ["d"]},
            "none": []
        });
        let claims = claims.as_object().unwrap();
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (name, found) in [
            ("groups", Some(&["a", "b"][..])),
            ("role", Some(&["ops"])),
            ("https://x.example/groups", Some(&["c"])),
            ("realm_access.roles", Some(&["d"])),
            ("none", Some(&[])),
            ("realm_access", None),
            ("nothing.here", None),
        ] {
            assert_eq!(groups(claims, name).as_deref(), found.map(texts).as_deref(), "{name}");
        }
    }
}
