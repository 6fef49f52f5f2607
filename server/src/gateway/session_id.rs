//! Session ids are sealed, not stored: the client holds `AEAD(upstream's id)` bound to server, subject and credential.
//!
//! So a session cannot be used by another subject, on another server, or after the credential changed, and any replica can serve
//! it without shared state. The key is derived from the master key; a rotation makes clients initialise again.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore;
use rand::rngs::OsRng;

use super::credential::Binding;
use crate::seal::Seal;

const NONCE: usize = 12;
const LABEL: &str = "overkey gateway session ids v1";

pub struct SessionIds(Aes256Gcm);

impl SessionIds {
    pub fn new(seal: &Seal) -> Self {
        Self(Aes256Gcm::new((&*seal.derive(LABEL)).into()))
    }

    /// `None` when the system gives no random numbers.
    pub fn seal(&self, binding: &Binding, purpose: &str, plain: &str) -> Option<String> {
        let mut nonce = [0u8; NONCE];
        OsRng.try_fill_bytes(&mut nonce).ok()?;
        let aad = associated_data(binding, purpose);
        let sealed = self
            .0
            .encrypt(
                &Nonce::from(nonce),
                Payload {
                    msg: plain.as_bytes(),
                    aad: &aad,
                },
            )
            .ok()?;
        Some(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// `None` for anything that was not sealed for exactly this binding: foreign, old and made-up ids look alike (D9).
    pub fn open(&self, binding: &Binding, purpose: &str, sealed: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let aad = associated_data(binding, purpose);
        let plain = self
            .0
            .decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &aad })
            .ok()?;
        String::from_utf8(plain).ok()
    }
}

fn associated_data(binding: &Binding, purpose: &str) -> Vec<u8> {
    let mut data = Vec::new();
    for part in [purpose, &binding.server, &binding.subject, &binding.identity] {
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
    fn d9_a_session_belongs_to_one_server_subject_and_credential() {
        let ids = SessionIds::new(&Seal::new(1, &Zeroizing::new([7; 32])));
        let binding = Binding {
            server: "s".into(),
            subject: "user/bob".into(),
            identity: "own:1:1".into(),
        };
        let sealed = ids.seal(&binding, "session", "upstream-id").unwrap();
        assert!(!sealed.contains("upstream-id"));
        assert_eq!(ids.open(&binding, "session", &sealed).as_deref(), Some("upstream-id"));
        for other in [
            Binding {
                server: "t".into(),
                ..binding.clone()
            },
            Binding {
                subject: "user/eve".into(),
                ..binding.clone()
            },
            Binding {
                identity: "own:1:2".into(),
                ..binding.clone()
            },
        ] {
            assert_eq!(ids.open(&other, "session", &sealed), None, "{other:?}");
        }
        assert_eq!(ids.open(&binding, "endpoint", &sealed), None);
        assert_eq!(ids.open(&binding, "session", "upstream-id"), None);
    }
}
