//! What the operator configured, for admins: how notifications go out, and what became of the last ones.

pub mod api;
pub mod model;
pub mod page;

pub use page::PlatformSettings;
