//! The trail's own keys: made once for an installation and sealed like every other secret, so that the chain and the fingerprints
//! outlive a rotation of the master key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::timestamp::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::{Event, record_own};
use crate::seal::{MasterKey, Root, Seal, SealContext, Sealed};
use crate::services::ServiceError;
use crate::services::fingerprint::FingerprintKey;
use crate::store::{ChainKey, Store, Work};

pub const AUDIT_KEY: &str = "audit_key";
const CONTEXT: SealContext<'_> = SealContext {
    table: "settings",
    server: "",
    subject: "",
    origin: "",
    field: AUDIT_KEY,
};
const CHAIN: &str = "overkey trail chain v1";
const FINGERPRINTS: &str = "overkey credential fingerprints v1";

#[derive(Debug, Clone)]
pub struct AuditKeys {
    pub chain: ChainKey,
    pub fingerprint: FingerprintKey,
}

impl AuditKeys {
    /// Opens the keys and gives the store its own. The first start makes them, and links what was written before.
    pub async fn open(store: &dyn Store, seal: &Seal, now: Timestamp) -> Result<Self, ServiceError> {
        let mut work = store.begin().await?;
        let (root, is_new) = root(work.as_mut(), seal).await?;
        let derive = Root::of_key(&root);
        let keys = Self {
            chain: ChainKey::new(derive.derive(CHAIN)),
            fingerprint: FingerprintKey::new(derive.derive(FINGERPRINTS)),
        };
        store.give_chain_key(keys.chain.clone());
        if is_new {
            let earlier = work.audit().adopt().await?;
            let event = Event::new("audit.began").detail(&[("earlier_entries", &earlier.to_string())]);
            record_own(work.as_mut(), now, event).await?;
        }
        work.save().await?;
        Ok(keys)
    }
}

/// The key that the others come from; true when it was made just now.
async fn root(work: &mut dyn Work, seal: &Seal) -> Result<(MasterKey, bool), ServiceError> {
    if let Some(stored) = work.settings().get(AUDIT_KEY).await? {
        return Ok((unsealed(seal, &stored)?, false));
    }
    let mut key: MasterKey = Zeroizing::new([0; 32]);
    OsRng
        .try_fill_bytes(&mut *key)
        .map_err(|error| ServiceError::Internal(error.into()))?;
    let sealed = STANDARD.encode(seal.seal(&CONTEXT, &*key)?.as_bytes());
    if work.settings().set_if_absent(AUDIT_KEY, &sealed).await? {
        return Ok((key, true));
    }
    // Another replica was first: its key counts.
    let stored = work.settings().get(AUDIT_KEY).await?.unwrap_or_default();
    Ok((unsealed(seal, &stored)?, false))
}

fn unsealed(seal: &Seal, stored: &str) -> Result<MasterKey, ServiceError> {
    let damaged = || ServiceError::Internal(anyhow::anyhow!("the setting {AUDIT_KEY} is damaged"));
    let sealed = STANDARD.decode(stored).map_err(|_| damaged())?;
    let opened = seal.open(&CONTEXT, &Sealed::from_bytes(sealed))?;
    let key: [u8; 32] = opened.as_slice().try_into().map_err(|_| damaged())?;
    Ok(Zeroizing::new(key))
}
