//! Why nothing came back. The texts may be shown to a manager: they carry no address, no query and nothing of an answer.

use std::error::Error;
use std::io;

use hyper_util::client::legacy;
use rustls::pki_types::InvalidDnsNameError;

use super::guard::Refused;

#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// We would not call that URL.
    #[error("{0}")]
    Refused(Refused),
    #[error("{why}")]
    Unreachable {
        why: Unreachable,
        /// For the log: `EgressError::detail`.
        #[source]
        error: legacy::Error,
    },
    #[error("connecting to it took too long")]
    TimedOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    #[error("its name is not known")]
    Name,
    #[error("no trusted TLS connection to it can be made")]
    Tls,
    #[error("it does not accept or does not keep the connection")]
    Connection,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Send(#[from] EgressError),
    #[error("it took longer than {} seconds", .0.as_secs_f32())]
    TimedOut(std::time::Duration),
    #[error("its answer is longer than {0} bytes")]
    TooLarge(usize),
    #[error("its answer was cut off")]
    Cut,
}

impl EgressError {
    /// Everything that is known, for the log.
    pub fn detail(&self) -> String {
        match self {
            Self::Unreachable { error, .. } => {
                let mut texts: Vec<_> = causes(error).map(ToString::to_string).collect();
                // Some only pass on what their cause says.
                texts.dedup();
                texts.join(": ")
            }
            Self::Refused(_) | Self::TimedOut => self.to_string(),
        }
    }
}

impl From<legacy::Error> for EgressError {
    fn from(error: legacy::Error) -> Self {
        let mut why = Unreachable::Connection;
        for cause in causes(&error) {
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return Self::Refused(*refused);
            }
            if is_timeout(cause) {
                return Self::TimedOut;
            }
            if cause.is::<UnknownName>() {
                why = Unreachable::Name;
            } else if cause.is::<rustls::Error>() || cause.is::<InvalidDnsNameError>() {
                why = Unreachable::Tls;
            }
        }
        Self::Unreachable { why, error }
    }
}

/// Whether the upstream said that it has done nothing with the request (RFC 9113 section 8.7): it had too much to do on this
/// connection, or was about to end it. Sending it again is safe.
pub fn was_not_processed(error: &legacy::Error) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<h2::Error>().is_some_and(|error| {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            let leaving = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
            error.is_remote() && (refused || leaving)
        })
    })
}

/// Marks a resolver's error among those of connecting.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnknownName(pub io::Error);

fn is_timeout(cause: Cause<'_>) -> bool {
    let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    cause.downcast_ref::<io::Error>().is_some_and(timed_out)
}

type Cause<'a> = &'a (dyn Error + 'static);

/// An error and all that is behind it.
fn causes(error: Cause<'_>) -> impl Iterator<Item = Cause<'_>> {
    std::iter::successors(Some(error), |error| behind(*error))
}

/// `io::Error::source` passes over the error that it wraps.
fn behind(error: Cause<'_>) -> Option<Cause<'_>> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
