//! My gateway tokens.

mod api;
pub mod cells;
mod list;
pub mod model;

pub use list::Tokens;
