//! My gateway tokens.

mod api;
mod list;
pub mod model;

pub use list::Tokens;
