//! The parts that pages are made of. None knows a feature; each has a style sheet of the same name.

pub mod address;
pub mod asked;
pub mod avatar;
pub mod badge;
pub mod chart;
pub mod code_block;
pub mod dialog;
pub mod drawn;
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
pub mod posted;
pub mod search_form;
pub mod secret_field;
pub mod shown_once;
pub mod suggest_field;
pub mod table;
pub mod time;
