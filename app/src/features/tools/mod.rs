//! What a server offers, asked for live with my own credential.

mod api;
mod list;
pub mod model;

pub use list::Tools;
