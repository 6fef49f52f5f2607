//! The page on which a person lets an MCP client act for them (B10), and what follows from their answer. `crate::login` checks and seals,
//! the person's browser session binds.
//!
//! Nobody is sent to a client before they pressed a button here, whatever the request says: this is no open redirect.

use app::error::UiError;
use app::features::apps::model::{AskView, AuthorizePage, FormLeadsTo, MissingView, RefusedView};
use app::shell::WithoutScripts;
use axum::body::Body;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Extension, Form, Router};
use domain::actor::Actor;
use domain::login::request::Asked;
use domain::server::ServerName;
use leptos::prelude::provide_context;
use tower_sessions::Session;

use super::login_form::{Decision, Posted};
use super::session;
use super::ui::{Pages, context, draw, to_sign_in};
use crate::login::{Ask, NotAsked, Ticket};
use crate::services::ServiceError;

pub(super) const PAGE: &str = "/oauth/authorize";
/// Longer ones would not survive the way through single sign-on, which keeps the address in a cookie.
const MAX_QUERY: usize = 2_500;

pub(super) fn routes() -> Router<Pages> {
    Router::new().route(PAGE, get(ask).post(decide))
}

/// Who is here, in which browser, and what a page is drawn with.
struct Visit {
    pages: Pages,
    actor: Actor,
    session: Vec<u8>,
    headers: HeaderMap,
}

async fn ask(
    State(pages): State<Pages>,
    actor: Option<Extension<Actor>>,
    browser: Session,
    headers: HeaderMap,
    uri: Uri,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let (Some(Extension(actor)), Some(session)) = (actor, session::hash_of(&browser)) else {
        return to_sign_in(&uri);
    };
    let visit = Visit {
        pages,
        actor,
        session,
        headers,
    };
    let asked = asked
        .ok()
        .filter(|_| uri.query().is_some_and(|query| query.len() <= MAX_QUERY));
    let Some(Query(asked)) = asked else {
        return visit.refuse(400, INCOMPLETE, None).await;
    };
    match visit.pages.login.ask(&visit.actor, &asked).await {
        Ok(ask) => visit.ask(ask, &uri).await,
        Err(error) => visit.not_asked(error).await,
    }
}

async fn decide(
    State(pages): State<Pages>,
    actor: Option<Extension<Actor>>,
    browser: Session,
    headers: HeaderMap,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let (Some(Extension(actor)), Some(session)) = (actor, session::hash_of(&browser)) else {
        return Redirect::to("/sign-in").into_response();
    };
    let visit = Visit {
        pages,
        actor,
        session,
        headers,
    };
    let posted = form.map(|Form(pairs)| Posted::read(pairs)).unwrap_or_default();
    let opened = visit
        .pages
        .login
        .open_ticket(&posted.ticket, &visit.actor, &visit.session);
    match (opened, posted.decision) {
        (Some(ticket), Some(Decision::Deny)) => Redirect::to(visit.pages.login.deny(&ticket).as_str()).into_response(),
        (Some(ticket), Some(Decision::Allow)) => visit.allow(ticket, &posted).await,
        (Some(ticket), Some(Decision::Save)) if ticket.allowed => visit.save(ticket, posted).await,
        (Some(ticket), Some(Decision::Continue)) if ticket.allowed => visit.go_back(&ticket).await,
        _ => visit.refuse(400, STALE, None).await,
    }
}

const INCOMPLETE: (&str, &str) = (
    "This address is not complete",
    "The app sent you here with an address that is too long, or has something twice or not at all. Start again in the app.",
);
const STALE: (&str, &str) = (
    "Start again in the app",
    "This question is older than ten minutes, or belongs to another person or another browser session. Nothing was allowed.",
);
const UNKNOWN: (&str, &str) = (
    "This app is not known here",
    "It never registered, has not been used for long, or its own description cannot be read. Remove the server in the app and add it again.",
);
const ELSEWHERE: (&str, &str) = (
    "This app asks to send you somewhere else",
    "The address that you would be sent back to is none of those that the app is known with. Nothing was allowed.",
);
const NO_SERVER: (&str, &str) = (
    "There is no such server, or it is not yours to use",
    "Check the address that you gave the app, or ask a manager of the server for access.",
);

impl Visit {
    async fn ask(&self, ask: Ask, uri: &Uri) -> Response {
        let Ask { ticket, host } = ask;
        if let Some(server) = &ticket.server
            && let Err(error) = self.pages.login.logins().may_allow(&self.actor, server).await
        {
            return self.failed(&ticket, error).await;
        }
        let (me, servers) = match self.who_and_which(&ticket).await {
            Ok(found) => found,
            Err(error) => return self.broken(&error).await,
        };
        let sealed = match self.pages.login.seal_ticket(&ticket, &self.actor, &self.session) {
            Ok(sealed) => sealed,
            Err(error) => return self.failed(&ticket, error).await,
        };
        let view = AskView {
            ticket: sealed,
            app: ticket.name.clone(),
            host,
            place: ticket.redirect_uri.place(),
            kind: ticket.redirect_uri.kind(),
            server: ticket.server.as_ref().map(ToString::to_string),
            servers,
            me,
            again: uri.to_string(),
        };
        self.page(200, AuthorizePage::Ask(view), Some(&ticket)).await
    }

    async fn who_and_which(
        &self,
        ticket: &Ticket,
    ) -> Result<(app::features::session::model::Me, Vec<String>), UiError> {
        let me = self.pages.backend.people.me(&self.actor).await?;
        let servers = match &ticket.server {
            Some(_) => Vec::new(),
            None => self.pages.backend.apps.choices(&self.actor).await?,
        };
        Ok((me, servers))
    }

    /// Yes; and where their own credential is missing, that is asked for before the app goes on.
    async fn allow(&self, ticket: Ticket, posted: &Posted) -> Response {
        let chosen = ticket.server.clone().or_else(|| ServerName::parse(&posted.server).ok());
        let Some(server) = chosen else {
            return self.refuse(400, NO_SERVER, Some(&ticket)).await;
        };
        let ticket = Ticket {
            server: Some(server.clone()),
            allowed: true,
            ..ticket
        };
        if let Err(error) = self.pages.login.logins().may_allow(&self.actor, &server).await {
            return self.failed(&ticket, error).await;
        }
        self.missing_or_back(ticket, None).await
    }

    async fn missing_or_back(&self, ticket: Ticket, problem: Option<UiError>) -> Response {
        let server = ticket.server.as_ref().map(ToString::to_string).unwrap_or_default();
        let step = match self.pages.backend.apps.missing(&self.actor, &server).await {
            Ok(Some(step)) => step,
            Ok(None) => return self.go_back(&ticket).await,
            Err(error) => return self.broken(&error).await,
        };
        let sealed = match self.pages.login.seal_ticket(&ticket, &self.actor, &self.session) {
            Ok(sealed) => sealed,
            Err(error) => return self.failed(&ticket, error).await,
        };
        let status = problem.as_ref().map_or(200, UiError::status);
        let view = MissingView {
            ticket: sealed,
            app: ticket.name.clone(),
            server,
            step,
            problem,
        };
        self.page(status, AuthorizePage::Missing(view), Some(&ticket)).await
    }

    async fn save(&self, ticket: Ticket, posted: Posted) -> Response {
        let server = ticket.server.as_ref().map(ToString::to_string).unwrap_or_default();
        let (edit, entered) = posted.entered(server);
        let (kept, overrides) = (entered.kept(), &self.pages.backend.overrides);
        let stored = if edit.is_empty() {
            overrides.add(&self.actor, entered).await
        } else {
            overrides.edit(&self.actor, &edit, entered).await
        };
        match stored {
            Ok(_) => self.go_back(&ticket).await,
            Err(error) => self.missing_or_back(ticket, Some(error.keeping(kept))).await,
        }
    }

    async fn go_back(&self, ticket: &Ticket) -> Response {
        let Some(server) = &ticket.server else {
            return self.refuse(400, STALE, None).await;
        };
        match self.pages.login.allow(&self.actor, ticket, server).await {
            Ok(url) => Redirect::to(url.as_str()).into_response(),
            Err(error) => self.failed(ticket, error).await,
        }
    }

    async fn not_asked(&self, error: NotAsked) -> Response {
        match error {
            NotAsked::Client => self.refuse(400, UNKNOWN, None).await,
            NotAsked::Redirect => self.refuse(400, ELSEWHERE, None).await,
            NotAsked::Request { error, place, back } => {
                let view = RefusedView {
                    heading: "This app's request cannot be answered",
                    text: format!("Tell whoever made the app: {error}."),
                    back: Some((place, back.into())),
                };
                self.page(400, AuthorizePage::Refused(view), None).await
            }
            NotAsked::Service(error) => self.broken(&crate::backend::told(error)).await,
        }
    }

    async fn failed(&self, ticket: &Ticket, error: ServiceError) -> Response {
        match error {
            ServiceError::NotFound | ServiceError::Forbidden => self.refuse(404, NO_SERVER, Some(ticket)).await,
            other => self.broken(&crate::backend::told(other)).await,
        }
    }

    async fn broken(&self, error: &UiError) -> Response {
        let text = error.to_string();
        self.refuse(error.status(), ("This did not work", &text), None).await
    }

    /// `ticket`: whom to tell, if the person wants to.
    async fn refuse(&self, status: u16, (heading, text): (&'static str, &str), ticket: Option<&Ticket>) -> Response {
        let back = ticket.map(|ticket| (ticket.redirect_uri.place(), self.pages.login.deny(ticket).into()));
        let view = RefusedView {
            heading,
            text: text.to_owned(),
            back,
        };
        self.page(status, AuthorizePage::Refused(view), None).await
    }

    /// `leads_to`: where a form on it may end.
    async fn page(&self, status: u16, page: AuthorizePage, leads_to: Option<&Ticket>) -> Response {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = Uri::from_static(PAGE);
        *request.headers_mut() = self.headers.clone();
        request.extensions_mut().insert(self.actor.clone());
        let leads_to = leads_to.map(|ticket| FormLeadsTo(ticket.redirect_uri.form_action()));
        let base = context(&self.pages.backend);
        let shown = move || {
            base();
            provide_context(page.clone());
            provide_context(WithoutScripts);
            if let Some(a) = leads_to.clone() {
                provide_context(a);
            }
        };
        let mut response = draw(&self.pages, shown, request).await;
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        response
    }
}
