//! Names for credentials that tell nothing of them: a session opened with one is not continued with another.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::header::HeaderName;
use domain::secret::Secret;
use sha2::{Digest, Sha256};

use crate::store::OverrideRow;

/// Of tokens it is the consent, which renewals keep.
pub fn of_override(row: &OverrideRow) -> String {
    match &row.consent {
        Some(consent) => format!("own:{}:{}", row.id, consent.id),
        None => format!("own:{}:{}", row.id, row.version),
    }
}

/// A hash of shared headers: changes when they do.
pub fn of_headers(headers: &[(HeaderName, Secret)]) -> String {
    let mut hash = Sha256::new();
    for (name, value) in headers {
        for part in [name.lower().as_str(), value.expose()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}
