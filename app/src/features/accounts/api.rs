//! The addresses of what the virtual accounts' pages do.

use leptos::prelude::*;

use super::model::{AccountPage, AccountsPage};
#[cfg(feature = "ssr")]
use crate::backend;
use crate::error::UiError;
use crate::features::tokens::model::CreatedToken;
use crate::wire::Wire;

#[server(endpoint = "ui/accounts/list", protocol = Wire)]
pub async fn list_accounts(
    #[server(default)] search: String,
    #[server(default)] cursor: String,
) -> Result<AccountsPage, UiError> {
    backend::call(|backend, actor| async move { backend.accounts.list(&actor, &search, &cursor).await }).await
}

#[server(endpoint = "ui/accounts/get", protocol = Wire)]
pub async fn get_account(account: String) -> Result<AccountPage, UiError> {
    backend::call(|backend, actor| async move { backend.accounts.get(&actor, &account).await }).await
}

/// An owner sees the account, and may not delete it.
#[server(endpoint = "ui/accounts/to-delete", protocol = Wire)]
pub async fn account_to_delete(account: String) -> Result<AccountPage, UiError> {
    backend::call(|backend, actor| async move {
        let page = backend.accounts.get(&actor, &account).await?;
        page.admin.then_some(page).ok_or(UiError::Forbidden)
    })
    .await
}

/// Answers with the first token, and goes nowhere: it is shown once.
#[server(endpoint = "ui/accounts/create", protocol = Wire)]
pub async fn create_account(
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] owner: String,
    #[server(default)] days: String,
) -> Result<CreatedToken, UiError> {
    backend::call(|backend, actor| async move {
        backend
            .accounts
            .create(&actor, [&name, &description, &owner, &days])
            .await
    })
    .await
}

#[server(endpoint = "ui/accounts/change", protocol = Wire)]
pub async fn change_account(
    account: String,
    #[server(default)] description: String,
    #[server(default)] owner: String,
) -> Result<(), UiError> {
    let kept = vec![
        ("description".to_owned(), description.clone()),
        ("owner".to_owned(), owner.clone()),
    ];
    let target = format!("/virtual-accounts/{account}?done=account-saved");
    backend::call(
        |backend, actor| async move { backend.accounts.change(&actor, &account, &description, &owner).await },
    )
    .await
    .map_err(|error| error.keeping(kept))?;
    backend::go_to(&target);
    Ok(())
}

#[server(endpoint = "ui/accounts/delete", protocol = Wire)]
pub async fn delete_account(account: String) -> Result<(), UiError> {
    backend::call(|backend, actor| async move { backend.accounts.delete(&actor, &account).await }).await?;
    backend::go_to("/virtual-accounts?done=account-deleted");
    Ok(())
}

#[server(endpoint = "ui/accounts/add-token", protocol = Wire)]
pub async fn add_account_token(
    account: String,
    #[server(default)] name: String,
    #[server(default)] days: String,
) -> Result<CreatedToken, UiError> {
    backend::call(|backend, actor| async move { backend.accounts.add_token(&actor, &account, &name, &days).await })
        .await
}

#[server(endpoint = "ui/accounts/rotate-token", protocol = Wire)]
pub async fn rotate_token(
    account: String,
    token: String,
    #[server(default)] grace: String,
) -> Result<CreatedToken, UiError> {
    backend::call(|backend, actor| async move { backend.accounts.rotate(&actor, &account, &token, &grace).await }).await
}

#[server(endpoint = "ui/accounts/revoke-token", protocol = Wire)]
pub async fn revoke_account_token(account: String, token: String) -> Result<(), UiError> {
    let target = format!("/virtual-accounts/{account}?done=revoked");
    backend::call(|backend, actor| async move { backend.accounts.revoke_token(&actor, &account, &token).await })
        .await?;
    backend::go_to(&target);
    Ok(())
}
