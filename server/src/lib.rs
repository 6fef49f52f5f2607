//! Overkey's server: UI, REST API and MCP gateway in one process. ARCHITECTURE.md says which room may use what.

pub mod api;
pub mod apply;
pub mod backend;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
mod descriptors;
pub mod egress;
pub mod gateway;
pub mod identity;
pub mod login;
pub mod mcp;
pub mod notify;
pub mod oauth;
pub mod password;
pub mod seal;
pub mod services;
pub mod startup;
pub mod store;
pub mod telemetry;
pub mod web;
