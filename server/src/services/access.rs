//! Which role an actor has on a server, looked up; what the role permits is `domain::role`'s to say.

use domain::actor::Actor;
use domain::id::ServerId;
use domain::role::{PlatformRole, ServerAction, ServerRole, decide, effective_role};

use super::ServiceError;
use crate::store::{ServerRow, StoreError, Work};

pub async fn role_on(work: &mut dyn Work, actor: &Actor, server: &ServerId) -> Result<Option<ServerRole>, StoreError> {
    if actor.platform_role == PlatformRole::Admin {
        return Ok(Some(ServerRole::Manager));
    }
    let roles = work.grants().roles(server, &actor.subject).await?;
    Ok(effective_role(actor.platform_role, roles))
}

/// The server, if the actor may do this to it. D11: one that is not there and one not yours to see answer alike.
pub async fn permitted(
    work: &mut dyn Work,
    actor: &Actor,
    name: &str,
    action: ServerAction,
) -> Result<(ServerRow, ServerRole), ServiceError> {
    let row = work.servers().find(name).await?.ok_or(ServiceError::NotFound)?;
    let role = role_on(work, actor, &row.id).await?;
    Ok((row, decide(role, action)?.role()))
}

/// The same, with the server's row locked for a change.
pub async fn locked(
    work: &mut dyn Work,
    actor: &Actor,
    name: &str,
    action: ServerAction,
) -> Result<(ServerRow, ServerRole), ServiceError> {
    let row = work.servers().lock(name).await?.ok_or(ServiceError::NotFound)?;
    let role = role_on(work, actor, &row.id).await?;
    Ok((row, decide(role, action)?.role()))
}

pub fn require_admin(actor: &Actor) -> Result<(), ServiceError> {
    match actor.platform_role {
        PlatformRole::Admin => Ok(()),
        PlatformRole::Member => Err(ServiceError::Forbidden),
    }
}
