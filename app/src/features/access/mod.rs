//! Who may use a server, and as what.

mod api;
mod list;
pub mod model;

pub use list::Access;
