//! Who is signed in, signing in, and the frame around every page.

mod api;
mod frame;
mod invite;
pub mod model;
mod sign_in;

pub use frame::{Frame, NotFound};
pub use invite::Invite;
pub use sign_in::{SetUp, SignIn};
