//! Views of one type, for a tenth less to load than with Leptos' own `into_any`. A file that imports this trait gets it in place of
//! that of the prelude; on the server it is Leptos' own.

#[cfg(not(feature = "ssr"))]
mod woken;

#[cfg(feature = "ssr")]
pub use leptos::tachys::view::any_view::IntoAny;
#[cfg(not(feature = "ssr"))]
pub use woken::IntoAny;
