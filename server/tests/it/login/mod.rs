//! MCP clients sign people in (B10): descriptions, registration, consent, tokens, and the apps that come of it.

mod apps;
mod codes;
mod consent;
mod document;
mod key;
mod metadata;
mod register;
mod renewal;
mod stage;
