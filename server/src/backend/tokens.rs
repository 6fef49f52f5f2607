use app::backend;
use app::error::UiError;
use app::features::tokens::model::{CreatedToken, TokenRow};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::field::FieldError;
use domain::id::TokenId;
use domain::timestamp::Timestamp;

use super::times::moment;
use super::{Desk, told};
use crate::services::tokens::TokenRequest;
use crate::store;

const DAY: i64 = 86_400;
/// A hundred years: what the database can tell from for ever.
const MOST_DAYS: i64 = 36_500;

pub(super) struct Tokens(pub(super) Desk);

#[async_trait]
impl backend::Tokens for Tokens {
    async fn list(&self, actor: &Actor) -> Result<Vec<TokenRow>, UiError> {
        let rows = self.0.services.tokens.list(actor).await.map_err(told)?;
        let now = self.0.clock.now();
        Ok(rows.into_iter().map(|row| token_row(now, row)).collect())
    }

    async fn create(&self, actor: &Actor, name: &str, days: &str) -> Result<CreatedToken, UiError> {
        let request = TokenRequest {
            name: name.to_owned(),
            expires_at: expiry(&self.0, days)?,
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

pub(super) fn token_row(now: Timestamp, row: store::TokenRow) -> TokenRow {
    TokenRow {
        id: row.id.to_string(),
        name: row.name,
        hint: row.hint,
        created: moment(now, row.created_at),
        expires: row.expires_at.map(|at| moment(now, at)),
        expired: row.expires_at.is_some_and(|at| at <= now),
        replaced: row.replaced_at.is_some(),
        last_used: row.last_used_at.map(|at| moment(now, at)),
    }
}

/// So many days from now; no number: for good.
pub(super) fn expiry(desk: &Desk, days: &str) -> Result<Option<Timestamp>, UiError> {
    let text = days.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let days = text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days));
    Ok(Some(desk.clock.now().plus(days.ok_or_else(bad_days)? * DAY)))
}

fn bad_days() -> UiError {
    UiError::Invalid {
        errors: vec![FieldError::new("days", "Choose a number of days from 1 to 36500.")],
        kept: Vec::new(),
    }
}
