//! The REST API as admin, manager, user, virtual account and stranger, on both databases.

mod accounts;
mod changes;
mod concurrency;
mod hidden;
mod import;
mod input;
mod invitations;
mod lists;
mod modes;
mod openapi;
mod preview;
mod races;
mod roles;
mod servers;
mod settings;
mod states;
mod teams;
mod tokens;
mod verify;
mod verify_stored;
mod virtual_accounts;
mod why;
