use app::backend;
use app::error::UiError;
use app::features::session::model::Me;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::role::PlatformRole;

use super::{Desk, told};

pub(super) struct People(pub(super) Desk);

#[async_trait]
impl backend::People for People {
    async fn me(&self, actor: &Actor) -> Result<Me, UiError> {
        let row = self.0.services.accounts.me(actor).await.map_err(told)?;
        let row = row.ok_or(UiError::SignedOut)?;
        Ok(Me {
            name: row.name,
            email: row.email,
            admin: row.platform_role == PlatformRole::Admin,
        })
    }
}
