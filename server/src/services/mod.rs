//! The use cases. Each is one transaction: begin, look, decide (in `domain`), write, audit, save. The REST API, the pages and
//! the gateway all come through here, so no rule is written twice.

pub mod access;
pub mod audit;
pub mod calls;
pub mod error;
pub mod tokens;
pub mod uses;
pub mod vault;

use std::sync::Arc;

use domain::timestamp::Timestamp;
use url::Url;

use crate::clock::Clock;
use crate::seal::Seal;
use crate::store::Store;

pub use error::ServiceError;

/// What every use case stands on.
#[derive(Clone)]
pub struct Core {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub seal: Arc<Seal>,
    /// Where people and clients reach us: links in errors are absolute.
    pub public_url: Url,
}

impl Core {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
