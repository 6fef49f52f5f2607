use app::backend;
use app::error::UiError;
use app::features::session::model::{Invited, Me, SignInWays};
use app::secret_input::SecretInput;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::role::PlatformRole;

use super::{Desk, told};

pub(super) struct People(pub(super) Desk);

#[async_trait]
impl backend::People for People {
    async fn me(&self, actor: &Actor) -> Result<Me, UiError> {
        let services = &self.0.services;
        let row = services.accounts.me(actor).await.map_err(told)?;
        let row = row.ok_or(UiError::SignedOut)?;
        Ok(Me {
            name: row.name,
            email: row.email,
            admin: row.platform_role == PlatformRole::Admin,
            accounts: services.people.has_accounts(actor).await.map_err(told)?,
        })
    }

    async fn ways_to_sign_in(&self) -> Result<SignInWays, UiError> {
        Ok(self.0.ways.clone())
    }

    async fn invited(&self, token: SecretInput) -> Result<Invited, UiError> {
        let invited = self.0.services.invitations.look(&token.into_secret()).await;
        let invited = invited.map_err(told)?.ok_or(UiError::Gone)?;
        Ok(Invited {
            name: invited.name,
            email: invited.email,
            returning: invited.returning,
        })
    }
}
