//! Seals every secret before a store sees it (B06).
//!
//! Envelope encryption: each value has a fresh data key, wrapped by a versioned master key, both with AES-256-GCM (NIST SP
//! 800-38D; a fresh key and a random 96-bit nonce per value). The associated data names what the value is and whose
//! (`SealContext`), so that a ciphertext copied to another row, server, subject or origin does not open. Rotation re-wraps data
//! keys and leaves the values alone.
//!
//! Layout of a sealed value: `1 | key id (4) | nonce (12) | wrapped data key (48) | nonce (12) | ciphertext + tag`.

use std::collections::BTreeMap;
use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::Sha256;
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const NONCE: usize = 12;
const KEY: usize = 32;
const TAG: usize = 16;
const WRAPPED: usize = KEY + TAG;
const HEAD: usize = 1 + 4 + NONCE + WRAPPED + NONCE;

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
    current: u32,
    keys: BTreeMap<u32, Aes256Gcm>,
    /// HKDF's extracted key of the current master key (RFC 5869), for keys of other purposes.
    root: Hkdf<Sha256>,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal(current key {})", self.current)
    }
}

/// 32 bytes, wiped when dropped.
pub type MasterKey = Zeroizing<[u8; KEY]>;

impl Seal {
    pub fn new(key_id: u32, key: &MasterKey) -> Self {
        let cipher = Aes256Gcm::new((&**key).into());
        Self {
            current: key_id,
            keys: BTreeMap::from([(key_id, cipher)]),
            root: Hkdf::new(None, &**key),
        }
    }

    /// A key for one other purpose, named by `label`; tells nothing about the master key or about other labels' keys.
    pub fn derive(&self, label: &str) -> MasterKey {
        let mut key: MasterKey = Zeroizing::new([0; KEY]);
        // Fails only for more output than 255 hashes.
        self.root.expand(label.as_bytes(), &mut *key).unwrap_or_default();
        key
    }

    pub fn seal(&self, context: &SealContext<'_>, plain: &[u8]) -> Result<Sealed, SealError> {
        let master = self
            .keys
            .get(&self.current)
            .ok_or(SealError::UnknownKey(self.current))?;
        let id = self.current.to_be_bytes();
        let data_key: MasterKey = Zeroizing::new(random()?);
        let (wrap_nonce, nonce): ([u8; NONCE], [u8; NONCE]) = (random()?, random()?);
        let wrapped = encrypt(master, wrap_nonce, &*data_key, &context.associated_data(&id))?;
        let value = encrypt(
            &Aes256Gcm::new((&*data_key).into()),
            nonce,
            plain,
            &context.associated_data(&[]),
        )?;
        let mut bytes = Vec::with_capacity(HEAD + value.len());
        bytes.push(FORMAT);
        for part in [&id[..], &wrap_nonce, &wrapped, &nonce, &value] {
            bytes.extend_from_slice(part);
        }
        Ok(Sealed(bytes))
    }

    pub fn open(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let bytes = sealed.as_bytes();
        if bytes.len() < HEAD + TAG || bytes[0] != FORMAT {
            return Err(SealError::DoesNotOpen);
        }
        let id = sealed.key_id().ok_or(SealError::DoesNotOpen)?;
        let master = self.keys.get(&id).ok_or(SealError::UnknownKey(id))?;
        let (head, value) = bytes.split_at(HEAD);
        let (wrap_nonce, rest) = head[5..].split_at(NONCE);
        let (wrapped, nonce) = rest.split_at(WRAPPED);
        let data_key = decrypt(master, wrap_nonce, wrapped, &context.associated_data(&id.to_be_bytes()))?;
        let data_key = Aes256Gcm::new_from_slice(&data_key).map_err(|_| SealError::DoesNotOpen)?;
        decrypt(&data_key, nonce, value, &context.associated_data(&[]))
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTEXT: SealContext<'_> = SealContext {
        table: "override",
        server: "s1",
        subject: "user/bob",
        origin: "https://a.example",
        field: "manual",
    };

    fn seal() -> Seal {
        Seal::new(1, &Zeroizing::new([7; KEY]))
    }

    #[test]
    fn b06_opens_only_where_it_was_sealed() {
        let sealed = seal().seal(&CONTEXT, b"sk-abc123").unwrap();
        assert_eq!(&*seal().open(&CONTEXT, &sealed).unwrap().to_vec(), b"sk-abc123");
        for elsewhere in [
            SealContext {
                table: "server",
                ..CONTEXT
            },
            SealContext {
                server: "s2",
                ..CONTEXT
            },
            SealContext {
                subject: "user/eve",
                ..CONTEXT
            },
            SealContext {
                origin: "https://b.example",
                ..CONTEXT
            },
            SealContext {
                field: "oauth",
                ..CONTEXT
            },
            SealContext {
                server: "s1u",
                subject: "ser/bob",
                ..CONTEXT
            },
        ] {
            assert_eq!(
                seal().open(&elsewhere, &sealed),
                Err(SealError::DoesNotOpen),
                "{elsewhere:?}"
            );
        }
    }

    #[test]
    fn b06_another_master_key_opens_nothing() {
        let sealed = seal().seal(&CONTEXT, b"x").unwrap();
        assert_eq!(
            Seal::new(1, &Zeroizing::new([8; KEY])).open(&CONTEXT, &sealed),
            Err(SealError::DoesNotOpen)
        );
        assert_eq!(
            Seal::new(2, &Zeroizing::new([7; KEY])).open(&CONTEXT, &sealed),
            Err(SealError::UnknownKey(1))
        );
    }

    #[test]
    fn every_seal_is_fresh() {
        assert_ne!(
            seal().seal(&CONTEXT, b"x").unwrap(),
            seal().seal(&CONTEXT, b"x").unwrap()
        );
    }

    proptest! {
        #[test]
        fn h2_any_flipped_bit_fails_closed(plain in proptest::collection::vec(any::<u8>(), 0..60), place in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut bytes = seal().seal(&CONTEXT, &plain).unwrap().as_bytes().to_vec();
            let index = place.index(bytes.len());
            bytes[index] ^= 1 << bit;
            prop_assert!(seal().open(&CONTEXT, &Sealed::from_bytes(bytes)).is_err());
        }

        #[test]
        fn h2_cut_or_random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(seal().open(&CONTEXT, &Sealed::from_bytes(bytes)).is_err());
        }
    }
}
