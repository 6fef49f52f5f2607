//! Names a credential without telling it: for the audit trail, where one has to see which credential a call carried (B07).
//!
//! HMAC-SHA-256 with a key that only this installation has, cut to 64 bits. Without the key nobody can try guesses on a fingerprint,
//! however few there are; with the program, a guess has to be stored as a credential first, and an override's version goes in,
//! so that even the right one would look different.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

const BYTES: usize = 8;

#[derive(Clone)]
pub struct FingerprintKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

impl FingerprintKey {
    pub const fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// Sixteen hexadecimal digits. `of` says what it belongs to: the same value elsewhere has another fingerprint.
    pub fn of(&self, of: &[&str], values: &[(&str, &[u8])]) -> String {
        // HMAC takes keys of any length; this cannot fail.
        let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(&*self.0) else {
            return String::new();
        };
        let mut add = |part: &[u8]| {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        };
        add(of.len().to_string().as_bytes());
        of.iter().for_each(|part| add(part.as_bytes()));
        for (name, value) in values {
            add(name.as_bytes());
            add(value);
        }
        let whole = mac.finalize().into_bytes();
        whole.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    fn key(byte: u8) -> FingerprintKey {
        FingerprintKey::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn b07_one_credential_has_one_fingerprint_and_no_other() {
        let (one, other) = (b"1234".as_slice(), b"1235".as_slice());
        let told = key(1).of(&["notes", "user/bob", "own:1:1"], &[("authorization", one)]);
        assert_eq!(told.len(), 16);
        assert_eq!(
            told,
            key(1).of(&["notes", "user/bob", "own:1:1"], &[("authorization", one)])
        );
        for different in [
            key(2).of(&["notes", "user/bob", "own:1:1"], &[("authorization", one)]),
            key(1).of(&["notes", "user/eve", "own:1:1"], &[("authorization", one)]),
            key(1).of(&["notes", "user/bob", "own:1:2"], &[("authorization", one)]),
            key(1).of(&["notes", "user/bob", "own:1:1"], &[("authorization", other)]),
            key(1).of(&["notes", "user/bob", "own:1:1"], &[("x-key", one)]),
        ] {
            assert_ne!(told, different);
        }
    }

    #[test]
    fn b07_h5_without_the_key_a_guess_proves_nothing() {
        let told = key(1).of(&[], &[("authorization", b"1234")]);
        for guess in ["1234", "authorization1234", "Bearer 1234"] {
            assert!(!format!("{:x}", Sha256::digest(guess)).contains(&told));
        }
    }
}
