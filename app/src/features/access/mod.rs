//! Who may use a server, and as what.

mod api;
mod give;
mod list;
pub mod model;
mod reached;

pub use list::Access;
