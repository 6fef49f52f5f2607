//! External identities, as admins see them: callers whom an identity provider's token names and who are no users here (B02).

pub mod api;
mod detail;
mod list;
pub mod model;
mod remove;

pub use detail::Identity;
pub use list::{DirectoryTabs, Identities};
pub use remove::DeleteIdentity;
