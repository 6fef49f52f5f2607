//! Gateway tokens, as pages show them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ui::time::Moment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    pub id: String,
    pub name: String,
    /// Its first characters.
    pub hint: String,
    pub created: Moment,
    pub expires: Option<Moment>,
    pub expired: bool,
    /// Another one took its place; it works until it expires.
    pub replaced: bool,
    pub last_used: Option<Moment>,
}

/// A token just made: the only time its value is to be had.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedToken {
    pub name: String,
    pub value: String,
}

impl fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedToken")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
