//! One person as an admin looks at them: teams, servers, tokens, and what goes with them when they go (D09).

use domain::actor::{Actor, SubjectRef};
use domain::id::TokenId;
use domain::person::PersonState;
use domain::reach::Reach;
use domain::role::PlatformRole;
use domain::server::ServerName;

use super::accounts::find_user;
use super::{Core, ServiceError, access, tokens};
use crate::store::{PageQuery, TeamRow, TokenRow, UserRow, VirtualAccountRow};

#[derive(Debug, Clone)]
pub struct Person {
    pub row: UserRow,
    pub state: PersonState,
    pub teams: Vec<TeamRow>,
    /// The servers that grants reach them on. An admin manages all others as well.
    pub servers: Vec<(ServerName, Reach)>,
    pub tokens: Vec<TokenRow>,
    /// How many credentials of theirs are stored.
    pub overrides: usize,
    pub accounts: Vec<VirtualAccountRow>,
}

#[derive(Clone)]
pub struct People {
    core: Core,
}

impl People {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// By id or e-mail address.
    pub async fn get(&self, actor: &Actor, name: &str) -> Result<Person, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let row = find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?;
        let subject = SubjectRef::user(&row.id);
        let teams = work.teams().of_user(&row.id).await?;
        let servers = work.grants().reach_of(&subject).await?;
        let servers = servers
            .into_iter()
            .filter_map(|(name, given)| Some((name, Reach::of(row.platform_role, given)?)));
        let owned = PageQuery {
            limit: 200,
            ..PageQuery::default()
        };
        Ok(Person {
            state: self.state(&row),
            servers: servers.collect(),
            teams,
            tokens: work.tokens().list(&subject).await?,
            overrides: work.overrides().everywhere(&subject).await?.len(),
            accounts: work.virtual_accounts().list(&owned, Some(&row.id)).await?.items,
            row,
        })
    }

    pub fn state(&self, row: &UserRow) -> PersonState {
        PersonState::of(
            row.disabled_at.is_some(),
            row.password_hash.is_some(),
            row.invited_until,
            self.core.now(),
        )
    }

    /// A token that was lost, or that somebody should not have: it stops working at once.
    pub async fn revoke_token(&self, actor: &Actor, name: &str, token: &TokenId) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.read().await?;
        let user = find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?;
        drop(work);
        tokens::revoke(&self.core, actor, &SubjectRef::user(&user.id), token).await
    }

    /// Whether pages offer somebody the virtual accounts: admins, and whoever owns one.
    pub async fn has_accounts(&self, actor: &Actor) -> Result<bool, ServiceError> {
        let Some(id) = actor.user_id() else { return Ok(false) };
        if actor.platform_role == PlatformRole::Admin {
            return Ok(true);
        }
        let one = PageQuery {
            limit: 1,
            ..PageQuery::default()
        };
        let mut work = self.core.store.read().await?;
        Ok(!work.virtual_accounts().list(&one, Some(&id)).await?.items.is_empty())
    }
}
