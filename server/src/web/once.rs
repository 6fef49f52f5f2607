//! Forms whose answer shows something that no other page will: a token, a link.
//!
//! Without scripts the answer to the form is the page itself, with the new thing in it: no redirect, whose address or session
//! would have to carry it. With scripts, server functions make the same.

use std::convert::Infallible;
use std::future::Future;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Router};
use domain::actor::Actor;
use leptos::prelude::provide_context;
use serde::Deserialize;

use app::backend::Backend;
use app::error::{Kept, UiError};
use app::shell::WithoutScripts;
use app::ui::posted::Posted;

use super::ui::{Pages, context, draw, to_sign_in};

pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/tokens", post(create_token))
        .route("/people/new", post(invite_person))
        .route("/people/{id}", post(new_link))
        .route("/virtual-accounts/new", post(create_account))
        .route("/virtual-accounts/{account}", post(account_token))
}

#[derive(Deserialize)]
struct TokenForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    days: String,
}

async fn create_token(asked: Asked, Form(form): Form<TokenForm>) -> Response {
    let make = async |backend: Backend, actor: Actor| backend.tokens.create(&actor, &form.name, &form.days).await;
    asked.answer(Vec::new(), make).await
}

#[derive(Deserialize)]
struct InviteForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
}

async fn invite_person(asked: Asked, Form(form): Form<InviteForm>) -> Response {
    let InviteForm { email, name, role } = form;
    let kept = kept(&[("email", &email), ("name", &name), ("role", &role)]);
    let make = async |backend: Backend, actor: Actor| backend.directory.invite(&actor, &email, &name, &role).await;
    asked.answer(kept, make).await
}

async fn new_link(asked: Asked, Path(id): Path<String>) -> Response {
    let make = async |backend: Backend, actor: Actor| backend.directory.link(&actor, &id).await;
    asked.answer(Vec::new(), make).await
}

#[derive(Deserialize)]
struct AccountForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    owner: String,
    #[serde(default)]
    days: String,
}

async fn create_account(asked: Asked, Form(form): Form<AccountForm>) -> Response {
    let AccountForm {
        name,
        description,
        owner,
        days,
    } = form;
    let kept = kept(&[("name", &name), ("description", &description), ("owner", &owner)]);
    let make = async |backend: Backend, actor: Actor| {
        let new = [name.as_str(), &description, &owner, &days];
        backend.accounts.create(&actor, new).await
    };
    asked.answer(kept, make).await
}

/// The page of an account has two such forms.
#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
enum AccountTokenForm {
    Add {
        #[serde(default)]
        name: String,
        #[serde(default)]
        days: String,
    },
    Rotate {
        token: String,
        #[serde(default)]
        grace: String,
    },
}

async fn account_token(asked: Asked, Path(account): Path<String>, Form(form): Form<AccountTokenForm>) -> Response {
    let make = async |backend: Backend, actor: Actor| match form {
        AccountTokenForm::Add { name, days } => backend.accounts.add_token(&actor, &account, &name, &days).await,
        AccountTokenForm::Rotate { token, grace } => backend.accounts.rotate(&actor, &account, &token, &grace).await,
    };
    asked.answer(Vec::new(), make).await
}

fn kept(fields: &[(&str, &String)]) -> Kept {
    fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).clone()))
        .collect()
}

/// Who posts, and what the page is drawn anew from.
pub(super) struct Asked {
    pages: Pages,
    actor: Option<Actor>,
    headers: HeaderMap,
    uri: Uri,
}

impl FromRequestParts<Pages> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Infallible> {
        Ok(Self {
            pages: pages.clone(),
            actor: parts.extensions.get::<Actor>().cloned(),
            headers: parts.headers.clone(),
            uri: parts.uri.clone(),
        })
    }
}

impl Asked {
    /// The page at this address, with what was made or why it was not.
    pub(super) async fn answer<T, F>(self, kept: Kept, make: impl FnOnce(Backend, Actor) -> F) -> Response
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Result<T, UiError>>,
    {
        let Some(actor) = self.actor else {
            return to_sign_in(&self.uri);
        };
        let outcome = make(self.pages.backend.clone(), actor.clone()).await;
        let outcome = outcome.map_err(|error| error.keeping(kept));
        let status = outcome.as_ref().map_or_else(UiError::status, |_| 200);
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        request.extensions_mut().insert(actor);
        let base = context(&self.pages.backend);
        let posted = move || {
            base();
            provide_context(Posted(outcome.clone()));
            provide_context(WithoutScripts);
        };
        let mut response = draw(&self.pages, posted, request).await;
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        response
    }
}
