//! Signing in and out, and making the first admin: plain form posts that answer with a redirect, so that they work without
//! scripts and leave nothing in the history.

use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::via::Via;
use serde::Deserialize;
use tower_sessions::Session;
use tracing::error;
use url::form_urlencoded;

use super::WebState;
use super::bounded::too_busy;
use super::session;
use crate::services::ServiceError;
use crate::services::accounts::NewUser;

#[derive(Deserialize)]
pub struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

pub async fn sign_in(
    State(state): State<WebState>,
    Extension(via): Extension<Via>,
    session: Session,
    Form(form): Form<SignInForm>,
) -> Response {
    let next = safe_next(&form.next).to_owned();
    if !state.password_sign_in {
        return back("password_off", &next);
    }
    let code = match state
        .services
        .sign_in
        .with_password(&form.email, Secret::new(form.password), via)
        .await
    {
        Ok(Some(actor)) => match session::start(&session, &actor.subject, state.clock.now()).await {
            Ok(()) => return Redirect::to(&next).into_response(),
            Err(error) => log_failure(&error),
        },
        Ok(None) => "wrong",
        Err(ServiceError::Limited(_)) => "limited",
        // No page to draw: there are many.
        Err(ServiceError::Busy) => {
            return too_busy("Too many people are signing in just now. Go back and try again in a few seconds.");
        }
        Err(error) => log_failure(&error),
    };
    back(code, &next)
}

/// To the sign-in page, which says what went wrong.
pub(super) fn back(code: &str, next: &str) -> Response {
    let query: String = form_urlencoded::Serializer::new(String::new())
        .append_pair("error", code)
        .append_pair("next", next)
        .finish();
    Redirect::to(&format!("/sign-in?{query}")).into_response()
}

#[derive(Deserialize)]
pub struct SignOutForm {
    /// Where the next one who signs in goes.
    #[serde(default)]
    next: String,
}

/// Ends the session on the server; the cookie alone would be worth nothing afterwards.
pub async fn sign_out(session: Session, form: Result<Form<SignOutForm>, FormRejection>) -> Response {
    if let Err(error) = session.flush().await {
        log_failure(&error);
    }
    match form {
        Ok(Form(form)) if !form.next.is_empty() => {
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", safe_next(&form.next))
                .finish();
            Redirect::to(&format!("/sign-in?{query}")).into_response()
        }
        _ => Redirect::to("/sign-in").into_response(),
    }
}

#[derive(Deserialize)]
pub struct SetUpForm {
    email: String,
    #[serde(default)]
    name: String,
    password: String,
}

/// The one-time link printed at the first start makes the first admin, once.
pub async fn set_up(
    State(state): State<WebState>,
    Path(token): Path<String>,
    Extension(via): Extension<Via>,
    session: Session,
    Form(form): Form<SetUpForm>,
) -> Response {
    if !state.set_up.fits(&token) {
        return Redirect::to("/sign-in?error=link").into_response();
    }
    let new = NewUser {
        email: form.email,
        name: Some(form.name),
        password: Some(Secret::new(form.password)),
        platform_role: PlatformRole::Admin,
    };
    let back = |code: &str| Redirect::to(&format!("/setup/{token}?error={code}")).into_response();
    match state.services.sign_in.first_admin(new, via).await {
        Ok(actor) => {
            state.set_up.used();
            match session::start(&session, &actor.subject, state.clock.now()).await {
                Ok(()) => Redirect::to("/servers").into_response(),
                Err(error) => back(log_failure(&error)),
            }
        }
        Err(ServiceError::Invalid(errors)) => back(if errors.iter().any(|error| error.field == "email") {
            "email"
        } else {
            "password"
        }),
        Err(ServiceError::Conflict(_)) => Redirect::to("/sign-in?error=link").into_response(),
        Err(error) => back(log_failure(&error)),
    }
}

#[derive(Deserialize)]
pub struct ThemeForm {
    theme: String,
}

/// The theme is a cookie of its own, so that it needs no session and the page comes in the right colours at once.
pub async fn theme(headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let theme = if matches!(form.theme.as_str(), "light" | "dark") {
        form.theme.as_str()
    } else {
        "system"
    };
    let cookie = format!("theme={theme}; Path=/; Max-Age=31536000; SameSite=Lax");
    let back = headers
        .get("referer")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| url::Url::parse(text).ok());
    let back = back.map_or_else(
        || "/servers".to_owned(),
        |url| url[url::Position::BeforePath..].to_owned(),
    );
    ([("set-cookie", cookie)], Redirect::to(safe_next(&back))).into_response()
}

pub(super) fn log_failure(error: &dyn std::error::Error) -> &'static str {
    error!(error = %error, "Could not sign somebody in or out");
    "failed"
}

/// G6: a path on this site, or the server list.
pub fn safe_next(next: &str) -> &str {
    let plain = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(['\\', '\n', '\r', '\t'])
        && !next.starts_with("/sign-");
    if plain { next } else { "/servers" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g6_next_stays_on_this_site() {
        assert_eq!(
            safe_next("/servers/notes/overrides?x=1"),
            "/servers/notes/overrides?x=1"
        );
        for bad in [
            "//evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\\evil.example",
            "",
            "evil",
            "/\t/evil",
            "/sign-out",
        ] {
            assert_eq!(safe_next(bad), "/servers", "{bad:?}");
        }
    }
}
