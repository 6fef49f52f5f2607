//! Overkey's server: UI, REST API and MCP gateway in one process. ARCHITECTURE.md says which room may use what.

pub mod clock;
pub mod password;
pub mod seal;
pub mod services;
pub mod store;
