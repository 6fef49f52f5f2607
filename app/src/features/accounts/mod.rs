//! Virtual accounts: callers that are programs. Admins make them; their owners keep their tokens in use.

mod api;
mod detail;
mod list;
pub mod model;
mod new;
mod remove;
mod tokens;

pub use detail::Account;
pub use list::Accounts;
pub use new::NewAccount;
pub use remove::DeleteAccount;
