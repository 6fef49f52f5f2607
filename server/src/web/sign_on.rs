//! The browser's way to the identity provider and back, to sign in (`crate::identity` does what counts). What the browser holds
//! meanwhile is a sealed cookie of its own: strangers who begin and never come back leave nothing in the database.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::secret::Secret;
use domain::sign_on::NotAdmitted;
use domain::via::Via;
use serde::Deserialize;
use tower_sessions::Session;
use tower_sessions::cookie::time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};
use tracing::{error, warn};

use super::sign_in::{back, safe_next};
use super::{WebState, oauth, session};
use crate::identity::{Answer, GOOD_FOR, SignOnError};
use crate::services::sign_on::SignOnRefused;

#[derive(Deserialize)]
pub struct BeginForm {
    #[serde(default)]
    next: String,
}

pub async fn begin(
    State(state): State<WebState>,
    Extension(via): Extension<Via>,
    Form(form): Form<BeginForm>,
) -> Response {
    let next = safe_next(&form.next);
    let Some(sign_on) = &state.sign_on else {
        return back("sso_off", next);
    };
    let limited = |address| state.services.sign_in.limit_address(address).is_err();
    if via.address.is_some_and(limited) {
        return back("limited", next);
    }
    match sign_on.begin(next).await {
        Ok(departure) => {
            let mut response = oauth::lead_on(&departure.url, &departure.host);
            set_cookie(&state, &mut response, departure.ticket.expose(), GOOD_FOR);
            response
        }
        Err(error) => back(told(&error), next),
    }
}

/// RFC 6749 section 4.1.2, RFC 9207. Each at most once: a second one is 400.
#[derive(Deserialize)]
pub struct Returned {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

pub async fn callback(
    State(state): State<WebState>,
    Query(returned): Query<Returned>,
    Extension(via): Extension<Via>,
    session: Session,
    headers: HeaderMap,
) -> Response {
    let Some(sign_on) = &state.sign_on else {
        return back("sso_off", "/servers");
    };
    let answer = Answer {
        state: returned.state.map(Secret::new),
        code: returned.code.map(Secret::new),
        issuer: returned.iss,
        error: returned.error,
    };
    let mut response = match sign_on.finish(ticket(&state, &headers).as_deref(), answer, via).await {
        Ok((actor, next)) => match session::start(&session, &actor.subject, state.clock.now()).await {
            Ok(()) => Redirect::to(safe_next(&next)).into_response(),
            Err(error) => {
                error!(error = %error, "Could not start a session");
                back("failed", "/servers")
            }
        },
        Err(error) => back(told(&error), "/servers"),
    };
    set_cookie(&state, &mut response, "", 0);
    response
}

/// What the sign-in page is to say. Why stays in the log, and holds no secret.
fn told(error: &SignOnError) -> &'static str {
    let code = match error {
        SignOnError::NotOurs => "sso_again",
        SignOnError::Denied => "sso_denied",
        SignOnError::Unreachable(_) => "sso_unreachable",
        SignOnError::BadAnswer(_) => "sso_answer",
        SignOnError::Refused(refused) => match refused {
            SignOnRefused::NotAdmitted(NotAdmitted::EmailTaken) => "sso_taken",
            SignOnRefused::NotAdmitted(NotAdmitted::Unverified) => "sso_unverified",
            SignOnRefused::NotAdmitted(NotAdmitted::Unknown) => "sso_unknown",
            SignOnRefused::NoEmail => "sso_no_email",
            SignOnRefused::Disabled => "sso_disabled",
            SignOnRefused::NotSetUp => "sso_first",
            SignOnRefused::Service(_) => "failed",
        },
        SignOnError::Service(_) | SignOnError::Seal(_) | SignOnError::NoRandomness => "failed",
    };
    if code == "failed" {
        error!(error = %error, "A sign-on failed inside Overkey");
    } else {
        warn!(error = %error, "A sign-on did not come about");
    }
    code
}

fn cookie_name(state: &WebState) -> &'static str {
    if state.public_url.scheme() == "https" {
        "__Host-overkey-sign-on"
    } else {
        "overkey-sign-on"
    }
}

/// Lax: the browser comes back from another site, by a plain navigation.
fn set_cookie(state: &WebState, response: &mut Response, value: &str, seconds: i64) {
    let cookie = Cookie::build((cookie_name(state), value))
        .http_only(true)
        .secure(state.public_url.scheme() == "https")
        .same_site(SameSite::Lax)
        .path("/")
        .max_age(Duration::seconds(seconds))
        .build();
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

fn ticket(state: &WebState, headers: &HeaderMap) -> Option<String> {
    let given = headers.get_all(header::COOKIE).iter();
    let pairs = given
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse);
    let wanted = |pair: &Cookie<'_>| pair.name() == cookie_name(state);
    let found = pairs.filter_map(Result::ok).find(wanted)?;
    Some(found.value().to_owned())
}
