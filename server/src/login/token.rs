//! `POST /oauth/token` and `/oauth/revoke` (RFC 6749, 7009). Clients are public: what they show is a code with its verifier, or a token.

use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form, Json};
use domain::login::SCOPE;
use domain::secret::Secret;
use domain::via::Via;
use serde::Deserialize;
use serde_json::json;

use super::{Login, answer};
use crate::services::logins::{CodeShown, IssueError, Issued, RefreshShown};

/// Each at most once; what else comes is ignored (RFC 6749 section 3.2).
#[derive(Deserialize)]
pub struct TokenForm {
    grant_type: Option<String>,
    client_id: Option<String>,
    code: Option<String>,
    code_verifier: Option<String>,
    redirect_uri: Option<String>,
    refresh_token: Option<String>,
    resource: Option<String>,
}

pub async fn token(
    State(login): State<Login>,
    Extension(via): Extension<Via>,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return unreadable();
    };
    let outcome = match form.grant_type.as_deref() {
        Some("authorization_code") => match form.code() {
            Some(shown) => login.logins().exchange(&shown, via).await,
            None => return answer::refused("invalid_request", "Send client_id, code and code_verifier."),
        },
        Some("refresh_token") => match form.refresh() {
            Some(shown) => login.logins().renew(&shown, via).await,
            None => return answer::refused("invalid_request", "Send client_id and refresh_token."),
        },
        Some(_) => {
            let text = "grant_type is authorization_code or refresh_token.";
            return answer::refused("unsupported_grant_type", text);
        }
        None => return answer::refused("invalid_request", "grant_type is missing."),
    };
    match outcome {
        Ok(issued) => shown_once(&issued),
        Err(IssueError::Refused(refused)) => answer::refused(refused.code(), &refused.to_string()),
        Err(IssueError::Service(error)) => answer::failed(&error),
    }
}

impl TokenForm {
    fn code(self) -> Option<CodeShown> {
        Some(CodeShown {
            code: Secret::new(self.code?),
            verifier: Secret::new(self.code_verifier?),
            client_id: self.client_id?,
            redirect_uri: self.redirect_uri,
            resource: self.resource,
        })
    }

    fn refresh(self) -> Option<RefreshShown> {
        Some(RefreshShown {
            token: Secret::new(self.refresh_token?),
            client_id: self.client_id?,
            resource: self.resource,
        })
    }
}

/// The one answer that holds tokens. Every answer of ours says `no-store`.
fn shown_once(issued: &Issued) -> Response {
    let mut body = json!({
        "access_token": issued.access.expose(),
        "token_type": "Bearer",
        "expires_in": issued.seconds,
        "scope": SCOPE,
    });
    if let (Some(body), Some(refresh)) = (body.as_object_mut(), &issued.refresh) {
        body.insert("refresh_token".to_owned(), json!(refresh.expose()));
    }
    Json(body).into_response()
}

#[derive(Deserialize)]
pub struct RevokeForm {
    token: String,
    client_id: Option<String>,
}

/// What is unknown is gone already, so that it is 200 as well (RFC 7009 section 2.2).
pub async fn revoke(
    State(login): State<Login>,
    Extension(via): Extension<Via>,
    form: Result<Form<RevokeForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return unreadable();
    };
    let token = Secret::new(form.token);
    match login.logins().give_back(&token, form.client_id.as_deref(), via).await {
        Ok(true) => StatusCode::OK.into_response(),
        Ok(false) => answer::refused("invalid_grant", "This token is another client's."),
        Err(error) => answer::failed(&error),
    }
}

fn unreadable() -> Response {
    let text = "Send a form (application/x-www-form-urlencoded), every parameter at most once.";
    answer::refused("invalid_request", text)
}
