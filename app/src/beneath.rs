//! A page that dialogs lie over.
//!
//! To use it takes its part and what it shows, about as much as the dialog. So whoever comes to a dialog's own address gets it as the
//! server drew it, which is all that can be had of it beneath a modal dialog; when the dialog goes, it wakes up.

#[cfg(not(feature = "ssr"))]
pub use browser::beneath;
#[cfg(feature = "ssr")]
pub use drawing::beneath;

#[cfg(feature = "ssr")]
mod drawing {
    use leptos::prelude::*;

    use crate::pages::Page;

    /// `covered`: whether the address is that of a dialog.
    pub fn beneath(page: Page, covered: impl Fn() -> bool) -> AnyView {
        let draw = move || page.drawn();
        // What stays as it is needs no data to wake up with.
        let view = if covered() {
            Owner::with_no_hydration(draw)
        } else {
            draw()
        };
        view.unwrap_or_else(|| ().into_any())
    }
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use leptos::prelude::*;
    use leptos::reactive::spawn_local_scoped_with_cancellation;
    use leptos::task::spawn_local;

    use crate::pages::Page;
    use crate::ui::drawn::IntoAny;
    use crate::ui::live::live;

    pub fn beneath(page: Page, covered: impl Fn() -> bool + 'static) -> AnyView {
        let from_server = Owner::current_shared_context().is_some_and(|shared| shared.during_hydration());
        let view = StoredValue::new_local(if covered() { None } else { page.drawn() });
        let asleep = RwSignal::new(view.with_value(Option::is_none));
        let owner = Owner::current().unwrap_or_default();
        let wake = move || {
            spawn_local_scoped_with_cancellation(async move {
                let drawn = page.ready().await;
                if drawn.is_some() && asleep.get_untracked() {
                    view.set_value(drawn);
                    asleep.set(false);
                }
            });
        };
        if asleep.get_untracked() {
            fetch_when_used(page);
        }
        Effect::new(move |_| {
            if asleep.get() && !(covered() && from_server) {
                // It outlives this effect.
                owner.with(|| untrack(wake));
            }
        });
        live(move || {
            asleep.track();
            let drawn = view.try_update_value(Option::take).flatten();
            drawn.unwrap_or_else(as_it_stands)
        })
    }

    /// Whoever begins to use the dialog will be done with it soon, and closing it waits for the page's part.
    fn fetch_when_used(page: Page) {
        for event in ["keydown", "pointerdown"] {
            let listener = window_event_listener_untyped(event, move |_| spawn_local(page.fetched()));
            on_cleanup(move || listener.remove());
        }
    }

    /// An element without content leaves alone what the server put there.
    fn as_it_stands() -> AnyView {
        view! { <section></section> }.into_any()
    }
}
