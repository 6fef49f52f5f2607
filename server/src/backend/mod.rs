//! What the pages ask for (`app::backend`), answered by the services: view types in, view types out, no rule of its own.

mod access;
mod accounts;
mod activity;
mod apps;
mod audit;
mod checks;
mod confirmed;
mod connections;
mod directory;
mod identities;
mod imports;
mod outbound_form;
mod overrides;
mod people;
mod servers;
mod settings;
mod teams;
mod times;
mod tokens;
mod tools;

use std::sync::Arc;

use app::backend::Backend;
use app::error::UiError;
use app::features::session::model::SignInWays;
use tracing::error;
use url::Url;

use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::services::{ServiceError, Services};
use crate::store::PageQuery;

/// How many rows a page shows.
const PAGE: u32 = 50;

/// What every part stands on.
#[derive(Clone)]
struct Desk {
    services: Services,
    clock: Arc<dyn Clock>,
    /// Where providers send browsers back to: what managers register there.
    redirect_url: Url,
    ways: SignInWays,
}

pub fn wire(
    services: &Services,
    clock: &Arc<dyn Clock>,
    gateway: &Gateway,
    redirect_url: Url,
    ways: SignInWays,
) -> Backend {
    let desk = Desk {
        services: services.clone(),
        clock: clock.clone(),
        redirect_url,
        ways,
    };
    Backend {
        people: Arc::new(people::People(desk.clone())),
        directory: Arc::new(directory::Directory(desk.clone())),
        identities: Arc::new(identities::Identities(desk.clone())),
        teams: Arc::new(teams::Teams(desk.clone())),
        accounts: Arc::new(accounts::Accounts(desk.clone())),
        servers: Arc::new(servers::Servers(desk.clone())),
        access: Arc::new(access::Access(desk.clone())),
        overrides: Arc::new(overrides::Overrides(desk.clone())),
        checks: Arc::new(checks::Checks(desk.clone())),
        imports: Arc::new(imports::Imports(desk.clone())),
        connections: Arc::new(connections::Connections(desk.clone())),
        tokens: Arc::new(tokens::Tokens(desk.clone())),
        apps: Arc::new(apps::Apps(desk.clone())),
        tools: Arc::new(tools::Tools(gateway.clone())),
        activity: Arc::new(activity::Activity(desk.clone())),
        audit: Arc::new(audit::Audit(desk.clone())),
        settings: Arc::new(settings::Settings(desk)),
    }
}

/// What went wrong, for a person. Inner texts go to the log, under a reference that the person sees.
pub(crate) fn told(error: ServiceError) -> UiError {
    match error {
        ServiceError::NotFound => UiError::Gone,
        ServiceError::Forbidden => UiError::Forbidden,
        ServiceError::Unsupported(text) => UiError::Refused(text.to_owned()),
        ServiceError::Invalid(errors) => UiError::Invalid {
            errors,
            kept: Vec::new(),
        },
        ServiceError::Conflict(text) => UiError::Refused(text),
        ServiceError::Overtaken => UiError::Refused(
            "The server or the override changed while the credential was tried. Nothing was stored; try again."
                .to_owned(),
        ),
        ServiceError::Stale => UiError::Stale,
        ServiceError::Limited(seconds) => UiError::Refused(format!("Too many tries. Wait {seconds} seconds.")),
        ServiceError::Busy => {
            UiError::Refused("Too many people are signing in just now. Try again in a few seconds.".to_owned())
        }
        ServiceError::Unavailable(inner) => internal(&inner),
        ServiceError::Internal(inner) => internal(&*inner),
    }
}

fn internal(inner: &(dyn std::error::Error + 'static)) -> UiError {
    let reference = uuid::Uuid::now_v7().to_string();
    error!(error = %inner, reference, "A page could not be served");
    UiError::Internal(reference)
}

fn page_query(search: &str, cursor: &str, limit: u32) -> PageQuery {
    PageQuery {
        search: given(search),
        cursor: given(cursor),
        limit,
    }
}

/// An empty field asks for nothing.
fn given(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
