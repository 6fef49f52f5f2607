//! Coming in by an invitation: a plain form post, like signing in, that ends signed in.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::secret::Secret;
use domain::via::Via;
use serde::Deserialize;
use tower_sessions::Session;

use super::sign_in::log_failure;
use super::{WebState, session};
use crate::services::ServiceError;

#[derive(Deserialize)]
pub struct InviteForm {
    password: String,
}

pub async fn accept(
    State(state): State<WebState>,
    Path(token): Path<String>,
    Extension(via): Extension<Via>,
    session: Session,
    Form(form): Form<InviteForm>,
) -> Response {
    // An invitation ends in a password, which would let nobody in.
    if !state.password_sign_in {
        return Redirect::to("/sign-in?error=password_off").into_response();
    }
    let (link, password) = (Secret::new(token.clone()), Secret::new(form.password));
    // Only a good link comes back with what is wrong; it has no character that would need another spelling.
    let back = |code: &str| Redirect::to(&format!("/invite/{token}?error={code}")).into_response();
    match state.services.invitations.accept(&link, password, via).await {
        Ok(Some(actor)) => match session::start(&session, &actor.subject, state.clock.now()).await {
            Ok(()) => Redirect::to("/servers").into_response(),
            // The password is set: they can sign in with it.
            Err(error) => {
                log_failure(&error);
                Redirect::to("/sign-in").into_response()
            }
        },
        Ok(None) => Redirect::to("/sign-in?error=invitation").into_response(),
        Err(ServiceError::Invalid(_)) => back("password"),
        Err(error) => {
            log_failure(&error);
            Redirect::to("/sign-in?error=failed").into_response()
        }
    }
}
