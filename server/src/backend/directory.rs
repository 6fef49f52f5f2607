use app::backend;
use app::error::UiError;
use app::features::people::model::{InviteLink, PeoplePage, PersonPage, PersonRow};
use app::ui::suggest_field::Suggestion;
use async_trait::async_trait;
use domain::actor::{Actor, SubjectRef};
use domain::id::TokenId;
use domain::role::PlatformRole;

use super::overrides::invalid;
use super::times::moment;
use super::tokens::token_row;
use super::{Desk, PAGE, given, page_query, told};
use crate::services::accounts::{NewUser, UserChange};
use crate::services::invitations::NewInvitation;
use crate::store::UserRow;

const SUGGESTIONS: u32 = 20;

pub(super) struct Directory(pub(super) Desk);

#[async_trait]
impl backend::Directory for Directory {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<PeoplePage, UiError> {
        let query = page_query(search, cursor, PAGE);
        let page = self.0.services.accounts.users(actor, &query).await.map_err(told)?;
        Ok(PeoplePage {
            search: search.to_owned(),
            rows: page.items.into_iter().map(|row| self.row(actor, row)).collect(),
            next: page.next,
        })
    }

    async fn get(&self, actor: &Actor, id: &str) -> Result<PersonPage, UiError> {
        let person = self.0.services.people.get(actor, id).await.map_err(told)?;
        let now = self.0.clock.now();
        let servers = person.servers.into_iter();
        Ok(PersonPage {
            has_password: person.row.password_hash.is_some(),
            teams: person.teams.into_iter().map(|team| team.name.to_string()).collect(),
            servers: servers.map(|(name, reach)| (name.to_string(), reach)).collect(),
            tokens: person.tokens.into_iter().map(|row| token_row(now, row)).collect(),
            accounts: person.accounts.into_iter().map(|row| row.id.to_string()).collect(),
            overrides: person.overrides,
            row: self.row(actor, person.row),
        })
    }

    async fn suggest(&self, actor: &Actor, search: &str) -> Result<Vec<Suggestion>, UiError> {
        self.0.people(actor, search).await
    }

    async fn invite(&self, actor: &Actor, email: &str, name: &str, role: &str) -> Result<InviteLink, UiError> {
        let new = NewUser {
            email: email.to_owned(),
            name: given(name),
            password: None,
            platform_role: platform_role(role)?.unwrap_or(PlatformRole::Member),
        };
        let (row, invitation) =
            self.0
                .services
                .invitations
                .create_user(actor, new)
                .await
                .map_err(|error| match error {
                    // The form has a place for it.
                    crate::services::ServiceError::Conflict(text) => invalid("email", &text),
                    other => told(other),
                })?;
        Ok(self.invite_link(row.id.to_string(), row.name, &invitation))
    }

    async fn link(&self, actor: &Actor, id: &str) -> Result<InviteLink, UiError> {
        let services = &self.0.services;
        let invitation = services.invitations.invite(actor, id).await.map_err(told)?;
        let row = services.accounts.user(actor, id).await.map_err(told)?;
        Ok(self.invite_link(row.id.to_string(), row.name, &invitation))
    }

    async fn withdraw(&self, actor: &Actor, id: &str) -> Result<(), UiError> {
        self.0.services.invitations.withdraw(actor, id).await.map_err(told)
    }

    async fn change(&self, actor: &Actor, id: &str, change: [&str; 3]) -> Result<(), UiError> {
        let [name, role, disabled] = change;
        let change = UserChange {
            name: given(name),
            password: None,
            platform_role: platform_role(role)?,
            disabled: match disabled {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
        };
        let changed = self.0.services.accounts.change_user(actor, id, change).await;
        changed.map(drop).map_err(told)
    }

    async fn revoke_token(&self, actor: &Actor, id: &str, token: &str) -> Result<(), UiError> {
        let token = TokenId::new(token);
        self.0
            .services
            .people
            .revoke_token(actor, id, &token)
            .await
            .map_err(told)
    }

    async fn delete(&self, actor: &Actor, id: &str) -> Result<(), UiError> {
        self.0.services.accounts.delete_user(actor, id).await.map_err(told)
    }
}

impl Directory {
    fn row(&self, actor: &Actor, row: UserRow) -> PersonRow {
        let now = self.0.clock.now();
        PersonRow {
            state: self.0.services.people.state(&row),
            mine: actor.is(&SubjectRef::user(&row.id)),
            invited_until: row.invited_until.filter(|at| *at > now).map(|at| moment(now, at)),
            id: row.id.to_string(),
            name: row.name,
            email: row.email,
            admin: row.platform_role == PlatformRole::Admin,
            added: moment(now, row.created_at),
        }
    }

    fn invite_link(&self, id: String, name: String, invitation: &NewInvitation) -> InviteLink {
        InviteLink {
            id,
            name,
            url: invitation.url.expose().to_owned(),
            until: moment(self.0.clock.now(), invitation.expires_at),
        }
    }
}

impl Desk {
    /// Whom a field that takes a person could mean.
    pub(super) async fn people(&self, actor: &Actor, search: &str) -> Result<Vec<Suggestion>, UiError> {
        let query = page_query(search, "", SUGGESTIONS);
        let page = self.services.accounts.users(actor, &query).await.map_err(told)?;
        let suggestion = |row: UserRow| Suggestion {
            value: row.email,
            label: row.name,
        };
        Ok(page.items.into_iter().map(suggestion).collect())
    }
}

/// An empty choice asks for nothing.
fn platform_role(text: &str) -> Result<Option<PlatformRole>, UiError> {
    match text {
        "" => Ok(None),
        text => PlatformRole::parse(text)
            .map(Some)
            .ok_or_else(|| invalid("role", "Choose member or admin.")),
    }
}
