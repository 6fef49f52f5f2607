//! Tokens whose signature was checked: the same token, held against the same keys, is signed the next time, too. Checking costs more
//! than the rest of a warm call.

use std::sync::Arc;

use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::keys::KeySet;
use super::token::Token;

const MOST: usize = 32_768;

/// By the token's digest, the keys. Keys that are asked for anew are others, whatever is in them.
pub struct Signed(Cache<[u8; 32], KeySet>);

impl Default for Signed {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Signed {
    /// `check` says it of what was not checked yet.
    pub fn is(&self, token: &Token<'_>, keys: &KeySet, check: impl FnOnce() -> bool) -> bool {
        let digest = Sha256::new().chain_update(token.message).chain_update(".");
        let digest = digest.chain_update(&token.signature).finalize().into();
        let known = self.0.get(&digest).is_some_and(|known| Arc::ptr_eq(&known, keys));
        if known {
            return true;
        }
        let signed = check();
        if signed {
            self.0.insert(digest, keys.clone());
        }
        signed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::token::parse;

    const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2ln";

    fn keys() -> KeySet {
        Arc::new(serde_json::from_str(r#"{"keys": []}"#).unwrap())
    }

    #[test]
    fn a6_a_signature_is_checked_once_for_each_token_and_set_of_keys() {
        let (signed, one, other) = (Signed::default(), keys(), keys());
        let never = || panic!("it was checked before");
        assert!(!signed.is(&parse(TOKEN).unwrap(), &one, || false));
        assert!(
            signed.is(&parse(TOKEN).unwrap(), &one, || true),
            "a refusal is not kept"
        );
        assert!(signed.is(&parse(TOKEN).unwrap(), &one, never));
        assert!(!signed.is(&parse(TOKEN).unwrap(), &other, || false));
        for changed in [TOKEN.replace("c2ln", "c2lu"), TOKEN.replace("e30", "e30K")] {
            assert!(!signed.is(&parse(&changed).unwrap(), &one, || false), "{changed}");
        }
    }
}
