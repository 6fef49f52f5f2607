//! Starts hydration in the browser, and nothing else.
//!
//! The server has already sent the whole page; this wakes it up. `data-hydrated` on `<html>` tells the browser tests
//! (and the style sheet) from when on clicks are handled by scripts.

use leptos::mount::hydrate_from_async;
use leptos::tachys::dom::body;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the script that Leptos' `HydrationScripts` puts into every page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    wasm_bindgen_futures::spawn_local(async {
        // Waits for the parts that the page needs.
        hydrate_from_async(body(), app::App).await.forget();
        mark_hydrated();
    });
}

fn mark_hydrated() {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|page| page.document_element());
    if let Some(root) = root {
        // Refused only for a malformed attribute name, which this one is not.
        let _ = root.set_attribute("data-hydrated", "");
    }
}
