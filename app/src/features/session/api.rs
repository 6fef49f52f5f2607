use leptos::prelude::*;

use super::model::{Invited, Me, SignInWays};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::secret_input::SecretInput;
use crate::wire::Wire;

#[server(endpoint = "ui/session/me", protocol = Wire)]
pub async fn who_am_i() -> Result<Me, UiError> {
    backend::call(|backend, actor| async move { backend.people.me(&actor).await }).await
}

/// Open to everybody.
#[server(endpoint = "ui/session/ways", protocol = Wire)]
pub async fn ways_to_sign_in() -> Result<SignInWays, UiError> {
    backend::for_anybody(|backend| async move { backend.people.ways_to_sign_in().await }).await
}

/// Open to whoever has the link.
#[server(endpoint = "ui/session/invited", protocol = Wire)]
pub async fn whom_invited(token: SecretInput) -> Result<Invited, UiError> {
    backend::for_anybody(|backend| async move { backend.people.invited(token).await }).await
}
