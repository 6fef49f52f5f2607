//! Why a use case did not happen. REST maps it to problem+json, the pages to `UiError`: each variant by name.

use domain::field::FieldError;
use domain::role::Refusal;

use crate::password::PasswordError;
use crate::seal::SealError;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// No such thing, or not yours to see (D11): 404.
    #[error("there is no such thing, or it is not yours to see")]
    NotFound,
    /// 403.
    #[error("you are not allowed to do this")]
    Forbidden,
    /// Well-formed, but this server's outbound auth takes no overrides: 422. The text says why.
    #[error("{0}")]
    Unsupported(&'static str),
    /// 422, with what to correct where.
    #[error("some fields need another value")]
    Invalid(Vec<FieldError>),
    /// 409: it is there already. The text says what to do.
    #[error("{0}")]
    Conflict(String),
    /// 409: what was previewed has changed since (D07).
    #[error("the server or its overrides changed meanwhile; look at the preview again")]
    Stale,
    /// 409: the server or the override changed while a credential was tried; what came of it does not count.
    #[error("this changed while the credential was tried, so nothing was stored; try again")]
    Overtaken,
    /// Too many tries: 429, and how many seconds to wait.
    #[error("too many tries; wait {0} seconds")]
    Limited(u64),
    /// Too many people's passwords are being looked at already: 503.
    #[error("too many passwords are being looked at; try again in a few seconds")]
    Busy,
    /// 503. The inner text is for the log.
    #[error("the database is not available")]
    Unavailable(#[source] StoreError),
    /// 500. The inner text is for the log.
    #[error("something failed on our side")]
    Internal(#[source] anyhow::Error),
}

impl ServiceError {
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict("It is there already.".to_owned()),
            StoreError::Dangling => Self::NotFound,
            StoreError::BadCursor => {
                Self::invalid("cursor", "This is not a cursor of this list. Start at its first page.")
            }
            StoreError::Unavailable(_) => Self::Unavailable(error),
            StoreError::Broken(_) => Self::Internal(error.into()),
        }
    }
}

impl From<PasswordError> for ServiceError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            error => Self::Internal(error.into()),
        }
    }
}

impl From<SealError> for ServiceError {
    fn from(error: SealError) -> Self {
        Self::Internal(error.into())
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotVisible => Self::NotFound,
            Refusal::Forbidden => Self::Forbidden,
            Refusal::Unsupported => Self::Unsupported("This server's outbound auth takes no overrides."),
        }
    }
}
