//! Seals every secret before a store sees it (B06).
//!
//! Envelope encryption: each value has a fresh data key, wrapped by a versioned master key, both with AES-256-GCM (NIST SP
//! 800-38D; a fresh key and a random 96-bit nonce per value). The associated data names what the value is and whose
//! (`SealContext`), so that a ciphertext copied to another row, server, subject or origin does not open. Rotation re-wraps data
//! keys and leaves the values alone. A key that is not known is looked for in the file again: a rotation may have put it there.
//!
//! Layout of a sealed value: `1 | key id (4) | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext + tag`.

mod file;
mod keys;
mod ring;
mod root;

use std::fmt;
use std::sync::RwLock;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

pub use file::{KeyFile, KeyFileError};
pub use ring::{KeyRing, MasterKey, RingError};
pub use root::Root;

use keys::Keys;

const FORMAT: u8 = 1;
const NONCE: usize = 12;
const KEY: usize = 32;
const TAG: usize = 16;
const WRAPPED: usize = KEY + TAG;
/// Where the value begins, with its nonce.
const VALUE: usize = 1 + 4 + NONCE + WRAPPED;
const HEAD: usize = VALUE + NONCE;

/// A sealed value: all that a store ever sees of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The master key it is wrapped with.
    pub fn key_id(&self) -> Option<u32> {
        self.0
            .get(1..5)
            .and_then(|id| id.try_into().ok())
            .map(u32::from_be_bytes)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// What a value is bound to. Every part counts; each goes in with its length, so that no two contexts read the same.
#[derive(Debug, Clone, Copy)]
pub struct SealContext<'a> {
    /// `override`, `server`, `session`, ...
    pub table: &'a str,
    pub server: &'a str,
    /// `user/…`, or empty for a server's own.
    pub subject: &'a str,
    pub origin: &'a str,
    pub field: &'a str,
}

impl SealContext<'_> {
    fn associated_data(&self, extra: &[u8]) -> Vec<u8> {
        let mut data = vec![FORMAT];
        for part in [self.table, self.server, self.subject, self.origin, self.field] {
            data.extend((part.len() as u64).to_be_bytes());
            data.extend(part.as_bytes());
        }
        data.extend(extra);
        data
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Damaged, copied from elsewhere, or sealed for another origin: fails closed, for this value only.
    #[error("the sealed value does not open")]
    DoesNotOpen,
    /// Its master key is not in the ring.
    #[error("the sealed value needs master key {0}, which is not configured")]
    UnknownKey(u32),
    /// The system gave no random numbers.
    #[error("no random numbers to be had")]
    NoRandomness,
}

/// The master keys, by id. The current one seals; all of them open.
pub struct Seal {
    keys: RwLock<Keys>,
    file: Option<KeyFile>,
    root: Root,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal(current key {})", self.current())
    }
}

impl Seal {
    /// With one key.
    pub fn new(key_id: u32, key: &MasterKey) -> Self {
        Self {
            keys: RwLock::new(Keys::of(key_id, key)),
            file: None,
            root: Root::of_key(key),
        }
    }

    /// `None`: the ring has no such key. `file`: where the ring comes from, to be looked at again.
    pub fn with_ring(ring: &KeyRing, current: u32, file: Option<KeyFile>) -> Option<Self> {
        let seal = Self {
            file,
            ..Self::new(current, ring.get(current)?)
        };
        seal.learn(ring);
        Some(seal)
    }

    /// Keys of other purposes come from this root, and not from the current key.
    #[must_use]
    pub fn with_root(self, root: Root) -> Self {
        Self { root, ..self }
    }

    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// A key for one other purpose, named by `label`; tells nothing about the root or about other labels' keys.
    pub fn derive(&self, label: &str) -> MasterKey {
        self.root.derive(label)
    }

    pub fn seal(&self, context: &SealContext<'_>, plain: &[u8]) -> Result<Sealed, SealError> {
        let id = self.current();
        let data_key: MasterKey = Zeroizing::new(random()?);
        let nonce: [u8; NONCE] = random()?;
        let value = encrypt(
            &Aes256Gcm::new((&*data_key).into()),
            nonce,
            plain,
            &context.associated_data(&[]),
        )?;
        self.wrapped(context, id, &*data_key, &[&nonce[..], &value].concat())
    }

    pub fn open(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let data_key = self.data_key(context, sealed)?;
        let data_key = Aes256Gcm::new_from_slice(&data_key).map_err(|_| SealError::DoesNotOpen)?;
        let (nonce, value) = sealed.as_bytes()[VALUE..].split_at(NONCE);
        decrypt(&data_key, nonce, value, &context.associated_data(&[]))
    }

    /// The same value, its data key wrapped with master key `to`. The value's own bytes stay as they are.
    pub fn rewrap(&self, context: &SealContext<'_>, sealed: &Sealed, to: u32) -> Result<Sealed, SealError> {
        let data_key = self.data_key(context, sealed)?;
        self.wrapped(context, to, &data_key, &sealed.as_bytes()[VALUE..])
    }

    fn data_key(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let bytes = sealed.as_bytes();
        if bytes.len() < HEAD + TAG || bytes[0] != FORMAT {
            return Err(SealError::DoesNotOpen);
        }
        let id = sealed.key_id().ok_or(SealError::DoesNotOpen)?;
        let (nonce, wrapped) = bytes[5..VALUE].split_at(NONCE);
        decrypt(
            &*self.key(id)?,
            nonce,
            wrapped,
            &context.associated_data(&id.to_be_bytes()),
        )
    }

    /// Wraps a data key, and puts it before the value that it opens.
    fn wrapped(&self, context: &SealContext<'_>, id: u32, data_key: &[u8], value: &[u8]) -> Result<Sealed, SealError> {
        let (master, nonce): (_, [u8; NONCE]) = (self.key(id)?, random()?);
        let id = id.to_be_bytes();
        let wrapped = encrypt(&master, nonce, data_key, &context.associated_data(&id))?;
        let mut bytes = Vec::with_capacity(VALUE + value.len());
        bytes.push(FORMAT);
        for part in [&id[..], &nonce, &wrapped, value] {
            bytes.extend_from_slice(part);
        }
        Ok(Sealed(bytes))
    }
}

fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| SealError::NoRandomness)?;
    Ok(bytes)
}

fn encrypt(cipher: &Aes256Gcm, nonce: [u8; NONCE], plain: &[u8], aad: &[u8]) -> Result<Vec<u8>, SealError> {
    cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| SealError::DoesNotOpen)
}

fn decrypt(cipher: &Aes256Gcm, nonce: &[u8], sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| SealError::DoesNotOpen)?;
    cipher
        .decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad })
        .map(Zeroizing::new)
        .map_err(|_| SealError::DoesNotOpen)
}

#[cfg(test)]
mod tests;
