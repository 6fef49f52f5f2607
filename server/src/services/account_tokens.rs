//! Virtual accounts' tokens: made by admins, replaced and revoked by the account's owner as well.

use domain::account::{AccountAction, MOST_GRACE_HOURS, ends_after_rotation, lives_as_long};
use domain::actor::{Actor, SubjectRef};
use domain::id::{TokenId, VirtualAccountId};
use domain::timestamp::Timestamp;

use super::audit::{Event, record};
use super::tokens::{self, NewToken, TokenRequest, generate};
use super::virtual_accounts::permitted;
use super::{Core, ServiceError};
use crate::store::{TokenRow, Work};

/// A token in place of another.
#[derive(Debug, Clone)]
pub struct Rotated {
    pub new: NewToken,
    /// The one it replaces, and when that one ends.
    pub old: TokenId,
    pub old_ends_at: Timestamp,
}

#[derive(Clone)]
pub struct AccountTokens {
    core: Core,
}

impl AccountTokens {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    pub async fn list(&self, actor: &Actor, account: &VirtualAccountId) -> Result<Vec<TokenRow>, ServiceError> {
        let mut work = self.core.store.read().await?;
        permitted(work.as_mut(), actor, account, AccountAction::See).await?;
        Ok(work.tokens().list(&SubjectRef::virtual_account(account)).await?)
    }

    pub async fn create(
        &self,
        actor: &Actor,
        account: &VirtualAccountId,
        request: TokenRequest,
    ) -> Result<NewToken, ServiceError> {
        self.permit(actor, account, AccountAction::AddToken).await?;
        tokens::create(&self.core, actor, SubjectRef::virtual_account(account), &request).await
    }

    pub async fn revoke(&self, actor: &Actor, account: &VirtualAccountId, id: &TokenId) -> Result<(), ServiceError> {
        self.permit(actor, account, AccountAction::RevokeToken).await?;
        tokens::revoke(&self.core, actor, &SubjectRef::virtual_account(account), id).await
    }

    /// A new token that lives as long as the old one was meant to; the old one works for `grace_hours` more.
    pub async fn rotate(
        &self,
        actor: &Actor,
        account: &VirtualAccountId,
        id: &TokenId,
        grace_hours: i64,
    ) -> Result<Rotated, ServiceError> {
        let now = self.core.now();
        let mut work = self.core.store.begin().await?;
        permitted(work.as_mut(), actor, account, AccountAction::RotateToken).await?;
        let subject = SubjectRef::virtual_account(account);
        let old = replaceable(work.as_mut(), &subject, id, now).await?;
        if !(0..=MOST_GRACE_HOURS).contains(&grace_hours) {
            return Err(ServiceError::invalid(
                "grace_hours",
                "Choose a whole number of hours from 0 to 720.",
            ));
        }
        let request = TokenRequest {
            name: old.name.clone(),
            expires_at: lives_as_long(old.created_at, old.expires_at, now),
        };
        let new = generate(subject.clone(), &request, now)?;
        let old_ends_at = ends_after_rotation(old.expires_at, now, grace_hours);
        if !work.tokens().replace(id, &subject, now, old_ends_at).await? {
            return Err(replaced_before());
        }
        work.tokens().insert(&new.row).await?;
        let hours = grace_hours.to_string();
        let event = Event::new("token.rotated").subject(&subject).detail(&[
            ("token", new.row.id.as_str()),
            ("replaces", id.as_str()),
            ("grace_hours", &hours),
        ]);
        record(work.as_mut(), now, actor, event).await?;
        work.save().await?;
        Ok(Rotated {
            new,
            old: id.clone(),
            old_ends_at,
        })
    }

    async fn permit(
        &self,
        actor: &Actor,
        account: &VirtualAccountId,
        action: AccountAction,
    ) -> Result<(), ServiceError> {
        let mut work = self.core.store.read().await?;
        permitted(work.as_mut(), actor, account, action).await.map(drop)
    }
}

async fn replaceable(
    work: &mut dyn Work,
    owner: &SubjectRef,
    id: &TokenId,
    now: Timestamp,
) -> Result<TokenRow, ServiceError> {
    let row = work.tokens().find(id, owner).await?.ok_or(ServiceError::NotFound)?;
    if row.replaced_at.is_some() {
        return Err(replaced_before());
    }
    if row.expires_at.is_some_and(|at| at <= now) {
        return Err(ServiceError::Conflict(
            "This token has expired, so there is nothing to replace. An admin can add another one.".to_owned(),
        ));
    }
    Ok(row)
}

fn replaced_before() -> ServiceError {
    ServiceError::Conflict("This token was replaced already. Rotate the one that took its place.".to_owned())
}
