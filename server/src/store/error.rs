//! What can go wrong in a store, without the driver's types.

/// The text of `Unavailable` and `Broken` is for logs; it never leaves the program.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique name or pair is taken.
    #[error("it is there already")]
    Conflict,
    /// A row it refers to is not there (any more).
    #[error("what it refers to does not exist")]
    Dangling,
    /// The database cannot be reached, or is too busy.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else: a bug, or a damaged database.
    #[error("the database failed: {0}")]
    Broken(String),
}
