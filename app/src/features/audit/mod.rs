//! The audit trail: who did what, from where and with what, for admins.

pub mod api;
pub mod list;
pub mod model;

pub use list::Audit;
