//! Coming in by a link: an admin makes it, it is shown once, and whoever has it chooses the password of one person.
//!
//! The link holds 256 random bits, of which the database knows the SHA-256. It works once, for seven days, at every replica; the
//! next link for the same person ends it, and so do disabling them and giving them a password.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::{Actor, SubjectRef};
use domain::id::UserId;
use domain::person::INVITATION_SECONDS;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use domain::via::Via;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use super::accounts::{NewUser, find_user, hash_new, insert_user, new_user_row};
use super::audit::{Event, record};
use super::{Core, ServiceError, access};
use crate::password::Passwords;
use crate::store::{InvitationRow, UserRow, Work};

/// The only time the link is to be had.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    pub url: Secret,
    pub expires_at: Timestamp,
}

/// Whom a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    pub name: String,
    pub email: String,
    /// They had a password before: the link gives them another one.
    pub returning: bool,
}

#[derive(Clone)]
pub struct Invitations {
    core: Core,
    passwords: Arc<Passwords>,
}

impl Invitations {
    pub fn new(core: Core, passwords: Arc<Passwords>) -> Self {
        Self { core, passwords }
    }

    /// Adds a person, who comes in by the link.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<(UserRow, NewInvitation), ServiceError> {
        access::require_admin(actor)?;
        let row = new_user_row(&self.passwords, new, self.core.now()).await?;
        let mut work = self.core.store.begin().await?;
        insert_user(work.as_mut(), actor, &row).await?;
        let invitation = self.put(work.as_mut(), actor, &row.id).await?;
        let row = work.users().find(&row.id).await?.unwrap_or(row);
        work.save().await?;
        Ok((row, invitation))
    }

    /// A link for somebody who is there: the first was lost or is too old, or their password is forgotten.
    pub async fn invite(&self, actor: &Actor, name: &str) -> Result<NewInvitation, ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let user = find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?;
        if user.disabled_at.is_some() {
            return Err(ServiceError::Conflict(
                "This person is disabled. Enable them first.".to_owned(),
            ));
        }
        let invitation = self.put(work.as_mut(), actor, &user.id).await?;
        work.save().await?;
        Ok(invitation)
    }

    /// The link that is under way stops working.
    pub async fn withdraw(&self, actor: &Actor, name: &str) -> Result<(), ServiceError> {
        access::require_admin(actor)?;
        let mut work = self.core.store.begin().await?;
        let user = find_user(work.as_mut(), name).await?.ok_or(ServiceError::NotFound)?;
        if !work.invitations().remove(&user.id).await? {
            return Err(ServiceError::NotFound);
        }
        let event = Event::new("user.invitation_withdrawn").subject(&SubjectRef::user(&user.id));
        record(work.as_mut(), self.core.now(), actor, event).await?;
        Ok(work.save().await?)
    }

    /// Whom a link is for; `None` when it was used, is too old or was never made. Looking uses nothing up.
    pub async fn look(&self, token: &Secret) -> Result<Option<Invited>, ServiceError> {
        let mut work = self.core.store.read().await?;
        let Some(invitation) = work.invitations().find(&hash(token)).await? else {
            return Ok(None);
        };
        let user = self.still_good(work.as_mut(), &invitation).await?;
        Ok(user.map(|user| Invited {
            returning: user.password_hash.is_some(),
            name: user.name,
            email: user.email,
        }))
    }

    /// Uses the link: this is the person's password from now on, and whoever was signed in as them is not any more.
    pub async fn accept(&self, token: &Secret, password: Secret, via: Via) -> Result<Option<Actor>, ServiceError> {
        // Hashing is dear: only for a link that is good.
        if self.look(token).await?.is_none() {
            return Ok(None);
        }
        let password_hash = hash_new(&self.passwords, password).await?;
        let mut work = self.core.store.begin().await?;
        let Some(invitation) = work.invitations().take(&hash(token)).await? else {
            return Ok(None);
        };
        let Some(user) = self.still_good(work.as_mut(), &invitation).await? else {
            return Ok(None);
        };
        let user = UserRow {
            password_hash: Some(password_hash),
            ..user
        };
        work.users().update(&user).await?;
        work.sessions().delete_of_user(&user.id).await?;
        let actor = Actor {
            subject: SubjectRef::user(&user.id),
            name: user.name,
            platform_role: user.platform_role,
            via,
        };
        let event = Event::new("user.joined").subject(&actor.subject);
        record(work.as_mut(), self.core.now(), &actor, event).await?;
        work.save().await?;
        Ok(Some(actor))
    }

    async fn still_good(
        &self,
        work: &mut dyn Work,
        invitation: &InvitationRow,
    ) -> Result<Option<UserRow>, ServiceError> {
        if invitation.expires_at <= self.core.now() {
            return Ok(None);
        }
        let user = work.users().find(&invitation.user).await?;
        Ok(user.filter(|user| user.disabled_at.is_none()))
    }

    async fn put(&self, work: &mut dyn Work, actor: &Actor, user: &UserId) -> Result<NewInvitation, ServiceError> {
        let token = random()?;
        let now = self.core.now();
        let expires_at = now.plus(INVITATION_SECONDS);
        let row = InvitationRow {
            user: user.clone(),
            hash: hash(&token),
            created_at: now,
            expires_at,
        };
        work.invitations().put(&row).await?;
        let event = Event::new("user.invited").subject(&SubjectRef::user(user));
        record(work, now, actor, event).await?;
        let mut url = self.core.public_url.clone();
        url.set_path(&format!("/invite/{}", token.expose()));
        Ok(NewInvitation {
            url: Secret::new(String::from(url)),
            expires_at,
        })
    }
}

fn random() -> Result<Secret, ServiceError> {
    let mut bytes = [0u8; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| ServiceError::Internal(error.into()))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes)))
}

fn hash(token: &Secret) -> Vec<u8> {
    Sha256::digest(token.expose().as_bytes()).to_vec()
}
