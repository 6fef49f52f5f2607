//! The Auth Overrides tab of a server, and its forms.

pub mod api;
mod back;
mod count;
pub(super) mod form;
pub(super) mod health;
mod import;
pub mod import_model;
mod list;
pub mod model;
mod remove;
mod row;
pub(super) mod subject_field;
mod tab;
mod table;
pub(super) mod verify;
mod why;
pub mod why_model;

pub use form::{AddOverride, EditOverride};
pub use import::Import;
pub use list::OverridesList;
pub use remove::DeleteOverride;
pub use tab::OverridesTab;
pub use why::Why;
