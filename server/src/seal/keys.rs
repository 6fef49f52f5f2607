//! The keys that a process has, and which of them seals. Looked at for each value that is sealed or opened, changed by rotations.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::KeyInit;

use super::{KeyFile, KeyRing, MasterKey, Seal, SealError};

pub(super) struct Keys {
    current: u32,
    /// What the database calls current, if it is not here.
    lacking: Option<u32>,
    by_id: BTreeMap<u32, Arc<Aes256Gcm>>,
}

impl Keys {
    pub fn of(id: u32, key: &MasterKey) -> Self {
        Self {
            current: id,
            lacking: None,
            by_id: BTreeMap::from([(id, cipher(key))]),
        }
    }
}

impl Seal {
    pub fn current(&self) -> u32 {
        self.read(|keys| keys.current)
    }

    pub fn ids(&self) -> Vec<u32> {
        self.read(|keys| keys.by_id.keys().copied().collect())
    }

    /// The key that the database calls current, if it is not here: then much of what is stored does not open.
    pub fn lacking(&self) -> Option<u32> {
        self.read(|keys| keys.lacking)
    }

    /// From now on this key seals.
    pub fn make_current(&self, id: u32) -> Result<(), SealError> {
        self.key(id)?;
        self.write(|keys| (keys.current, keys.lacking) = (id, None));
        Ok(())
    }

    /// The database's current key is not here. New values go on being wrapped with the one before: whoever has the ring opens both.
    pub fn lack(&self, id: u32) {
        self.write(|keys| keys.lacking = Some(id));
    }

    /// The file that keys may be put into.
    pub const fn file(&self) -> Option<&KeyFile> {
        self.file.as_ref()
    }

    /// Adds the keys that are new; a key that is here already stays what it is.
    pub fn learn(&self, ring: &KeyRing) {
        self.write(|keys| {
            for (id, key) in ring.iter() {
                keys.by_id.entry(id).or_insert_with(|| cipher(key));
            }
        });
    }

    pub(super) fn key(&self, id: u32) -> Result<Arc<Aes256Gcm>, SealError> {
        let get = || self.read(|keys| keys.by_id.get(&id).cloned());
        let look_again = || {
            self.file.as_ref()?.changed(|ring| self.learn(&ring));
            get()
        };
        get().or_else(look_again).ok_or(SealError::UnknownKey(id))
    }

    fn read<T>(&self, look: impl FnOnce(&Keys) -> T) -> T {
        look(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Keys) -> T) -> T {
        change(&mut self.keys.write().unwrap_or_else(PoisonError::into_inner))
    }
}

fn cipher(key: &MasterKey) -> Arc<Aes256Gcm> {
    Arc::new(Aes256Gcm::new((&**key).into()))
}
