//! The authorization endpoint: who are you, do you allow it, and back with a code (RFC 6749 section 4.1, PKCE always).

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use url::Url;

use super::controls::ResponseIssuer;
use super::ledger::{Code, Grant, Refusal, random_text};
use super::{DemoProvider, PEOPLE, SCOPES, clients, page};

const PENDING_LIFETIME: i64 = 600;
/// BASE64URL of a SHA-256.
const CHALLENGE_LENGTH: usize = 43;

/// A request whose page somebody looks at. The page carries its id alone.
#[derive(Clone)]
pub(super) struct Pending {
    pub id: String,
    pub client_name: String,
    pub code: CodeRequest,
    pub person: Option<(&'static str, &'static str)>,
    expires_at: i64,
}

#[derive(Clone)]
pub(super) struct CodeRequest {
    client: String,
    pub redirect_uri: Url,
    state: Option<String>,
    challenge: String,
    pub scope: String,
    pub resource: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Asked {
    response_type: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
    scope: Option<String>,
    resource: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// Without a client and its redirect URI there is nobody to answer but the person; with them, errors go back there.
enum Wrong {
    ForPerson(&'static str),
    ForClient(Box<Url>),
}

pub(super) async fn ask(State(provider): State<DemoProvider>, asked: Result<Query<Asked>, QueryRejection>) -> Response {
    let Ok(Query(asked)) = asked else {
        return page::problem("The request names something twice.");
    };
    match pending(&provider, &asked) {
        Ok(pending) => page::who(&pending),
        Err(Wrong::ForPerson(text)) => page::problem(text),
        Err(Wrong::ForClient(back)) => Redirect::to(back.as_str()).into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Answered {
    request: String,
    person: Option<String>,
    decision: Option<String>,
}

pub(super) async fn answer(
    State(provider): State<DemoProvider>,
    answered: Result<Form<Answered>, FormRejection>,
) -> Response {
    let Ok(Form(answered)) = answered else {
        return page::problem("The form did not arrive whole.");
    };
    let named = answered.person.as_deref().and_then(person);
    let now = provider.now();
    let mut books = provider.books();
    books.pending.retain(|pending| pending.expires_at > now);
    let Some(at) = books.pending.iter().position(|pending| pending.id == answered.request) else {
        return page::problem("This request is too old or was answered before. Start again where you came from.");
    };
    if let Some(named) = named {
        books.pending[at].person = Some(named);
        return page::may_it(&books.pending[at]);
    }
    match (books.pending[at].person, answered.decision.as_deref()) {
        (Some((person, _)), Some(decision @ ("allow" | "deny"))) => {
            let pending = books.pending.swap_remove(at);
            drop(books);
            let back = decide(&provider, pending.code, person, decision == "allow");
            Redirect::to(back.as_str()).into_response()
        }
        (Some(_), _) => page::may_it(&books.pending[at]),
        (None, _) => page::who(&books.pending[at]),
    }
}

impl DemoProvider {
    /// What a person does at the page, for tests without a browser: where they are sent afterwards, or what the page says.
    pub fn consent(&self, authorization_url: &str, who: &str, allow: bool) -> Result<Url, String> {
        let uri: Uri = authorization_url
            .parse()
            .map_err(|_| "This is no address.".to_owned())?;
        let Ok(Query(asked)) = Query::<Asked>::try_from_uri(&uri) else {
            return Err("The request names something twice.".to_owned());
        };
        let (who, _) = person(who).ok_or_else(|| format!("{who} is not known here."))?;
        match pending(self, &asked) {
            Ok(pending) => Ok(decide(self, pending.code, who, allow)),
            Err(Wrong::ForPerson(text)) => Err(text.to_owned()),
            Err(Wrong::ForClient(back)) => Ok(*back),
        }
    }
}

fn person(id: &str) -> Option<(&'static str, &'static str)> {
    PEOPLE.into_iter().find(|(known, _)| *known == id)
}

fn pending(provider: &DemoProvider, asked: &Asked) -> Result<Pending, Wrong> {
    let client = asked.client_id.as_deref().and_then(|id| clients::client(provider, id));
    let client = client.ok_or(Wrong::ForPerson("This client is not known here."))?;
    let redirect_uri = asked
        .redirect_uri
        .as_deref()
        .filter(|uri| client.redirect_uris.iter().any(|known| known == uri))
        .and_then(|uri| Url::parse(uri).ok())
        .ok_or(Wrong::ForPerson(
            "The redirect URI is not one that the client registered.",
        ))?;
    let refused = |refusal: Refusal| {
        let mut back = back_to(provider, &redirect_uri, asked.state.as_deref());
        back.query_pairs_mut()
            .append_pair("error", refusal.error)
            .append_pair("error_description", refusal.description);
        Wrong::ForClient(Box::new(back))
    };
    let (challenge, scope) = checked(asked).map_err(refused)?;
    let id = random_text("").map_err(refused)?.expose().to_owned();
    let pending = Pending {
        id,
        client_name: client.name,
        code: CodeRequest {
            client: client.id,
            redirect_uri: redirect_uri.clone(),
            state: asked.state.clone(),
            challenge,
            scope,
            resource: asked.resource.clone(),
        },
        person: None,
        expires_at: provider.now() + PENDING_LIFETIME,
    };
    provider.books().pending.push(pending.clone());
    Ok(pending)
}

/// The challenge and the scope, or what is wrong with the request.
fn checked(asked: &Asked) -> Result<(String, String), Refusal> {
    if asked.response_type.as_deref() != Some("code") {
        return Err(Refusal::new(
            "unsupported_response_type",
            "Only codes are given out here.",
        ));
    }
    if asked.code_challenge_method.as_deref() != Some("S256") {
        return Err(Refusal::new("invalid_request", "PKCE with S256 is required."));
    }
    let challenge = asked.code_challenge.clone().unwrap_or_default();
    if challenge.len() != CHALLENGE_LENGTH {
        return Err(Refusal::new(
            "invalid_request",
            "The code challenge is not one of S256.",
        ));
    }
    check_resource(asked.resource.as_deref())?;
    Ok((challenge, checked_scope(asked.scope.as_deref())?))
}

/// RFC 8707 section 2: an absolute address without a fragment.
pub(super) fn check_resource(resource: Option<&str>) -> Result<(), Refusal> {
    let good = |text: &str| Url::parse(text).is_ok_and(|url| url.fragment().is_none() && !url.cannot_be_a_base());
    match resource {
        Some(resource) if !good(resource) => Err(Refusal::new("invalid_target", "The resource is not one.")),
        _ => Ok(()),
    }
}

/// Who asks for nothing may read.
pub(super) fn checked_scope(scope: Option<&str>) -> Result<String, Refusal> {
    let asked: Vec<&str> = scope.unwrap_or_default().split_whitespace().collect();
    if asked.iter().any(|scope| !SCOPES.contains(scope)) {
        return Err(Refusal::new("invalid_scope", "There is no such scope here."));
    }
    Ok(if asked.is_empty() {
        SCOPES[0].to_owned()
    } else {
        asked.join(" ")
    })
}

/// Where the browser goes after Allow or Deny.
fn decide(provider: &DemoProvider, request: CodeRequest, person: &str, allow: bool) -> Url {
    let mut back = back_to(provider, &request.redirect_uri, request.state.as_deref());
    let denied = Refusal::new("access_denied", "The person said no.");
    let code = Code {
        grant: Grant {
            client: request.client,
            person: Some(person.to_owned()),
            scope: request.scope,
            resource: request.resource,
        },
        redirect_uri: request.redirect_uri.into(),
        challenge: request.challenge,
    };
    let made = if allow {
        provider.books().ledger.make_code(code, provider.now())
    } else {
        Err(denied)
    };
    match made {
        Ok(code) => back.query_pairs_mut().append_pair("code", code.expose()),
        Err(refusal) => back
            .query_pairs_mut()
            .append_pair("error", refusal.error)
            .append_pair("error_description", refusal.description),
    };
    back
}

/// The redirect URI with the request's state and who answers (RFC 9207).
fn back_to(provider: &DemoProvider, redirect_uri: &Url, state: Option<&str>) -> Url {
    let mut back = redirect_uri.clone();
    let issuer = match &provider.switches().response_issuer {
        ResponseIssuer::Own => Some(provider.base_url.clone()),
        ResponseIssuer::Missing => None,
        ResponseIssuer::Other(other) => Some(other.clone()),
    };
    let mut query = back.query_pairs_mut();
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    if let Some(issuer) = issuer {
        query.append_pair("iss", &issuer);
    }
    drop(query);
    back
}
