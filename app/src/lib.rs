//! The pages of Overkey: what a person sees, drawn by the server first and woken up in the browser.
//!
//! This crate declares what it needs from the server (`backend`) in its own view types; `server::backend` implements it. It
//! never sees a database, and no secret comes here that a person may not see.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a component owns its properties, whatever it does with them"
)]

#[cfg(feature = "ssr")]
pub mod backend;
mod beneath;
pub mod error;
pub mod features;
mod pages;
mod parts;
mod routes;
pub mod secret_input;
#[cfg(feature = "ssr")]
pub mod shell;
pub mod ui;
pub mod wire;

#[cfg(feature = "ssr")]
pub use parts::Parts;
pub use routes::App;
