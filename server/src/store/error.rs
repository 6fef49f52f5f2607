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
    /// A cursor that no page of this list gave out.
    #[error("the cursor is not one of this list")]
    BadCursor,
    /// The database cannot be reached, or is too busy.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// Anything else: a bug, or a damaged database.
    #[error("the database failed: {0}")]
    Broken(String),
}

impl StoreError {
    pub(super) fn broken(what: &str) -> Self {
        Self::Broken(what.to_owned())
    }
}

/// Keeps codes and names of constraints, never a driver's message: that may quote what was bound.
impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => from_database(&*error),
            sqlx::Error::Io(error) => Self::Unavailable(error.to_string()),
            sqlx::Error::Tls(_) => Self::broken("no secure connection"),
            sqlx::Error::PoolTimedOut => Self::Unavailable("every connection was busy for too long".to_owned()),
            sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Unavailable("it was shut down".to_owned()),
            // A connection that broke in the middle: another one may do.
            sqlx::Error::Protocol(_) | sqlx::Error::BeginFailed => Self::Unavailable(kind_of(&error).to_owned()),
            sqlx::Error::Configuration(_) => Self::broken("the database URL is malformed"),
            sqlx::Error::ColumnDecode { index, .. } => Self::Broken(format!("column {index} does not decode")),
            sqlx::Error::ColumnNotFound(name) => Self::Broken(format!("there is no column {name}")),
            other => Self::Broken(kind_of(&other).to_owned()),
        }
    }
}

fn from_database(error: &dyn sqlx::error::DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default().into_owned();
    match error.kind() {
        sqlx::error::ErrorKind::UniqueViolation => StoreError::Conflict,
        sqlx::error::ErrorKind::ForeignKeyViolation => StoreError::Dangling,
        _ if is_passing(&code) => StoreError::Unavailable(format!("code {code}")),
        _ => StoreError::Broken(format!(
            "code {code}, constraint {}",
            error.constraint().unwrap_or("none")
        )),
    }
}

/// Whether the same may well succeed later. PostgreSQL has five letters, the first two of which are the class (its manual,
/// appendix A); SQLite a number, the low byte of which is the class (<https://sqlite.org/rescode.html>).
fn is_passing(code: &str) -> bool {
    match code.get(..2).filter(|_| code.len() == 5) {
        // Connection, rolled back for another's sake (deadlock), out of resources, stopped by an operator, system.
        Some(class) => matches!(class, "08" | "40" | "53" | "57" | "58"),
        // BUSY, LOCKED, IOERR, FULL, CANTOPEN.
        None => code
            .parse::<u32>()
            .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13 | 14)),
    }
}

fn kind_of(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Protocol(_) => "the database's answer was not understood",
        sqlx::Error::RowNotFound => "a row was expected",
        sqlx::Error::Encode(_) => "a value does not encode",
        sqlx::Error::Decode(_) => "a value does not decode",
        sqlx::Error::Migrate(_) => "a migration failed",
        sqlx::Error::BeginFailed => "the transaction did not begin",
        _ => "the driver failed",
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            // These name versions only.
            error => Self::Broken(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_breaks_is_passing_trouble() {
        for error in [
            sqlx::Error::BeginFailed,
            sqlx::Error::Protocol("cut off".into()),
            sqlx::Error::Io(std::io::ErrorKind::UnexpectedEof.into()),
        ] {
            let text = error.to_string();
            assert!(matches!(StoreError::from(error), StoreError::Unavailable(_)), "{text}");
        }
        assert!(matches!(
            StoreError::from(sqlx::Error::RowNotFound),
            StoreError::Broken(_)
        ));
    }

    #[test]
    fn passing_trouble_is_told_from_bugs() {
        for code in ["08006", "40P01", "40001", "53300", "57P03", "5", "517", "2570", "13"] {
            assert!(is_passing(code), "{code}");
        }
        for code in ["42P01", "22021", "25006", "1", "11", "787", ""] {
            assert!(!is_passing(code), "{code}");
        }
    }
}
