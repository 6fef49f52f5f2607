use app::backend;
use app::error::UiError;
use app::features::identities::model::{IdentitiesPage, IdentityPage, IdentityRow};
use async_trait::async_trait;
use domain::actor::Actor;

use super::times::moment;
use super::{Desk, PAGE, page_query, told};
use crate::services::identities::Held;

pub(super) struct Identities(pub(super) Desk);

#[async_trait]
impl backend::Identities for Identities {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<IdentitiesPage, UiError> {
        let query = page_query(search, cursor, PAGE);
        let page = self.0.services.identities.list(actor, &query).await.map_err(told)?;
        Ok(IdentitiesPage {
            search: search.to_owned(),
            rows: page.items.iter().map(|held| self.row(held)).collect(),
            next: page.next,
        })
    }

    async fn get(&self, actor: &Actor, id: &str) -> Result<IdentityPage, UiError> {
        let held = self.0.services.identities.get(actor, id).await.map_err(told)?;
        let servers = held.servers.iter();
        Ok(IdentityPage {
            row: self.row(&held),
            servers: servers.map(|(name, reach)| (name.to_string(), reach.clone())).collect(),
            overrides: held.overrides,
        })
    }

    async fn delete(&self, actor: &Actor, id: &str) -> Result<(), UiError> {
        self.0.services.identities.delete(actor, id).await.map_err(told)
    }
}

impl Identities {
    fn row(&self, held: &Held) -> IdentityRow {
        let now = self.0.clock.now();
        IdentityRow {
            id: held.row.id.to_string(),
            name: held.row.name.clone(),
            issuer: held.row.issuer.clone(),
            subject: held.row.subject.clone(),
            servers: held.servers.iter().map(|(name, _)| name.to_string()).collect(),
            first_seen: moment(now, held.row.created_at),
            last_call: held.last_call.map(|at| moment(now, at)),
        }
    }
}
