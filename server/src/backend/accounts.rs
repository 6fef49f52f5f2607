use app::backend;
use app::error::UiError;
use app::features::accounts::model::{AccountPage, AccountRow, AccountsPage};
use app::features::tokens::model::CreatedToken;
use async_trait::async_trait;
use domain::actor::Actor;
use domain::id::{TokenId, VirtualAccountId};
use domain::role::PlatformRole;
use domain::timestamp::Timestamp;

use super::overrides::invalid;
use super::times::moment;
use super::tokens::{expiry, token_row};
use super::{Desk, PAGE, page_query, told};
use crate::services::ServiceError;
use crate::services::tokens::TokenRequest;
use crate::services::virtual_accounts::{AccountChange, NewAccount};
use crate::store::VirtualAccountRow;

pub(super) struct Accounts(pub(super) Desk);

#[async_trait]
impl backend::Accounts for Accounts {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<AccountsPage, UiError> {
        let query = page_query(search, cursor, PAGE);
        let page = self.0.services.virtual_accounts.list(actor, &query).await;
        let page = page.map_err(told)?;
        let now = self.0.clock.now();
        Ok(AccountsPage {
            search: search.to_owned(),
            admin: is_admin(actor),
            rows: page.items.into_iter().map(|row| account_row(now, row)).collect(),
            next: page.next,
        })
    }

    async fn get(&self, actor: &Actor, account: &str) -> Result<AccountPage, UiError> {
        let id = VirtualAccountId::new(account);
        let seen = self.0.services.virtual_accounts.look(actor, &id).await;
        let seen = seen.map_err(told)?;
        let (admin, now) = (is_admin(actor), self.0.clock.now());
        let servers = seen.servers.into_iter();
        Ok(AccountPage {
            row: account_row(now, seen.row),
            admin,
            tokens: seen.tokens.into_iter().map(|row| token_row(now, row)).collect(),
            servers: servers.map(|(name, reach)| (name.to_string(), reach)).collect(),
            overrides: seen.overrides,
            people: if admin {
                self.0.people(actor, "").await?
            } else {
                Vec::new()
            },
        })
    }

    async fn create(&self, actor: &Actor, new: [&str; 4]) -> Result<CreatedToken, UiError> {
        let [name, description, owner, days] = new;
        let request = TokenRequest {
            name: String::new(),
            expires_at: expiry(&self.0, days)?,
        };
        let new = NewAccount {
            name: name.to_owned(),
            description: description.to_owned(),
            owner: self.owner(actor, owner).await?,
        };
        let made = self.0.services.virtual_accounts.create(actor, new, request).await;
        let (account, token) = made.map_err(|error| match error {
            ServiceError::Conflict(text) => invalid("name", &text),
            other => told(other),
        })?;
        Ok(CreatedToken {
            name: account.id.to_string(),
            value: token.value.expose().to_owned(),
        })
    }

    async fn change(&self, actor: &Actor, account: &str, description: &str, owner: &str) -> Result<(), UiError> {
        let change = AccountChange {
            description: Some(description.to_owned()),
            owner: Some(self.owner(actor, owner).await?),
        };
        let id = VirtualAccountId::new(account);
        let changed = self.0.services.virtual_accounts.change(actor, &id, change).await;
        changed.map(drop).map_err(told)
    }

    async fn delete(&self, actor: &Actor, account: &str) -> Result<(), UiError> {
        let id = VirtualAccountId::new(account);
        let deleted = self.0.services.virtual_accounts.delete(actor, &id).await;
        deleted.map_err(told)
    }

    async fn add_token(&self, actor: &Actor, account: &str, name: &str, days: &str) -> Result<CreatedToken, UiError> {
        let request = TokenRequest {
            name: name.to_owned(),
            expires_at: expiry(&self.0, days)?,
        };
        let id = VirtualAccountId::new(account);
        let new = self.0.services.account_tokens.create(actor, &id, request).await;
        let new = new.map_err(told)?;
        Ok(CreatedToken {
            name: new.row.name,
            value: new.value.expose().to_owned(),
        })
    }

    async fn rotate(&self, actor: &Actor, account: &str, token: &str, grace: &str) -> Result<CreatedToken, UiError> {
        let hours = grace.trim().parse();
        let hours = hours.map_err(|_| invalid("grace", "Choose how long the old token goes on working."))?;
        let (id, token) = (VirtualAccountId::new(account), TokenId::new(token));
        let rotated = self.0.services.account_tokens.rotate(actor, &id, &token, hours).await;
        let new = rotated.map_err(told)?.new;
        Ok(CreatedToken {
            name: new.row.name,
            value: new.value.expose().to_owned(),
        })
    }

    async fn revoke_token(&self, actor: &Actor, account: &str, token: &str) -> Result<(), UiError> {
        let (id, token) = (VirtualAccountId::new(account), TokenId::new(token));
        let revoked = self.0.services.account_tokens.revoke(actor, &id, &token).await;
        revoked.map_err(told)
    }
}

impl Accounts {
    /// An empty field names nobody.
    async fn owner(&self, actor: &Actor, text: &str) -> Result<Option<String>, UiError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        self.0.find_person(actor, text, "owner").await.map(Some)
    }
}

fn is_admin(actor: &Actor) -> bool {
    actor.platform_role == PlatformRole::Admin
}

fn account_row(now: Timestamp, row: VirtualAccountRow) -> AccountRow {
    AccountRow {
        name: row.id.to_string(),
        description: row.description,
        owner: row.owner_named,
        last_used: row.last_used_at.map(|at| moment(now, at)),
        added: moment(now, row.created_at),
    }
}
