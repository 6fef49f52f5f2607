//! Short texts that a client keeps for us and brings back: AES-256-GCM under a key of their own, derived from the root.
//!
//! What a text is bound to is associated data: it opens only with the same parts in the same order. Any replica can open it, also
//! after a rotation of the master key.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::seal::Seal;

const NONCE: usize = 12;

pub struct SealedText(Aes256Gcm);

impl SealedText {
    pub fn new(seal: &Seal, label: &str) -> Self {
        Self(Aes256Gcm::new((&*seal.derive(label)).into()))
    }

    /// In base64url. `None` when the system gives no random numbers.
    pub fn seal(&self, bound_to: &[&str], plain: &str) -> Option<String> {
        let mut nonce = [0u8; NONCE];
        OsRng.try_fill_bytes(&mut nonce).ok()?;
        let payload = Payload {
            msg: plain.as_bytes(),
            aad: &associated_data(bound_to),
        };
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload).ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// `None` for anything that was not sealed here for exactly this: foreign, old and made-up texts look alike.
    pub fn open(&self, bound_to: &[&str], sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload {
            msg: sealed,
            aad: &associated_data(bound_to),
        };
        let plain = self.0.decrypt(&Nonce::from(*nonce), payload).ok()?;
        String::from_utf8(plain).ok()
    }
}

/// Each part with its length before it, so that no two lists read the same.
fn associated_data(parts: &[&str]) -> Vec<u8> {
    let mut data = Vec::new();
    for part in parts {
        data.extend((part.len() as u64).to_be_bytes());
        data.extend(part.as_bytes());
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn a_text_opens_only_with_what_it_was_bound_to() {
        let seal = Seal::new(1, &Zeroizing::new([7; 32]));
        let texts = SealedText::new(&seal, "one purpose");
        let sealed = texts.seal(&["a", "bc"], "plain").unwrap();
        assert!(!sealed.contains("plain"));
        assert_eq!(texts.open(&["a", "bc"], &sealed).as_deref(), Some("plain"));
        for other in [&["ab", "c"][..], &["bc", "a"], &["a"], &["a", "bc", ""], &[]] {
            assert_eq!(texts.open(other, &sealed), None, "{other:?}");
        }
        assert_eq!(
            SealedText::new(&seal, "another").open(&["a", "bc"], &sealed),
            None,
            "keys of other purposes"
        );
        assert_ne!(texts.seal(&["a", "bc"], "plain").unwrap(), sealed);
    }

    #[test]
    fn damaged_and_made_up_texts_do_not_open() {
        let texts = SealedText::new(&Seal::new(1, &Zeroizing::new([7; 32])), "purpose");
        let sealed = texts.seal(&[], "plain").unwrap();
        for at in 0..sealed.len() {
            let other = if sealed.as_bytes()[at] == b'A' { "B" } else { "A" };
            let damaged = format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]);
            assert_eq!(texts.open(&[], &damaged), None, "{at}");
        }
        for bad in ["", "plain", "!!", &sealed[..sealed.len() - 4]] {
            assert_eq!(texts.open(&[], bad), None, "{bad}");
        }
    }
}
