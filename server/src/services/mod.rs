//! The use cases. Each is one transaction: begin, look, decide (in `domain`), write, audit, save. The REST API, the pages and
//! the gateway all come through here, so no rule is written twice.

pub mod access;
pub mod account_tokens;
pub mod accounts;
pub mod activity;
pub mod apply;
pub mod audit;
pub mod call_log;
pub mod calls;
pub mod catalog;
pub mod connections;
pub mod consents;
pub mod entered;
pub mod error;
pub mod explain;
pub mod fingerprint;
pub mod grants;
pub mod identities;
mod identity;
pub mod import;
pub mod invitations;
mod limit;
pub mod logins;
pub mod master_key;
pub mod notices;
mod one_work;
pub mod outbound_change;
pub mod override_list;
pub mod overrides;
pub mod people;
mod place;
pub mod renewals;
pub mod revocations;
pub mod set_override;
pub mod sign_in;
pub mod sign_on;
pub mod teams;
pub mod tokens;
pub mod uses;
pub mod vault;
pub mod verify;
pub mod virtual_accounts;
pub mod waiting;

use std::sync::Arc;

use domain::timestamp::Timestamp;
use url::Url;

use crate::clock::Clock;
use crate::password::Passwords;
use crate::seal::Seal;
use crate::store::Store;

pub use error::ServiceError;

/// What every use case stands on.
#[derive(Clone)]
pub struct Core {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub seal: Arc<Seal>,
    pub audit_keys: audit::AuditKeys,
    /// Where people and clients reach us: links in errors are absolute.
    pub public_url: Url,
    /// Where people are told of what happens to their overrides.
    pub channels: notices::Channels,
}

impl Core {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// All use cases, cheap to clone.
#[derive(Clone)]
pub struct Services {
    pub activity: activity::Activity,
    pub account_tokens: account_tokens::AccountTokens,
    pub accounts: accounts::Accounts,
    pub audit: audit::AuditTrail,
    pub calls: calls::Calls,
    pub catalog: catalog::Catalog,
    pub connections: connections::Connections,
    pub identities: identities::Identities,
    pub invitations: invitations::Invitations,
    pub logins: logins::Logins,
    pub master_keys: master_key::MasterKeys,
    pub outbox: notices::outbox::Outbox,
    pub overrides: overrides::Overrides,
    pub people: people::People,
    pub sign_in: sign_in::SignIn,
    pub sign_ons: sign_on::SignOns,
    pub teams: teams::Teams,
    pub tokens: tokens::Tokens,
    pub virtual_accounts: virtual_accounts::VirtualAccounts,
}

impl Services {
    /// Needs a running tokio runtime: uses are written in the background.
    pub fn new(
        core: &Core,
        upstream: Arc<dyn verify::Upstream>,
        verifier: Arc<dyn identities::VerifyToken>,
        providers: Arc<dyn renewals::GiveBack>,
    ) -> Self {
        let passwords = Arc::new(Passwords::default());
        Self {
            activity: activity::Activity::new(core.clone()),
            account_tokens: account_tokens::AccountTokens::new(core.clone()),
            accounts: accounts::Accounts::new(core.clone(), passwords.clone()),
            audit: audit::AuditTrail::new(core.clone()),
            calls: calls::Calls::new(core.clone(), verifier.clone()),
            catalog: catalog::Catalog::new(core.clone()),
            connections: connections::Connections::new(core.clone()),
            identities: identities::Identities::new(core.clone(), verifier),
            invitations: invitations::Invitations::new(core.clone(), passwords.clone()),
            logins: logins::Logins::new(core.clone()),
            master_keys: master_key::MasterKeys::new(core.clone()),
            outbox: notices::outbox::Outbox::new(core.clone()),
            overrides: overrides::Overrides::new(core.clone(), upstream, providers),
            people: people::People::new(core.clone()),
            sign_in: sign_in::SignIn::new(core.clone(), passwords),
            sign_ons: sign_on::SignOns::new(core.clone()),
            teams: teams::Teams::new(core.clone()),
            tokens: tokens::Tokens::new(core.clone()),
            virtual_accounts: virtual_accounts::VirtualAccounts::new(core.clone()),
        }
    }
}
