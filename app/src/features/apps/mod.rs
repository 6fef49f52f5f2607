//! The apps that act for me: the page on which I allow one (B10), and the list on `/tokens`.

mod api;
mod authorize;
mod list;
mod missing;
pub mod model;

pub use authorize::Authorize;
pub use list::ConnectedApps;
