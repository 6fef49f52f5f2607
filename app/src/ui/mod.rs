//! The parts that pages are made of. None knows a feature; each has a style sheet of the same name.

pub mod avatar;
pub mod badge;
pub mod code_block;
pub mod dialog;
pub mod empty_state;
pub mod expiry;
pub mod failure;
pub mod field;
pub mod icon;
pub mod loaded;
pub mod menu;
pub mod notice;
pub mod page;
pub mod pagination;
pub mod secret_field;
pub mod table;
pub mod time;
