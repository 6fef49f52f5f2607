//! What the pages need from the server. `server::backend` implements these traits.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::Actor;
use domain::overrides::Kind;
use domain::verdict::Verdict;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::error::UiError;
use crate::features::access::model::AccessPage;
use crate::features::accounts::model::{AccountPage, AccountsPage};
use crate::features::activity::model::{CallsPage, CallsRequest, ChangesPage, SummaryPage, SummaryRequest};
use crate::features::apps::model::{AppRow, Missing};
use crate::features::audit::model::{AuditPage, AuditRequest};
use crate::features::connections::model::{ConnectPage, ConnectionPage};
use crate::features::identities::model::{IdentitiesPage, IdentityPage};
use crate::features::overrides::import_model::{ImportOutcome, ImportPage};
use crate::features::overrides::model::{
    Doomed, Entered, FormPage, ListRequest, OverrideRow, OverridesPage, SubjectHit,
};
use crate::features::overrides::why_model::WhyPage;
use crate::features::people::model::{InviteLink, PeoplePage, PersonPage};
use crate::features::servers::model::{Changed, ServerForm, ServerList, ServerListRequest, ServerPage, SettingsPage};
use crate::features::session::model::{Invited, Me, SignInWays};
use crate::features::settings::model::NotificationsPage;
use crate::features::teams::model::{TeamPage, TeamsPage};
use crate::features::tokens::model::{CreatedToken, TokenRow};
use crate::features::tools::model::{ToolList, ToolResult};
use crate::secret_input::SecretInput;
use crate::ui::suggest_field::Suggestion;

#[async_trait]
pub trait People: Send + Sync {
    async fn me(&self, actor: &Actor) -> Result<Me, UiError>;
    async fn ways_to_sign_in(&self) -> Result<SignInWays, UiError>;
    /// Whom a link is for; whoever has it may ask.
    async fn invited(&self, token: SecretInput) -> Result<Invited, UiError>;
}

/// People, as admins manage them.
#[async_trait]
pub trait Directory: Send + Sync {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<PeoplePage, UiError>;
    async fn get(&self, actor: &Actor, id: &str) -> Result<PersonPage, UiError>;
    /// Whom a field could mean.
    async fn suggest(&self, actor: &Actor, search: &str) -> Result<Vec<Suggestion>, UiError>;
    async fn invite(&self, actor: &Actor, email: &str, name: &str, role: &str) -> Result<InviteLink, UiError>;
    async fn link(&self, actor: &Actor, id: &str) -> Result<InviteLink, UiError>;
    async fn withdraw(&self, actor: &Actor, id: &str) -> Result<(), UiError>;
    /// Name, role, and whether they are disabled; what is empty stays as it is.
    async fn change(&self, actor: &Actor, id: &str, change: [&str; 3]) -> Result<(), UiError>;
    async fn revoke_token(&self, actor: &Actor, id: &str, token: &str) -> Result<(), UiError>;
    async fn delete(&self, actor: &Actor, id: &str) -> Result<(), UiError>;
}

/// External identities, as admins see them.
#[async_trait]
pub trait Identities: Send + Sync {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<IdentitiesPage, UiError>;
    async fn get(&self, actor: &Actor, id: &str) -> Result<IdentityPage, UiError>;
    async fn delete(&self, actor: &Actor, id: &str) -> Result<(), UiError>;
}

#[async_trait]
pub trait Teams: Send + Sync {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<TeamsPage, UiError>;
    /// `search` and `cursor` are of its members.
    async fn get(&self, actor: &Actor, team: &str, search: &str, cursor: &str) -> Result<TeamPage, UiError>;
    /// Its name.
    async fn create(&self, actor: &Actor, name: &str, description: &str) -> Result<String, UiError>;
    async fn change(&self, actor: &Actor, team: &str, name: &str, description: &str) -> Result<String, UiError>;
    async fn delete(&self, actor: &Actor, team: &str) -> Result<(), UiError>;
    async fn add_member(&self, actor: &Actor, team: &str, user: &str) -> Result<(), UiError>;
    async fn remove_member(&self, actor: &Actor, team: &str, user: &str) -> Result<(), UiError>;
}

/// Virtual accounts.
#[async_trait]
pub trait Accounts: Send + Sync {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<AccountsPage, UiError>;
    async fn get(&self, actor: &Actor, account: &str) -> Result<AccountPage, UiError>;
    /// Name, description, owner, and the first token's days; the token answers under the account's name.
    async fn create(&self, actor: &Actor, new: [&str; 4]) -> Result<CreatedToken, UiError>;
    async fn change(&self, actor: &Actor, account: &str, description: &str, owner: &str) -> Result<(), UiError>;
    async fn delete(&self, actor: &Actor, account: &str) -> Result<(), UiError>;
    async fn add_token(&self, actor: &Actor, account: &str, name: &str, days: &str) -> Result<CreatedToken, UiError>;
    /// `grace` is in hours.
    async fn rotate(&self, actor: &Actor, account: &str, token: &str, grace: &str) -> Result<CreatedToken, UiError>;
    async fn revoke_token(&self, actor: &Actor, account: &str, token: &str) -> Result<(), UiError>;
}

#[async_trait]
pub trait Servers: Send + Sync {
    async fn list(&self, actor: &Actor, request: ServerListRequest) -> Result<ServerList, UiError>;
    async fn get(&self, actor: &Actor, server: &str) -> Result<ServerPage, UiError>;
    /// What the form of a new server begins with.
    async fn blank(&self, actor: &Actor) -> Result<SettingsPage, UiError>;
    async fn settings(&self, actor: &Actor, server: &str) -> Result<SettingsPage, UiError>;
    async fn create(&self, actor: &Actor, form: ServerForm) -> Result<String, UiError>;
    async fn change(&self, actor: &Actor, server: &str, form: ServerForm) -> Result<Changed, UiError>;
    async fn delete(&self, actor: &Actor, server: &str, typed_name: &str) -> Result<(), UiError>;
}

#[async_trait]
pub trait Access: Send + Sync {
    /// `search` and `cursor` are of those who have access.
    async fn list(&self, actor: &Actor, server: &str, search: &str, cursor: &str) -> Result<AccessPage, UiError>;
    /// Whom a field could mean.
    async fn suggest(&self, actor: &Actor, server: &str, search: &str) -> Result<Vec<Suggestion>, UiError>;
    async fn grant(&self, actor: &Actor, server: &str, grantee: &str, role: &str) -> Result<(), UiError>;
    async fn revoke(&self, actor: &Actor, server: &str, grantee: &str) -> Result<(), UiError>;
}

#[async_trait]
pub trait Overrides: Send + Sync {
    async fn list(&self, actor: &Actor, request: ListRequest) -> Result<OverridesPage, UiError>;
    /// What the form needs; `id` is empty when adding.
    async fn form(&self, actor: &Actor, server: &str, id: &str) -> Result<FormPage, UiError>;
    async fn subjects(&self, actor: &Actor, server: &str, search: &str) -> Result<Vec<SubjectHit>, UiError>;
    /// What came of trying it, where that was asked.
    async fn add(&self, actor: &Actor, entered: Entered) -> Result<Option<Verdict>, UiError>;
    async fn edit(&self, actor: &Actor, id: &str, entered: Entered) -> Result<Option<Verdict>, UiError>;
    /// D06: the credential is meant for the server's new address too.
    async fn confirm(&self, actor: &Actor, server: &str, id: &str) -> Result<(), UiError>;
    async fn to_delete(&self, actor: &Actor, server: &str, id: &str) -> Result<Doomed, UiError>;
    /// The kind that was deleted.
    async fn delete(&self, actor: &Actor, server: &str, id: &str) -> Result<Kind, UiError>;
}

/// What can be asked about credentials that are stored.
#[async_trait]
pub trait Checks: Send + Sync {
    /// Tries one at its server; the sentence says whose and what came of it. What is no success is an error.
    async fn verify(&self, actor: &Actor, server: &str, id: &str) -> Result<String, UiError>;
    /// B03. `subject` is empty for oneself.
    async fn why(&self, actor: &Actor, server: &str, subject: &str) -> Result<WhyPage, UiError>;
}

/// Many overrides at once (B08).
#[async_trait]
pub trait Imports: Send + Sync {
    async fn form(&self, actor: &Actor, server: &str) -> Result<ImportPage, UiError>;
    /// What a file would do, and the same file sealed.
    async fn preview(&self, actor: &Actor, server: &str, text: SecretInput) -> Result<ImportOutcome, UiError>;
    /// What was previewed.
    async fn apply(&self, actor: &Actor, server: &str, kept: &str) -> Result<ImportOutcome, UiError>;
}

#[async_trait]
pub trait Connections: Send + Sync {
    async fn list(&self, actor: &Actor, search: &str, cursor: &str) -> Result<ConnectionPage, UiError>;
    /// Where a link from an MCP client lands (B09). `subject` is whom the link was made for.
    async fn connect(&self, actor: &Actor, server: &str, subject: &str) -> Result<ConnectPage, UiError>;
    /// My own override on one server, for the Overview tab.
    async fn own(&self, actor: &Actor, server: &str) -> Result<Option<OverrideRow>, UiError>;
}

#[async_trait]
pub trait Tokens: Send + Sync {
    async fn list(&self, actor: &Actor) -> Result<Vec<TokenRow>, UiError>;
    async fn create(&self, actor: &Actor, name: &str, days: &str) -> Result<CreatedToken, UiError>;
    async fn revoke(&self, actor: &Actor, id: &str) -> Result<(), UiError>;
}

/// The apps that act for me (B10).
#[async_trait]
pub trait Apps: Send + Sync {
    async fn list(&self, actor: &Actor) -> Result<Vec<AppRow>, UiError>;
    async fn disconnect(&self, actor: &Actor, id: &str) -> Result<(), UiError>;
    /// The servers that I may let an app call which names none.
    async fn choices(&self, actor: &Actor) -> Result<Vec<String>, UiError>;
    /// What my calls to a server lack.
    async fn missing(&self, actor: &Actor, server: &str) -> Result<Option<Missing>, UiError>;
}

#[async_trait]
pub trait Tools: Send + Sync {
    async fn list(&self, actor: &Actor, server: &str) -> Result<ToolList, UiError>;
    async fn call(&self, actor: &Actor, server: &str, tool: &str, arguments: &str) -> Result<ToolResult, UiError>;
}

#[async_trait]
pub trait Activity: Send + Sync {
    /// A server's calls in numbers, or those on every server.
    async fn summary(&self, actor: &Actor, request: SummaryRequest) -> Result<SummaryPage, UiError>;
    async fn calls(&self, actor: &Actor, request: CallsRequest) -> Result<CallsPage, UiError>;
    async fn changes(&self, actor: &Actor, server: &str, cursor: &str) -> Result<ChangesPage, UiError>;
}

#[async_trait]
pub trait Audit: Send + Sync {
    async fn list(&self, actor: &Actor, request: AuditRequest) -> Result<AuditPage, UiError>;
}

/// What the operator configured.
#[async_trait]
pub trait Settings: Send + Sync {
    async fn notifications(&self, actor: &Actor) -> Result<NotificationsPage, UiError>;
    async fn test(&self, actor: &Actor) -> Result<(), UiError>;
}

#[derive(Clone)]
pub struct Backend {
    pub people: Arc<dyn People>,
    pub directory: Arc<dyn Directory>,
    pub identities: Arc<dyn Identities>,
    pub teams: Arc<dyn Teams>,
    pub accounts: Arc<dyn Accounts>,
    pub servers: Arc<dyn Servers>,
    pub access: Arc<dyn Access>,
    pub overrides: Arc<dyn Overrides>,
    pub checks: Arc<dyn Checks>,
    pub imports: Arc<dyn Imports>,
    pub connections: Arc<dyn Connections>,
    pub tokens: Arc<dyn Tokens>,
    pub apps: Arc<dyn Apps>,
    pub tools: Arc<dyn Tools>,
    pub activity: Arc<dyn Activity>,
    pub audit: Arc<dyn Audit>,
    pub settings: Arc<dyn Settings>,
}

/// Runs one use case for the signed-in actor, and gives an error its HTTP status.
pub async fn call<T, F>(work: impl FnOnce(Backend, Actor) -> F) -> Result<T, UiError>
where
    F: Future<Output = Result<T, UiError>>,
{
    with_status(match request() {
        Ok((backend, actor)) => work(backend, actor).await,
        Err(error) => Err(error),
    })
}

/// The same for what is no secret from strangers; the port says what that is.
pub async fn for_anybody<T, F>(work: impl FnOnce(Backend) -> F) -> Result<T, UiError>
where
    F: Future<Output = Result<T, UiError>>,
{
    with_status(match backend() {
        Ok(backend) => work(backend).await,
        Err(error) => Err(error),
    })
}

fn with_status<T>(result: Result<T, UiError>) -> Result<T, UiError> {
    if let (Err(error), Some(options), false) = (&result, use_context::<ResponseOptions>(), is_plain_form_post())
        && let Ok(status) = StatusCode::from_u16(error.status())
    {
        // A plain form post must keep Leptos' 302 back to the page.
        options.set_status(status);
    }
    result
}

/// Sends the browser to another page: by status when scripts are off, by the router when they run.
pub fn go_to(path: &str) {
    leptos_axum::redirect(path);
}

fn request() -> Result<(Backend, Actor), UiError> {
    let backend = backend()?;
    let actor = use_context::<Parts>().and_then(|parts| parts.extensions.get::<Actor>().cloned());
    Ok((backend, actor.ok_or(UiError::SignedOut)?))
}

fn backend() -> Result<Backend, UiError> {
    use_context::<Backend>().ok_or_else(|| UiError::Internal("no backend".to_owned()))
}

fn is_plain_form_post() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accepts_html = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("text/html"));
        parts.method == Method::POST && parts.headers.get(header::ACCEPT).is_some_and(accepts_html)
    })
}
