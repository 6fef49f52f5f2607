//! The files of a page's parts, named in its head so that they come at once.
//!
//! Leptos would name them itself, but looks for what it needs to do so when the page is drawn, by when another page may be drawn
//! on the same thread: pages that waited for the database went without.

#[cfg(feature = "ssr")]
pub use drawing::{Parts, name_in_head};

/// In the browser the page has been drawn.
#[cfg(not(feature = "ssr"))]
pub fn name_in_head(_: &str) {}

#[cfg(feature = "ssr")]
mod drawing {
    use std::collections::HashMap;
    use std::sync::Arc;

    use leptos::prelude::*;
    use leptos_meta::Link;

    /// In the context of every page: for each part (`pages`) its files. Empty in builds for development, which are one piece.
    #[derive(Clone, Debug, Default)]
    pub struct Parts(pub Arc<HashMap<String, Vec<String>>>);

    pub fn name_in_head(part: &str) {
        let Some(Parts(parts)) = use_context() else { return };
        for file in parts.get(part).into_iter().flatten() {
            let href = format!("/pkg/{file}");
            // Drawn, it is in the head.
            let _ = if file.ends_with(".js") {
                view! { <Link rel="modulepreload" href crossorigin="anonymous"/> }.to_html()
            } else {
                view! { <Link rel="preload" href as_="fetch" type_="application/wasm" crossorigin="anonymous"/> }
                    .to_html()
            };
        }
    }
}
