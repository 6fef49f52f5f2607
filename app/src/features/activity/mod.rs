//! What happens on a server: calls counted and listed, and changes. Managers see everybody's, users their own.

pub mod api;
mod calls;
mod changes;
mod day;
mod everywhere;
pub mod model;
mod over_time;
mod summary;
mod tab;

pub use calls::Calls;
pub use changes::Changes;
pub use day::Day;
pub use everywhere::Everywhere;
pub use summary::Summary;
pub use tab::ActivityTab;
