//! Whose account somebody gets who signed on at the identity provider: made, linked or found, with the teams and the role that
//! their groups give. One transaction each; asking the provider is `crate::identity`'s.

use domain::actor::{Actor, SubjectRef};
use domain::role::PlatformRole;
use domain::sign_on::{Admission, Known, Mapped, Mapping, NotAdmitted, Policy, admit};
use domain::timestamp::Timestamp;
use domain::via::Via;
use tracing::warn;

use super::accounts::{NewUser, checked_name, is_email, new_account};
use super::audit::{Event, record};
use super::{Core, ServiceError};
use crate::store::{UserIdentityRow, UserRow, Work};

/// What the provider says about who signed on.
#[derive(Debug, Clone)]
pub struct Profile {
    pub issuer: String,
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub name: Option<String>,
    pub groups: Vec<String>,
    /// How their browser came back.
    pub via: Via,
}

#[derive(Debug, thiserror::Error)]
pub enum SignOnRefused {
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    #[error("the provider names no e-mail address")]
    NoEmail,
    #[error("the person is disabled here")]
    Disabled,
    #[error("the first to come must be an admin")]
    NotSetUp,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

#[derive(Clone)]
pub struct SignOns {
    core: Core,
}

impl SignOns {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// True the first time that an answer to this sign-on comes, at whichever replica.
    pub async fn use_once(&self, state_hash: &[u8], expires_at: Timestamp) -> Result<bool, ServiceError> {
        let mut work = self.core.store.begin().await?;
        work.user_identities().forget_sign_ons(self.core.now()).await?;
        let first = work.user_identities().use_sign_on(state_hash, expires_at).await?;
        work.save().await?;
        Ok(first)
    }

    pub async fn admit(&self, profile: Profile, policy: Policy, mapping: &Mapping) -> Result<Actor, SignOnRefused> {
        let mapped = mapping.of(&profile.groups);
        let mut work = self.core.store.begin().await.map_err(ServiceError::from)?;
        let before = self.account(work.as_mut(), &profile, policy, &mapped).await?;
        if before.disabled_at.is_some() {
            return Err(SignOnRefused::Disabled);
        }
        let row = self.renewed(work.as_mut(), before, &profile, &mapped).await?;
        let actor = acting(&row, &profile);
        self.put_into_teams(work.as_mut(), &actor, &row, &mapped).await?;
        let event = Event::new("session.started").detail(&[("issuer", &profile.issuer)]);
        self.record(work.as_mut(), &actor, event).await?;
        work.save().await.map_err(ServiceError::from)?;
        Ok(actor)
    }

    /// Their account, as it was before.
    async fn account(
        &self,
        work: &mut dyn Work,
        profile: &Profile,
        policy: Policy,
        mapped: &Mapped,
    ) -> Result<UserRow, SignOnRefused> {
        let linked = work.user_identities().find(&profile.issuer, &profile.subject).await;
        let linked = match linked.map_err(ServiceError::from)? {
            Some(row) => work.users().find(&row.user).await.map_err(ServiceError::from)?,
            None => None,
        };
        let email = profile.email.as_deref().map(|email| email.trim().to_lowercase());
        let email = email.filter(|email| is_email(email));
        let taken = match &email {
            Some(email) => work.users().find_by_email(email).await.map_err(ServiceError::from)?,
            None => None,
        };
        let known = Known {
            linked: linked.is_some(),
            email_taken: taken.is_some(),
            taken_by_another: match &taken {
                Some(user) => self.is_linked(work, user, &profile.issuer).await?,
                None => false,
            },
            email_verified: profile.email_verified,
        };
        match (admit(known, policy)?, linked, taken, email) {
            (Admission::Linked, Some(user), ..) => Ok(user),
            (Admission::Link, _, Some(user), _) => {
                self.link(work, &user, profile).await?;
                Ok(user)
            }
            (Admission::Create, _, _, Some(email)) => self.create(work, email, profile, mapped).await,
            _ => Err(SignOnRefused::NoEmail),
        }
    }

    async fn is_linked(&self, work: &mut dyn Work, user: &UserRow, issuer: &str) -> Result<bool, ServiceError> {
        let linked = work.user_identities().of_user(&user.id).await?;
        Ok(linked.iter().any(|row| row.issuer == issuer))
    }

    async fn create(
        &self,
        work: &mut dyn Work,
        email: String,
        profile: &Profile,
        mapped: &Mapped,
    ) -> Result<UserRow, SignOnRefused> {
        let nobody = work.users().count().await.map_err(ServiceError::from)? == 0;
        // A member who came first would stop the set-up link, and nobody could make them an admin.
        if nobody && mapped.platform_role != Some(PlatformRole::Admin) {
            return Err(SignOnRefused::NotSetUp);
        }
        let new = NewUser {
            email,
            name: profile.name.clone().filter(|name| checked_name(name, "").is_ok()),
            password: None,
            platform_role: PlatformRole::Member,
        };
        let row = new_account(new, self.core.now())?;
        work.users().insert(&row).await.map_err(ServiceError::from)?;
        let actor = acting(&row, profile);
        let event = Event::new("user.created").subject(&actor.subject);
        let event = event.detail(&[("issuer", &profile.issuer)]);
        self.record(work, &actor, event).await?;
        self.link(work, &row, profile).await?;
        Ok(row)
    }

    async fn link(&self, work: &mut dyn Work, user: &UserRow, profile: &Profile) -> Result<(), ServiceError> {
        let row = UserIdentityRow {
            issuer: profile.issuer.clone(),
            subject: profile.subject.clone(),
            user: user.id.clone(),
            linked_at: self.core.now(),
        };
        work.user_identities().link(&row).await?;
        let actor = acting(&user, profile);
        let event = Event::new("user.linked").subject(&actor.subject);
        let event = event.detail(&[("issuer", &profile.issuer)]);
        self.record(work, &actor, event).await
    }

    /// The name and the role as the provider has them now. The last admin who can act stays one: somebody has to mend the mapping.
    async fn renewed(
        &self,
        work: &mut dyn Work,
        before: UserRow,
        profile: &Profile,
        mapped: &Mapped,
    ) -> Result<UserRow, ServiceError> {
        let name = profile.name.as_deref().filter(|name| !name.trim().is_empty());
        let name = name.and_then(|name| checked_name(name, &before.email).ok());
        let mut platform_role = mapped.platform_role.unwrap_or(before.platform_role);
        if before.platform_role == PlatformRole::Admin && platform_role == PlatformRole::Member {
            let admins = work.users().lock_acting_admins().await?;
            if admins.iter().all(|admin| *admin == before.id) {
                warn!(user.id = %before.id, "The last admin is in no group of sso_admin_groups, and stays an admin");
                platform_role = PlatformRole::Admin;
            }
        }
        let after = UserRow {
            name: name.unwrap_or_else(|| before.name.clone()),
            platform_role,
            ..before.clone()
        };
        if after == before {
            return Ok(after);
        }
        work.users().update(&after).await?;
        if after.platform_role != before.platform_role {
            let actor = acting(&after, profile);
            let event = Event::new("user.changed").subject(&actor.subject).detail(&[
                ("platform_role", after.platform_role.as_str()),
                ("issuer", &profile.issuer),
            ]);
            self.record(work, &actor, event).await?;
        }
        Ok(after)
    }

    async fn put_into_teams(
        &self,
        work: &mut dyn Work,
        actor: &Actor,
        user: &UserRow,
        mapped: &Mapped,
    ) -> Result<(), ServiceError> {
        for (name, is_in) in &mapped.teams {
            let Some(team) = work.teams().find(name).await? else {
                warn!(team = %name, "sso_teams names a team that does not exist");
                continue;
            };
            let (changed, action) = if *is_in {
                let added = work.teams().add_member(&team.id, &user.id, self.core.now()).await?;
                (added, "team.member_added")
            } else {
                (
                    work.teams().remove_member(&team.id, &user.id).await?,
                    "team.member_removed",
                )
            };
            if changed {
                let event = Event::new(action).subject(&actor.subject).detail(&[("team", name)]);
                self.record(work, actor, event).await?;
            }
        }
        Ok(())
    }

    async fn record(&self, work: &mut dyn Work, actor: &Actor, event: Event) -> Result<(), ServiceError> {
        Ok(record(work, self.core.now(), actor, event).await?)
    }
}

/// They themselves, as the trail names them.
fn acting(row: &UserRow, profile: &Profile) -> Actor {
    let actor = Actor::new(SubjectRef::user(&row.id), row.name.clone(), row.platform_role);
    actor.arriving(Some(&profile.via))
}
