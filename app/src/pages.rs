//! Which page lies in which part of the browser half.
//!
//! A browser loads the frame and the parts of the page that is asked for; the server names them in the page's head. What two parts
//! share becomes a file of its own, so pages that have much in common lie together. Debug builds are one piece.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use leptos::prelude::*;
use leptos::wasm_split::SplitLoaderError;
use leptos_router::ChooseView;
use leptos_router::hooks::use_url;

use crate::parts::name_in_head;
#[cfg(not(feature = "ssr"))]
use crate::ui::asked::Open;
use crate::ui::drawn::IntoAny;

/// A page as the router sees it. All are of one type, for each type would cost every visitor two kilobytes.
#[derive(Clone, Copy)]
pub struct Page {
    name: &'static str,
    part: &'static str,
    load: fn() -> Later<()>,
    draw: fn(&'static str) -> Later<AnyView>,
}

impl Page {
    /// Loads its part and draws nothing: it is drawn by the page around it.
    pub const fn unseen(self) -> Self {
        Self {
            draw: |_| Box::pin(ready(Ok(().into_any()))),
            ..self
        }
    }

    /// What it shows, if its part is there.
    pub fn drawn(self) -> Option<AnyView> {
        let mut drawing = (self.draw)(self.name);
        match drawing.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(view) => view.ok(),
            Poll::Pending => None,
        }
    }

    /// Loads its part, once; who needs it says what to do if it does not come.
    #[cfg(not(feature = "ssr"))]
    pub async fn fetched(self) {
        let _ = (self.load)().await;
    }

    /// The same as `drawn`, but waits for its part and for all that it asks.
    #[cfg(not(feature = "ssr"))]
    pub async fn ready(self) -> Option<AnyView> {
        (self.load)().await.ok()?;
        let open = Open::default();
        provide_context(open.clone());
        let view = self.drawn();
        open.answered().await;
        view
    }
}

type Later<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        name_in_head(self.part);
        // A part that does not come has ended in `preload`.
        (self.draw)(self.name).await.unwrap_or_else(|_| ().into_any())
    }

    async fn preload(&self) {
        if (self.load)().await.is_err() {
            from_the_server().await;
        }
    }
}

/// Writes down the pages of each part: `part: feature::{Page, ..}, ..;`.
macro_rules! pages {
    ($($part:ident: $($feature:ident::{$($page:ident),+}),+;)+) => {
        /// The parts, each with one function that draws its pages.
        #[expect(non_snake_case, reason = "parts are named after those they lie in")]
        mod parts {
            use super::*;

            $(pub mod $part {
                use super::*;

                #[cfg(not(debug_assertions))]
                #[::leptos::wasm_split::wasm_split($part, wasm_split_path = ::leptos::wasm_split, fallible, preload(load))]
                pub fn $part(page: &'static str) -> Result<AnyView, SplitLoaderError> {
                    Ok(drawn(page))
                }

                #[cfg(debug_assertions)]
                pub async fn $part(page: &'static str) -> Result<AnyView, SplitLoaderError> {
                    Ok(drawn(page))
                }

                #[cfg(debug_assertions)]
                pub async fn load() -> Result<(), SplitLoaderError> {
                    Ok(())
                }

                fn drawn(page: &'static str) -> AnyView {
                    match page {
                        $($(stringify!($page) => view! { <crate::features::$feature::$page/> }.into_any(),)+)+
                        _ => ().into_any(),
                    }
                }
            })+
        }

        $($($(
            #[expect(non_upper_case_globals, reason = "named as the component that draws it")]
            pub const $page: Page = Page {
                name: stringify!($page),
                part: stringify!($part),
                load: || Box::pin(parts::$part::load()),
                draw: |page| Box::pin(parts::$part::$part(page)),
            };
        )+)+)+
    };
}

// A part inside another is named after it, and found only together with it.
pages! {
    account: accounts::{Account};
    account__delete: accounts::{DeleteAccount};
    account_new: accounts::{NewAccount};
    accounts: accounts::{Accounts};
    activity: activity::{Everywhere};
    audit: audit::{Audit};
    authorize: apps::{Authorize};
    connect: connections::{Connect};
    connections: connections::{Connections};
    door: session::{Invite, SetUp, SignIn};
    identities: identities::{Identities};
    identity: identities::{Identity};
    identity__delete: identities::{DeleteIdentity};
    people: people::{People};
    person: people::{Person};
    person__delete: people::{DeletePerson};
    person_new: people::{InvitePerson};
    server: servers::{ServerDetail};
    server__access: access::{Access};
    server__activity: activity::{ActivityTab, Summary};
    server__activity__calls: activity::{Calls};
    server__activity__changes: activity::{Changes};
    server__delete: servers::{DeleteServer};
    server__import: overrides::{Import};
    server__overrides: overrides::{OverridesTab};
    server__overrides__delete: overrides::{DeleteOverride};
    server__overrides__form: overrides::{AddOverride, EditOverride};
    server__overrides__list: overrides::{OverridesList};
    server__overrides__why: overrides::{Why};
    server__overview: servers::{Overview};
    server__settings: servers::{Settings};
    server__tools: tools::{Tools};
    server_new: servers::{NewServer};
    servers: servers::{Servers};
    settings: settings::{PlatformSettings};
    team: teams::{Team};
    team__delete: teams::{DeleteTeam};
    team_new: teams::{NewTeam};
    teams: teams::{Teams};
    tokens: tokens::{Tokens};
}

/// Around nearly every page, so it comes with the code that all of them load.
#[expect(non_upper_case_globals, reason = "named as the component that draws it")]
pub const Frame: Page = Page {
    name: "Frame",
    part: "",
    load: || Box::pin(ready(Ok(()))),
    draw: |_| Box::pin(ready(Ok(view! { <crate::features::session::Frame/> }.into_any()))),
};

/// Where a page stands alone that could have another inside.
#[expect(non_upper_case_globals, reason = "like the other pages")]
pub const Nothing: Page = Page {
    name: "Nothing",
    part: "",
    load: || Box::pin(ready(Ok(()))),
    draw: |_| Box::pin(ready(Ok(().into_any()))),
};

/// Goes on as a browser without scripts would: a part is missing because a newer build has replaced ours, or the network is gone.
/// A page that was just sent stays as it is.
async fn from_the_server() {
    let waking = Owner::current_shared_context().is_some_and(|shared| shared.during_hydration());
    if !waking {
        let url = use_url().get_untracked();
        let search = if url.search().is_empty() {
            String::new()
        } else {
            format!("?{}", url.search())
        };
        // Refused only for a malformed address, which the router has read already.
        let _ = window().location().assign(&format!("{}{search}", url.path()));
    }
    std::future::pending::<()>().await;
}
