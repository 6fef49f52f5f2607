use app::backend::{self, Connections as _};
use app::error::UiError;
use app::features::apps::model::{AppRow, Missing};
use app::features::connections::model::ConnectPage;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::injection::Choice;

use super::connections::Connections;
use super::times::moment;
use super::{Desk, told};
use crate::store::PageQuery;

/// Servers to choose from: so many at a time, and so many times.
const AT_ONCE: u32 = 200;
const TIMES: usize = 5;

pub(super) struct Apps(pub(super) Desk);

#[async_trait]
impl backend::Apps for Apps {
    async fn list(&self, actor: &Actor) -> Result<Vec<AppRow>, UiError> {
        let rows = self.0.services.logins.apps(actor).await.map_err(told)?;
        let now = self.0.clock.now();
        let row = |row: crate::store::LoginGrantRow| AppRow {
            id: row.id,
            name: row.app.name,
            place: row.app.place,
            server: row.server_name,
            allowed: moment(now, row.created_at),
            last_used: row.last_used_at.map(|at| moment(now, at)),
            ends: moment(now, row.expires_at),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    async fn disconnect(&self, actor: &Actor, id: &str) -> Result<(), UiError> {
        self.0.services.logins.disconnect(actor, id).await.map_err(told)
    }

    async fn choices(&self, actor: &Actor) -> Result<Vec<String>, UiError> {
        let mut names = Vec::new();
        let mut query = PageQuery {
            limit: AT_ONCE,
            ..PageQuery::default()
        };
        for _ in 0..TIMES {
            let (servers, next) = self.0.services.catalog.list(actor, &query).await.map_err(told)?;
            names.extend(servers.into_iter().map(|server| server.row.name.to_string()));
            if next.is_none() {
                break;
            }
            query.cursor = next;
        }
        Ok(names)
    }

    async fn missing(&self, actor: &Actor, server: &str) -> Result<Option<Missing>, UiError> {
        let connection = self.0.services.connections.get(actor, server).await.map_err(told)?;
        if !matches!(connection.choice, Choice::Missing(_)) {
            return Ok(None);
        }
        Ok(match Connections(self.0.clone()).connect(actor, server, "").await? {
            ConnectPage::Enter { form, edit } => Some(Missing::Key { form, edit }),
            ConnectPage::Consent(_) => Some(Missing::Provider),
            ConnectPage::AskManager { .. } => Some(Missing::Manager),
            ConnectPage::Ready { .. } | ConnectPage::AnotherPerson { .. } => None,
        })
    }
}
