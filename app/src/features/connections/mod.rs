//! My connections: my credential on every server, and where links from MCP clients land.

pub mod api;
mod connect;
mod consent;
mod list;
pub mod model;
mod problem;

pub use connect::Connect;
pub use list::Connections;
