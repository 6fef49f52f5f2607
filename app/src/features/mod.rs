//! One folder per feature, each with the same names: `model` (view types and plain functions), `api` (server functions), and the
//! pages by what they show.

pub mod access;
pub mod accounts;
pub mod activity;
pub mod apps;
pub mod audit;
pub mod connections;
pub mod identities;
pub mod overrides;
pub mod people;
pub mod servers;
pub mod session;
pub mod settings;
pub mod teams;
pub mod tokens;
pub mod tools;
