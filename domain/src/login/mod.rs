//! The rules of signing MCP clients in (B10): which clients and redirects are taken, which server a token is for, and when a code or a
//! refresh token still counts.
//!
//! Sources: OAuth 2.1, RFC 7591, 7636, 8252, 8707, 9207, 9700, and MCP 2026-07-28 "Authorization".

pub mod audience;
pub mod client;
pub mod grant;
pub mod redirect;
pub mod request;

/// The one scope: to call the server in the person's name.
pub const SCOPE: &str = "mcp";
