//! Servers: the list, one server's pages, and its settings.

mod allow;
pub mod api;
mod detail;
mod form;
mod list;
pub mod model;
mod new;
mod oauth_fields;
pub mod oauth_model;
mod overview;
mod pending;
pub mod pending_model;
mod remove;
mod settings;
mod snippets;
mod status;

pub use detail::ServerDetail;
pub use list::Servers;
pub use new::NewServer;
pub use overview::Overview;
pub use remove::DeleteServer;
pub use settings::Settings;
