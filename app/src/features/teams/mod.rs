//! Teams, as admins manage them.

mod api;
mod detail;
mod list;
pub mod model;
mod new;
mod remove;

pub use detail::Team;
pub use list::Teams;
pub use new::NewTeam;
pub use remove::DeleteTeam;
