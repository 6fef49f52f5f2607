//! Keys for other purposes than sealing (session ids, request states) come from a root of their own, which is sealed like every
//! other secret: it stays when the master key goes.

use hkdf::Hkdf;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{MasterKey, SealError};

/// HKDF's extracted key (RFC 5869): what it was extracted from cannot be computed from it.
#[derive(Clone)]
pub struct Root(MasterKey);

impl Root {
    pub fn random() -> Result<Self, SealError> {
        let mut root: MasterKey = Zeroizing::new([0; 32]);
        OsRng.try_fill_bytes(&mut *root).map_err(|_| SealError::NoRandomness)?;
        Ok(Self(root))
    }

    pub fn of_key(key: &MasterKey) -> Self {
        let (root, _) = Hkdf::<Sha256>::extract(None, &**key);
        Self(Zeroizing::new(root.into()))
    }

    /// As `as_bytes` gave it.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Zeroizing::new).map(Self)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &*self.0
    }

    pub fn derive(&self, label: &str) -> MasterKey {
        let mut key: MasterKey = Zeroizing::new([0; 32]);
        // Fails only for a root of another size, and for more output than 255 hashes.
        if let Ok(root) = Hkdf::<Sha256>::from_prk(&*self.0) {
            root.expand(label.as_bytes(), &mut *key).unwrap_or_default();
        }
        key
    }
}
