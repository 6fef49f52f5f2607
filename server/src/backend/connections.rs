use app::backend;
use app::error::UiError;
use app::features::connections::model::{
    ConnectPage, ConnectionPage, ConnectionRow, ConsentPage, ManualView, TokenView,
};
use app::features::overrides::model::OverrideRow;
use app::features::servers::model::Status;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::injection::Choice;
use domain::outbound::Mode;
use domain::overrides::Kind;
use domain::role::ServerRole;
use url::{Position, Url};

use super::servers::status_of;
use super::times::moment;
use super::{Desk, PAGE, page_query, told};
use crate::services::connections::Connection;
use crate::services::outbound_change::shown_outbound;
use crate::services::overrides::{SeenOverride, Tab};

pub(super) struct Connections(pub(super) Desk);

#[async_trait]
impl backend::Connections for Connections {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<ConnectionPage, UiError> {
        let query = page_query(search, cursor, PAGE);
        let (found, next) = self.0.services.connections.list(actor, &query).await.map_err(told)?;
        Ok(ConnectionPage {
            search: search.to_owned(),
            rows: found.into_iter().map(|one| self.row(actor, one)).collect(),
            next,
        })
    }

    async fn connect(&self, actor: &Actor, server: &str, subject: &str) -> Result<ConnectPage, UiError> {
        let connection = self.0.services.connections.get(actor, server).await.map_err(told)?;
        let server = connection.server.row.name.to_string();
        // B09: the link is good for the caller who got it, and for nobody else.
        if !subject.is_empty() && subject != actor.subject.to_string() {
            return Ok(ConnectPage::AnotherPerson { server });
        }
        if connection.server.row.mode == Mode::AuthorizationCode {
            let page = self.consent(actor, &connection).await?;
            return Ok(ConnectPage::Consent(Box::new(page)));
        }
        let status = status_of(&connection);
        if !matches!(status, Status::NeedsKey | Status::NeedsAttention) {
            let sentence = status.sentence().to_owned();
            return Ok(ConnectPage::Ready { server, sentence });
        }
        let state = connection.own.as_ref().map(|(_, state)| *state);
        let edit = connection
            .own
            .as_ref()
            .filter(|(row, _)| row.kind == Kind::Manual)
            .map(|(row, _)| row.id.to_string());
        let form = self.0.form(actor, &server, edit.as_deref().unwrap_or_default()).await;
        match form {
            Ok(form) => {
                // A manager could choose anybody; here it is for themselves.
                let subject = Some(self.0.myself(actor).await?);
                let form = app::features::overrides::model::FormPage {
                    subject,
                    mine: true,
                    ..form
                };
                Ok(ConnectPage::Enter {
                    form: Box::new(form),
                    edit,
                })
            }
            Err(UiError::Forbidden) => Ok(ConnectPage::AskManager { server, state }),
            Err(other) => Err(other),
        }
    }

    async fn own(&self, actor: &Actor, server: &str) -> Result<Option<OverrideRow>, UiError> {
        let connection = self.0.services.connections.get(actor, server).await.map_err(told)?;
        Ok(self.row(actor, connection).own)
    }
}

impl Connections {
    async fn consent(&self, actor: &Actor, connection: &Connection) -> Result<ConsentPage, UiError> {
        let now = self.0.clock.now();
        let settings = shown_outbound(&connection.server.row).map_err(told)?;
        let token = connection.of_kind(Kind::OAuth).map(|(row, state)| TokenView {
            id: row.id.to_string(),
            state: *state,
            provider: row
                .consent
                .as_ref()
                .map(|consent| host(&consent.issuer))
                .unwrap_or_default(),
            scopes: row
                .consent
                .as_ref()
                .map(|consent| consent.scopes.clone())
                .unwrap_or_default(),
            authorized: moment(now, row.updated_at),
            last_used: row.last_used_at.map(|at| moment(now, at)),
        });
        let manual = connection.of_kind(Kind::Manual).map(|(row, state)| ManualView {
            set_by: row.updated_by_name.clone(),
            state: *state,
            used: matches!(connection.choice, Choice::Own(_, Kind::Manual)),
        });
        Ok(ConsentPage {
            server: connection.server.row.name.to_string(),
            me: self.0.myself(actor).await?,
            provider: settings.authorization_url.as_deref().map(host),
            scopes: settings.scopes.unwrap_or_default(),
            token,
            manual,
        })
    }

    fn row(&self, actor: &Actor, connection: Connection) -> ConnectionRow {
        let (status, source) = (status_of(&connection), source(&connection));
        let server = connection.server.row.clone();
        let tab = Tab {
            role: connection.server.role,
            fields: Vec::new(),
            headers: Vec::new(),
            may_add: connection.server.role == ServerRole::Manager,
            server: server.clone(),
        };
        let own = connection.own.map(|(row, state)| {
            let seen = SeenOverride {
                row,
                state,
                mode: server.mode,
            };
            self.0.override_row(actor, &tab, seen)
        });
        ConnectionRow {
            server: server.name.to_string(),
            description: server.description,
            mode: server.mode,
            status,
            source,
            own,
        }
    }
}

/// As people know a site: its host, and the port where there is one.
fn host(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| url.to_owned(),
        |url| url[Position::BeforeHost..Position::AfterPort].to_owned(),
    )
}

/// Where the credential of my calls comes from.
fn source(connection: &Connection) -> String {
    let own = connection.own.as_ref().map(|(row, _)| row);
    match (&connection.choice, own) {
        (Choice::Own(_, Kind::Manual), Some(row)) | (Choice::Missing(_), Some(row)) if connection.set_by_another() => {
            format!("Set by {}", row.updated_by_name)
        }
        (Choice::Own(_, Kind::Manual), _) => "My key".to_owned(),
        (Choice::Own(_, Kind::OAuth), _) => "OAuth".to_owned(),
        (Choice::ServerDefault, _) => "Shared by everyone".to_owned(),
        (Choice::PassThrough, _) => "My token, with each request".to_owned(),
        (Choice::Nothing, _) => "None needed".to_owned(),
        (Choice::Missing(_), Some(row)) if row.kind == Kind::OAuth => "OAuth, not used".to_owned(),
        (Choice::Missing(_), Some(_)) => "My key, not used".to_owned(),
        (Choice::Missing(_), None) => "None".to_owned(),
    }
}
