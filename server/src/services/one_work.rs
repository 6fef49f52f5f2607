//! Several use cases as one transaction: a store that lends the same work to each of them.
//!
//! A use case begins, writes and saves as always, and knows nothing of this; what it saved stands once the whole is saved. One
//! that drops its work unsaved has failed, and then nothing can be saved any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::store::{
    Audit, Calls, ChainKey, Changes, Consents, ExternalIdentities, Grants, Invitations, LoginClients, Logins, Notices,
    Overrides, Renewals, Revocations, SealedValues, Servers, Sessions, Settings, Store, StoreError, Teams, Tokens,
    Trails, UserIdentities, Users, VirtualAccounts, Work,
};

pub(super) struct OneWork {
    store: Arc<dyn Store>,
    work: Arc<Mutex<Box<dyn Work>>>,
    failed: Arc<AtomicBool>,
}

impl OneWork {
    pub async fn begin(store: &Arc<dyn Store>) -> Result<Arc<Self>, StoreError> {
        Ok(Arc::new(Self {
            work: Arc::new(Mutex::new(store.begin().await?)),
            store: store.clone(),
            failed: Arc::default(),
        }))
    }

    /// Commits all of it. Whoever else holds this store holds nothing afterwards.
    pub async fn save(self: Arc<Self>) -> Result<(), StoreError> {
        let broken = || StoreError::Broken("a part of one work was not saved".to_owned());
        let whole = Arc::into_inner(self).ok_or_else(broken)?;
        if whole.failed.load(Ordering::Relaxed) {
            return Err(broken());
        }
        let work = Arc::into_inner(whole.work).ok_or_else(broken)?;
        work.into_inner().save().await
    }

    /// Use cases come one after the other: two at once, or one inside another, would wait for each other for ever.
    fn lend(&self, writes: bool) -> Result<Box<dyn Work>, StoreError> {
        let held = self.work.clone().try_lock_owned();
        let held = held.map_err(|_| StoreError::Broken("two use cases in one work at once".to_owned()))?;
        Ok(Box::new(Lent {
            work: held,
            unsaved: writes.then(|| self.failed.clone()),
        }))
    }
}

#[async_trait]
impl Store for OneWork {
    async fn begin(&self) -> Result<Box<dyn Work>, StoreError> {
        self.lend(true)
    }

    async fn read(&self) -> Result<Box<dyn Work>, StoreError> {
        self.lend(false)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        Err(StoreError::Broken("a migration inside a work".to_owned()))
    }

    async fn pending(&self) -> Result<usize, StoreError> {
        self.store.pending().await
    }

    fn give_chain_key(&self, key: ChainKey) {
        self.store.give_chain_key(key);
    }

    fn follow(&self) -> Arc<Changes> {
        self.store.follow()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

struct Lent {
    work: OwnedMutexGuard<Box<dyn Work>>,
    unsaved: Option<Arc<AtomicBool>>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(failed) = &self.unsaved {
            failed.store(true, Ordering::Relaxed);
        }
    }
}

macro_rules! lend {
    ($($store:ident: $kind:ident),* $(,)?) => {
        #[async_trait]
        impl Work for Lent {
            $(fn $store(&mut self) -> &mut dyn $kind {
                self.work.$store()
            })*

            async fn save(mut self: Box<Self>) -> Result<(), StoreError> {
                self.unsaved = None;
                Ok(())
            }
        }
    };
}
lend! {
    users: Users,
    invitations: Invitations,
    teams: Teams,
    virtual_accounts: VirtualAccounts,
    external_identities: ExternalIdentities,
    user_identities: UserIdentities,
    servers: Servers,
    grants: Grants,
    overrides: Overrides,
    renewals: Renewals,
    consents: Consents,
    tokens: Tokens,
    login_clients: LoginClients,
    logins: Logins,
    sessions: Sessions,
    audit: Audit,
    calls: Calls,
    trails: Trails,
    settings: Settings,
    sealed_values: SealedValues,
    revocations: Revocations,
    notices: Notices,
}
