//! The master keys as an operator gives them: one key in base64, which then is key 1, or entries `id:base64`.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use rand::TryRngCore;
use rand::rngs::OsRng;
use zeroize::Zeroizing;

use super::SealError;

/// 32 bytes, wiped when dropped.
pub type MasterKey = Zeroizing<[u8; 32]>;

/// The id of a key that stands there without one.
const FIRST: u32 = 1;

/// At least one key, by id.
#[derive(Clone)]
pub struct KeyRing(BTreeMap<u32, MasterKey>);

/// Names the place, never the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    #[error(
        "there is no key: it should hold 32 bytes in base64 (openssl rand -base64 32 makes one), or entries such as 2:<base64>"
    )]
    Empty,
    #[error("{}", not_a_key(*.0))]
    NotAKey(usize),
    #[error("entry {0} has no id before it: of several keys each is written as id:base64, such as 2:<base64>")]
    NoId(usize),
    #[error("the id of entry {0} is not a number from 1 to 4294967295")]
    BadId(usize),
    #[error("key {0} is there twice")]
    Twice(u32),
    #[error("key {1} is the same as key {0}")]
    Same(u32, u32),
}

fn not_a_key(entry: usize) -> String {
    format!("entry {entry} is not 32 bytes in base64 (openssl rand -base64 32 makes one)")
}

impl KeyRing {
    pub fn of(key: MasterKey) -> Self {
        Self(BTreeMap::from([(FIRST, key)]))
    }

    /// Entries are separated by white space or commas.
    pub fn parse(text: &Secret) -> Result<Self, RingError> {
        let text = text.expose();
        let entries: Vec<&str> = text
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|entry| !entry.is_empty())
            .collect();
        if let [only] = entries[..]
            && !only.contains(':')
        {
            return decoded(only).map(Self::of).ok_or(RingError::NotAKey(1));
        }
        let mut keys = BTreeMap::new();
        for (number, entry) in (1..).zip(entries) {
            let (id, key) = entry.split_once(':').ok_or(RingError::NoId(number))?;
            let id = id.parse().ok().filter(|id| *id > 0).ok_or(RingError::BadId(number))?;
            let key = decoded(key).ok_or(RingError::NotAKey(number))?;
            if let Some((same, _)) = keys.iter().find(|(other, known)| **other != id && **known == key) {
                return Err(RingError::Same(*same, id));
            }
            if keys.insert(id, key).is_some() {
                return Err(RingError::Twice(id));
            }
        }
        if keys.is_empty() {
            Err(RingError::Empty)
        } else {
            Ok(Self(keys))
        }
    }

    /// As `parse` reads it: an entry a line.
    pub fn text(&self) -> Secret {
        let mut text = Zeroizing::new(String::new());
        for (id, key) in self.iter() {
            let key = Zeroizing::new(STANDARD.encode(**key));
            // Writing into a text does not fail.
            let _ = writeln!(text, "{id}:{}", *key);
        }
        Secret::new(&**text)
    }

    pub fn get(&self, id: u32) -> Option<&MasterKey> {
        self.0.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &MasterKey)> {
        self.0.iter().map(|(id, key)| (*id, key))
    }

    /// The key with the highest id.
    pub fn newest(&self) -> u32 {
        self.0.keys().next_back().copied().unwrap_or(FIRST)
    }

    /// A random one, which then is the newest.
    pub fn add(&mut self) -> Result<(), SealError> {
        self.0.insert(self.newest().saturating_add(1), new_key()?);
        Ok(())
    }
}

pub fn new_key() -> Result<MasterKey, SealError> {
    let mut key: MasterKey = Zeroizing::new([0; 32]);
    OsRng.try_fill_bytes(&mut *key).map_err(|_| SealError::NoRandomness)?;
    Ok(key)
}

fn decoded(text: &str) -> Option<MasterKey> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    fn parse(text: &str) -> Result<Vec<u32>, RingError> {
        KeyRing::parse(&Secret::new(text)).map(|ring| ring.iter().map(|(id, _)| id).collect())
    }

    #[test]
    fn b06_one_bare_key_is_key_1_and_several_have_ids() {
        let (a, b) = (key(1), key(2));
        assert_eq!(parse(&format!(" {a}\n")), Ok(vec![1]));
        assert_eq!(parse(&format!("7:{a}")), Ok(vec![7]));
        for ring in [
            format!("1:{a}\n2:{b}\n"),
            format!("2:{b},1:{a}"),
            format!("\t1:{a} , 2:{b}"),
        ] {
            assert_eq!(parse(&ring), Ok(vec![1, 2]));
        }
        let ring = KeyRing::parse(&Secret::new(format!("9:{a},3:{b}"))).unwrap();
        assert_eq!((ring.newest(), parse(ring.text().expose())), (9, Ok(vec![3, 9])));
        assert_eq!(**KeyRing::parse(&ring.text()).unwrap().get(3).unwrap(), [2; 32]);
    }

    #[test]
    fn b06_a_bad_ring_is_told_by_place_and_never_by_key() {
        let (a, b) = (key(1), key(2));
        for (text, error) in [
            (String::new(), RingError::Empty),
            (" ,\n".to_owned(), RingError::Empty),
            ("c2hvcnQ=".to_owned(), RingError::NotAKey(1)),
            (format!("1:{a} 2:c2hvcnQ="), RingError::NotAKey(2)),
            (format!("1:{a} 2:{b}x"), RingError::NotAKey(2)),
            (format!("{a} 2:{b}"), RingError::NoId(1)),
            (format!("1:{a} {b}"), RingError::NoId(2)),
            (format!("0:{a}"), RingError::BadId(1)),
            (format!("new:{a}"), RingError::BadId(1)),
            (format!("4294967296:{a}"), RingError::BadId(1)),
            (format!("1:{a} 1:{b}"), RingError::Twice(1)),
            (format!("1:{a} 1:{a}"), RingError::Twice(1)),
            (format!("1:{a} 2:{a}"), RingError::Same(1, 2)),
        ] {
            assert_eq!(parse(&text), Err(error.clone()), "{text}");
            let told = error.to_string();
            assert!(
                !told.contains(&a[..8]) && !told.contains(&b[..8]) && !told.contains("c2hv"),
                "{told}"
            );
        }
    }
}
