use app::backend;
use app::error::UiError;
use app::features::servers::model::{
    Changed, ServerForm, ServerList, ServerListRequest, ServerPage, ServerRow, SettingsPage, Status,
};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::field::FieldError;
use domain::outbound::Mode;
use domain::outbound_input::OutboundInput;
use domain::role::{PlatformRole, ServerRole};

use super::confirmed::Confirmed;
use super::{Desk, PAGE, outbound_form, page_query, told};
use crate::services::ServiceError;
use crate::services::catalog::{NewServer, SeenServer};
use crate::services::connections::Connection;
use crate::services::outbound_change::{ServerChange, shown_outbound};

/// Rows looked at in one go where a filter is not the database's.
const LOOK_AT: u32 = 200;
/// How often to look again when something changes between a preview and the change.
const PREVIEWS: usize = 3;

pub(super) struct Servers(pub(super) Desk);

#[async_trait]
impl backend::Servers for Servers {
    async fn list(&self, actor: &Actor, request: ServerListRequest) -> Result<ServerList, UiError> {
        let (mode, status) = (Mode::parse(&request.mode), Status::parse(&request.status));
        let limit = if mode.is_some() || status.is_some() {
            LOOK_AT
        } else {
            PAGE
        };
        let mut query = page_query(&request.search, &request.cursor, limit);
        let mut rows = Vec::new();
        let next = loop {
            let (found, next) = self.0.services.connections.list(actor, &query).await.map_err(told)?;
            rows.extend(found.iter().map(row).filter(|row| {
                mode.is_none_or(|wanted| row.mode == wanted) && status.is_none_or(|wanted| row.status == wanted)
            }));
            match next {
                Some(next) if rows.len() < PAGE as usize && limit == LOOK_AT => query.cursor = Some(next),
                next => break next,
            }
        };
        Ok(ServerList {
            request,
            rows,
            may_create: actor.platform_role == PlatformRole::Admin,
            next,
        })
    }

    async fn get(&self, actor: &Actor, server: &str) -> Result<ServerPage, UiError> {
        let connection = self.0.services.connections.get(actor, server).await.map_err(told)?;
        let seen = &connection.server.row;
        Ok(ServerPage {
            name: seen.name.to_string(),
            description: seen.description.clone(),
            mode: seen.mode,
            manager: connection.is_manager(),
            status: status_of(&connection),
            gateway_url: self.0.services.catalog.gateway_url(&seen.name).to_string(),
        })
    }

    async fn blank(&self, actor: &Actor) -> Result<SettingsPage, UiError> {
        if actor.platform_role != PlatformRole::Admin {
            return Err(UiError::Forbidden);
        }
        Ok(SettingsPage {
            mode: Mode::ApiKeyIndividual.as_str().to_owned(),
            individual: "Authorization: Bearer {{API_KEY}}".to_owned(),
            oauth: outbound_form::oauth_view(&OutboundInput::default(), &self.0.redirect_url),
            ..SettingsPage::default()
        })
    }

    async fn settings(&self, actor: &Actor, server: &str) -> Result<SettingsPage, UiError> {
        let SeenServer { row, .. } = self.managed(actor, server).await?;
        let shown = shown_outbound(&row).map_err(told)?;
        let mut page = SettingsPage {
            name: row.name.to_string(),
            url: row.url.as_str().to_owned(),
            description: row.description.clone(),
            mode: row.mode.as_str().to_owned(),
            oauth: outbound_form::oauth_view(&shown, &self.0.redirect_url),
            allow_overrides: row.allow_optional,
            ..SettingsPage::default()
        };
        let headers = shown.headers.unwrap_or_default();
        match row.mode {
            Mode::ApiKeyIndividual => page.individual = outbound_form::as_lines(headers),
            Mode::ApiKeyShared => {
                page.shared = headers
                    .into_iter()
                    .map(|(name, mask)| (name, mask.unwrap_or_default()))
                    .collect();
            }
            Mode::NoAuth | Mode::TokenPassthrough | Mode::AuthorizationCode | Mode::ClientCredentials => {}
        }
        Ok(page)
    }

    async fn create(&self, actor: &Actor, form: ServerForm) -> Result<String, UiError> {
        let outbound_auth = outbound_form::outbound(&form, None)?;
        let allow_optional = outbound_form::allow_optional(&form).unwrap_or_default();
        let at_fields = at_fields(&form.mode);
        let new = NewServer {
            name: form.name,
            url: form.url,
            description: form.description,
            outbound_auth,
            allow_optional,
        };
        let seen = self.0.services.catalog.create(actor, new).await.map_err(&at_fields)?;
        Ok(seen.row.name.to_string())
    }

    async fn change(&self, actor: &Actor, server: &str, form: ServerForm) -> Result<Changed, UiError> {
        let SeenServer { row, .. } = self.managed(actor, server).await?;
        let shown = shown_outbound(&row).map_err(told)?;
        let at_fields = at_fields(&form.mode);
        let confirmed = Confirmed::of(&form);
        let change = ServerChange {
            outbound_auth: Some(outbound_form::outbound(&form, Some(&shown))?),
            allow_optional: outbound_form::allow_optional(&form),
            name: Some(form.name),
            url: Some(form.url),
            description: Some(form.description),
        };
        let catalog = &self.0.services.catalog;
        for _ in 0..PREVIEWS {
            let preview = catalog.preview(actor, server, &change).await.map_err(&at_fields)?;
            let expected = confirmed.expected(server, &preview)?;
            match catalog.change(actor, server, &change, expected).await {
                // Something changed in between: another preview.
                Err(ServiceError::Stale) => {}
                Err(error) => return Err(at_fields(error)),
                Ok((seen, done)) => {
                    return Ok(Changed {
                        name: seen.row.name.to_string(),
                        unchanged: done.unchanged,
                    });
                }
            }
        }
        Err(UiError::Stale)
    }

    async fn delete(&self, actor: &Actor, server: &str, typed_name: &str) -> Result<(), UiError> {
        self.managed(actor, server).await?;
        if typed_name.trim() != server {
            let errors = vec![FieldError::new("typed_name", format!("Type {server} to confirm."))];
            return Err(UiError::Invalid {
                errors,
                kept: Vec::new(),
            });
        }
        self.0.services.catalog.delete(actor, server).await.map_err(told)
    }
}

impl Servers {
    async fn managed(&self, actor: &Actor, server: &str) -> Result<SeenServer, UiError> {
        let seen = self.0.services.catalog.get(actor, server).await.map_err(told)?;
        match seen.role {
            ServerRole::Manager => Ok(seen),
            ServerRole::User => Err(UiError::Forbidden),
        }
    }
}

pub(super) fn status_of(connection: &Connection) -> Status {
    let own = connection.own.as_ref().map(|(row, state)| (row.kind, *state));
    Status::of(&connection.choice, own)
}

fn row(connection: &Connection) -> ServerRow {
    let seen = &connection.server.row;
    ServerRow {
        name: seen.name.to_string(),
        description: seen.description.clone(),
        mode: seen.mode,
        manager: connection.is_manager(),
        status: status_of(connection),
    }
}

/// The form has one field for all headers of a mode, and its messages say which header they are about.
fn at_fields(mode: &str) -> impl Fn(ServiceError) -> UiError + use<> {
    let field = if mode == Mode::ApiKeyShared.as_str() {
        "shared"
    } else {
        "individual"
    };
    let moved = move |error: FieldError| match error.field.strip_prefix("outbound_auth.headers") {
        Some("") => FieldError::new(field, error.message),
        Some(name) => {
            let name = name.trim_start_matches('.');
            FieldError::new(field, format!("{name}: {}", error.message))
        }
        None => error,
    };
    move |error| match error {
        // The only thing of a server that can be taken is its name.
        ServiceError::Conflict(text) => told(ServiceError::invalid("name", text)),
        ServiceError::Invalid(errors) => told(ServiceError::Invalid(errors.into_iter().map(moved).collect())),
        other => told(other),
    }
}
