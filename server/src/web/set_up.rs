//! The one-time link that makes the first admin when nobody is there yet (ASVS 6.3.2, 6.4.1: no default account).

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::secret::Secret;
use rand::TryRngCore;
use rand::rngs::OsRng;
use subtle::ConstantTimeEq;

/// Good until used or until the process ends; a restart prints another.
#[derive(Clone, Default)]
pub struct SetUpLink(Arc<Mutex<Option<Secret>>>);

impl SetUpLink {
    /// Makes the token of a new link.
    pub fn make(&self) -> anyhow::Result<Secret> {
        let mut bytes = [0u8; 32];
        OsRng.try_fill_bytes(&mut bytes)?;
        let token = Secret::new(URL_SAFE_NO_PAD.encode(bytes));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
        Ok(token)
    }

    pub fn fits(&self, token: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .is_some_and(|known| known.expose().as_bytes().ct_eq(token.as_bytes()).into())
    }

    pub fn used(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fits_once() {
        let link = SetUpLink::default();
        assert!(!link.fits(""));
        let token = link.make().unwrap();
        assert!(link.fits(token.expose()) && !link.fits("other"));
        link.used();
        assert!(!link.fits(token.expose()));
    }
}
