//! A secret on its way in. Server functions derive `Debug` for their arguments; this one prints nothing.

use std::fmt;

use domain::secret::Secret;
use serde::{Deserialize, Serialize};

/// Serialises only because a form is sent by serialising it: from the browser to the server, never back.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretInput(String);

impl SecretInput {
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    pub fn into_secret(self) -> Secret {
        Secret::new(self.0)
    }
}

impl fmt::Debug for SecretInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretInput(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s08_debug_shows_nothing() {
        let input: SecretInput = serde_json::from_str("\"sk-canary\"").unwrap();
        assert_eq!(format!("{input:?}"), "SecretInput(…)");
        assert_eq!(input.into_secret().expose(), "sk-canary");
    }
}
