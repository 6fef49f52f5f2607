//! The token endpoint (RFC 6749 section 4 to 6) and the revocation endpoint (RFC 7009).

use axum::Json;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::DemoProvider;
use super::authorize::{check_resource, checked_scope};
use super::clients::{Client, authenticate};
use super::controls::Failure;
use super::ledger::{Grant, Refusal, Renewal};

#[derive(Deserialize)]
pub(super) struct Asked {
    grant_type: Option<String>,
    code: Option<String>,
    redirect_uri: Option<String>,
    code_verifier: Option<String>,
    refresh_token: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

pub(super) async fn token(
    State(provider): State<DemoProvider>,
    headers: HeaderMap,
    asked: Result<Form<Asked>, FormRejection>,
) -> Response {
    let Ok(Form(asked)) = asked else {
        return refuse(Refusal::new(
            "invalid_request",
            "The form is not one, or names something twice.",
        ));
    };
    provider.count(|counts| match asked.grant_type.as_deref() {
        Some("authorization_code") => counts.authorization_code += 1,
        Some("refresh_token") => counts.refresh_token += 1,
        Some("client_credentials") => counts.client_credentials += 1,
        _ => {}
    });
    drop(provider.shared.gate.read().await);
    let (delay, failure) = {
        let mut switches = provider.switches();
        (switches.delay, switches.fail_next.pop_front())
    };
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    if let Some(failure) = failure {
        return fail(failure);
    }
    match grant(&provider, &headers, &asked) {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(refusal) => refuse(refusal),
    }
}

fn grant(provider: &DemoProvider, headers: &HeaderMap, asked: &Asked) -> Result<Value, Refusal> {
    let client = authenticate(
        provider,
        headers,
        asked.client_id.as_deref(),
        asked.client_secret.as_deref(),
    )?;
    check_resource(asked.resource.as_deref())?;
    let family = match asked.grant_type.as_deref() {
        Some("authorization_code") => by_code(provider, &client, asked)?,
        Some("refresh_token") => by_refresh(provider, &client, asked)?,
        Some("client_credentials") => return for_itself(provider, client, asked),
        _ => return Err(Refusal::new("unsupported_grant_type", "This grant is not given here.")),
    };
    let switches = provider.switches().clone();
    let mut answer = access(provider, family)?;
    let renewing = asked.grant_type.as_deref() == Some("refresh_token");
    if switches.refresh_tokens && (switches.rotate || !renewing) {
        answer["refresh_token"] = provider.books().ledger.make_refresh(family)?.expose().into();
    }
    Ok(answer)
}

fn by_code(provider: &DemoProvider, client: &Client, asked: &Asked) -> Result<u64, Refusal> {
    let given = |value: &Option<String>| value.clone().unwrap_or_default();
    let now = provider.now();
    let mut books = provider.books();
    let family = books.ledger.redeem(
        &given(&asked.code),
        &client.id,
        &given(&asked.redirect_uri),
        &given(&asked.code_verifier),
        now,
    )?;
    same_resource(books.ledger.grant(family), asked)?;
    Ok(family)
}

fn by_refresh(provider: &DemoProvider, client: &Client, asked: &Asked) -> Result<u64, Refusal> {
    let spend = {
        let switches = provider.switches();
        switches.rotate && switches.refresh_tokens
    };
    let value = asked.refresh_token.clone().unwrap_or_default();
    let mut books = provider.books();
    let renewed = books.ledger.renew(&value, &client.id, spend);
    if renewed == Err(Renewal::Reused) {
        provider.count(|counts| counts.reuses += 1);
    }
    let family = renewed.map_err(Renewal::refusal)?;
    same_resource(books.ledger.grant(family), asked)?;
    Ok(family)
}

/// RFC 8707 section 2.2: what the token is for was said when it was asked for.
fn same_resource(grant: Option<&Grant>, asked: &Asked) -> Result<(), Refusal> {
    let allowed = grant.and_then(|grant| grant.resource.as_deref());
    match asked.resource.as_deref() {
        Some(resource) if allowed != Some(resource) => {
            Err(Refusal::new("invalid_target", "The consent was for another resource."))
        }
        _ => Ok(()),
    }
}

fn for_itself(provider: &DemoProvider, client: Client, asked: &Asked) -> Result<Value, Refusal> {
    if client.secret.is_none() {
        return Err(Refusal::new(
            "unauthorized_client",
            "A public client is nobody by itself.",
        ));
    }
    let grant = Grant {
        client: client.id,
        person: None,
        scope: checked_scope(asked.scope.as_deref())?,
        resource: asked.resource.clone(),
    };
    let family = provider.books().ledger.open(grant);
    access(provider, family)
}

/// An answer with an access token, as section 5.1 wants it.
fn access(provider: &DemoProvider, family: u64) -> Result<Value, Refusal> {
    let (now, lifetime) = (provider.now(), provider.shared.access_lifetime);
    let says = provider.switches().expires_in;
    let mut books = provider.books();
    let token = books.ledger.make_access(family, now + lifetime, now)?;
    let scope = books.ledger.grant(family).map(|grant| grant.scope.clone());
    let mut answer = json!({"access_token": token.expose(), "token_type": "Bearer", "scope": scope});
    if says {
        answer["expires_in"] = lifetime.into();
    }
    Ok(answer)
}

#[derive(Deserialize)]
pub(super) struct Revoked {
    token: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

pub(super) async fn revoke(
    State(provider): State<DemoProvider>,
    headers: HeaderMap,
    asked: Result<Form<Revoked>, FormRejection>,
) -> Response {
    provider.count(|counts| counts.revocations += 1);
    if provider.switches().refuse_revocations {
        return fail(Failure::Busy);
    }
    let Ok(Form(asked)) = asked else {
        return refuse(Refusal::new(
            "invalid_request",
            "The form is not one, or names something twice.",
        ));
    };
    let (id, secret) = (asked.client_id.as_deref(), asked.client_secret.as_deref());
    match authenticate(&provider, &headers, id, secret) {
        Ok(client) => {
            let token = asked.token.unwrap_or_default();
            provider.books().ledger.revoke(&token, &client.id);
            StatusCode::OK.into_response()
        }
        Err(refusal) => refuse(refusal),
    }
}

fn refuse(refusal: Refusal) -> Response {
    let status = match refusal.error {
        "invalid_client" => StatusCode::UNAUTHORIZED,
        "server_error" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = (status, [(header::CACHE_CONTROL, "no-store")], Json(refusal)).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = header::HeaderValue::from_static("Basic realm=\"demo authorization server\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn fail(failure: Failure) -> Response {
    match failure {
        Failure::ServerError => (StatusCode::INTERNAL_SERVER_ERROR, "<h1>Something went wrong</h1>").into_response(),
        Failure::Busy => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], "busy").into_response(),
        Failure::InvalidGrant => refuse(Refusal::new("invalid_grant", "Told to say so.")),
        Failure::InvalidClient => refuse(Refusal::new("invalid_client", "Told to say so.")),
        Failure::Garbage => "neither JSON nor a token".into_response(),
    }
}
