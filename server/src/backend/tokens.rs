use app::backend;
use app::error::UiError;
use app::features::tokens::model::{CreatedToken, TokenRow};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::field::FieldError;
use domain::id::TokenId;

use super::times::moment;
use super::{Desk, told};
use crate::services::tokens::TokenRequest;

const DAY: i64 = 86_400;
/// A hundred years: what the database can tell from for ever.
const MOST_DAYS: i64 = 36_500;

pub(super) struct Tokens(pub(super) Desk);

#[async_trait]
impl backend::Tokens for Tokens {
    async fn list(&self, actor: &Actor) -> Result<Vec<TokenRow>, UiError> {
        let rows = self.0.services.tokens.list(actor).await.map_err(told)?;
        let now = self.0.clock.now();
        Ok(rows
            .into_iter()
            .map(|row| TokenRow {
                id: row.id.to_string(),
                name: row.name,
                hint: row.hint,
                created: moment(now, row.created_at),
                expires: row.expires_at.map(|at| moment(now, at)),
                expired: row.expires_at.is_some_and(|at| at <= now),
                last_used: row.last_used_at.map(|at| moment(now, at)),
            })
            .collect())
    }

    async fn create(&self, actor: &Actor, name: &str, days: &str) -> Result<CreatedToken, UiError> {
        let expires_at = match days.trim() {
            "" => None,
            text => {
                let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
                Some(self.0.clock.now().plus(days.ok_or_else(bad_days)? * DAY))
            }
        };
        let request = TokenRequest {
            name: name.to_owned(),
            expires_at,
        };
        let new = self.0.services.tokens.create(actor, request).await.map_err(told)?;
        Ok(CreatedToken {
            name: new.row.name,
            value: new.value.expose().to_owned(),
        })
    }

    async fn revoke(&self, actor: &Actor, id: &str) -> Result<(), UiError> {
        self.0
            .services
            .tokens
            .revoke(actor, &TokenId::new(id))
            .await
            .map_err(told)
    }
}

fn bad_days() -> UiError {
    UiError::Invalid {
        errors: vec![FieldError::new("days", "Choose a number of days from 1 to 36500.")],
        kept: Vec::new(),
    }
}
