//! How an entry of a trail is tied to the one before: HMAC-SHA-256 over the name of the chain, the entry's place, the hash before
//! and everything the entry says (B07).
//!
//! Invariant: without the key no entry can be changed, moved, put in or taken out so that the chain still fits. What no chain can
//! notice by itself is that its newest entries are missing together with their mention in `chains`: that takes a hash noted
//! elsewhere, which is why the log tells the newest now and then.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

pub const HASH: usize = 32;
/// What comes before the first entry.
pub const GENESIS: [u8; HASH] = [0; HASH];
/// Bytes that most entries need at most.
const USUAL: usize = 512;
const ENTRY: &str = "overkey trail entry v1";
const ANCHOR: &str = "overkey trail anchor v1";

/// The two trails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trail {
    /// Who changed what.
    Changes,
    /// Who called which server, with which credential.
    Calls,
}

impl Trail {
    pub const ALL: [Self; 2] = [Self::Changes, Self::Calls];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Calls => "calls",
        }
    }
}

/// Ties entries; 32 bytes, wiped when dropped, and never shown.
#[derive(Clone)]
pub struct ChainKey(Zeroizing<[u8; HASH]>);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

impl ChainKey {
    pub const fn new(key: Zeroizing<[u8; HASH]>) -> Self {
        Self(key)
    }

    /// The hash of the entry at `seq`, which follows one with the hash `before`.
    pub fn link(&self, trail: Trail, seq: i64, before: &[u8], content: &Content) -> [u8; HASH] {
        let place = seq.to_be_bytes();
        self.mac(&[ENTRY.as_bytes(), trail.as_str().as_bytes(), &place, before, &content.0])
    }

    /// Proves that the entries up to `seq` were removed by the program.
    pub fn anchor(&self, trail: Trail, seq: i64, hash: &[u8]) -> [u8; HASH] {
        self.mac(&[ANCHOR.as_bytes(), trail.as_str().as_bytes(), &seq.to_be_bytes(), hash])
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; HASH] {
        // HMAC takes keys of any length; this cannot fail.
        let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(&*self.0) else {
            return GENESIS;
        };
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// All that an entry says, in one order; each field with its kind and its length, so that no two entries read the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(Vec<u8>);

impl Default for Content {
    fn default() -> Self {
        Self(Vec::with_capacity(USUAL))
    }
}

impl Content {
    pub(super) fn text(mut self, text: &str) -> Self {
        self.0.push(b't');
        self.0.extend((text.len() as u64).to_be_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    pub(super) fn maybe(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => {
                self.0.push(b'-');
                self
            }
        }
    }

    pub(super) fn number(mut self, number: i64) -> Self {
        self.0.push(b'n');
        self.0.extend(number.to_be_bytes());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> ChainKey {
        ChainKey::new(Zeroizing::new([byte; HASH]))
    }

    #[test]
    fn b07_everything_counts() {
        let content = Content::default().text("ab").maybe(None).number(1);
        let link = key(1).link(Trail::Changes, 7, &GENESIS, &content);
        assert_eq!(link, key(1).link(Trail::Changes, 7, &GENESIS, &content));
        for other in [
            key(2).link(Trail::Changes, 7, &GENESIS, &content),
            key(1).link(Trail::Calls, 7, &GENESIS, &content),
            key(1).link(Trail::Changes, 8, &GENESIS, &content),
            key(1).link(Trail::Changes, 7, &link, &content),
            key(1).link(Trail::Changes, 7, &GENESIS, &content.maybe(None)),
            key(1).anchor(Trail::Changes, 7, &GENESIS),
        ] {
            assert_ne!(link, other);
        }
        assert_eq!(format!("{:?}", key(7)), "ChainKey(…)");
    }

    proptest! {
        #[test]
        fn b07_what_differs_reads_differently(one in proptest::collection::vec(proptest::option::of("[a-c]{0,3}"), 3), other in proptest::collection::vec(proptest::option::of("[a-c]{0,3}"), 3)) {
            let content = |texts: &[Option<String>]| texts.iter().fold(Content::default(), |content, text| content.maybe(text.as_deref()));
            prop_assert_eq!(content(&one) == content(&other), one == other);
        }
    }
}
