//! People, as admins manage them: who is there, who comes in, and what goes with somebody who goes.

pub mod api;
mod detail;
pub mod holdings;
mod invite;
mod list;
pub mod model;
pub mod person_field;
mod remove;

pub use detail::Person;
pub use invite::InvitePerson;
pub use list::People;
pub use remove::DeletePerson;
