//! My connections: my credential on every server, and where links from MCP clients land.

pub mod api;
mod connect;
mod list;
pub mod model;

pub use connect::Connect;
pub use list::Connections;
