//! What is wrong with one field of what somebody typed: the same shape in a form and in the REST API.

use serde::{Deserialize, Serialize};

/// `field` is the name the caller used (`name`, `outbound_auth.headers.Authorization`, `credentials.API_KEY`); `message` is a
/// sentence that says what to do. Neither ever holds what was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}
