//! The rules of Overkey, as pure functions over plain values.
//!
//! Nothing here waits, reads a clock, draws a random number or talks to anything: what a rule needs is handed in, and
//! what it decides comes back as a value that can be printed and compared. Everything else (server, pages, browser) asks
//! these functions, so that no rule is written twice.

pub mod account;
pub mod actor;
pub mod change;
pub mod field;
pub mod header;
pub mod id;
pub mod identity;
pub mod injection;
pub mod latency;
pub mod login;
pub mod notice;
pub mod oauth;
mod oauth_input;
pub mod outbound;
pub mod outbound_input;
pub mod overrides;
pub mod person;
pub mod reach;
pub mod role;
pub mod secret;
pub mod server;
pub mod sign_on;
pub mod team;
pub mod template;
pub mod timestamp;
pub mod total;
pub mod verdict;
pub mod via;
pub mod why;
