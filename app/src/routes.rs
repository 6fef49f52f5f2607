//! Which page stands at which address.

use std::sync::Arc;

use leptos::prelude::*;
use leptos::tachys::view::iterators::StaticVec;
use leptos_meta::provide_meta_context;
use leptos_router::any_nested_route::{AnyNestedRoute, IntoAnyNestedRoute as _};
use leptos_router::components::{Router, Routes};
use leptos_router::{NestedRoute, PossibleRouteMatch, SsrMode, path};

use crate::features::session::NotFound;
use crate::pages::{self, Page};

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <NotFound/> }>
                <Addresses/>
            </Routes>
        </Router>
    }
}

#[component(transparent)]
fn Addresses() -> StaticVec<AnyNestedRoute> {
    let mut addresses = vec![
        page(path!("/sign-in"), pages::SignIn),
        page(path!("/setup/:token"), pages::SetUp),
        page(path!("/invite/:token"), pages::Invite),
        page(path!("/oauth/authorize"), pages::Authorize),
    ];
    addresses.push(around(path!(""), pages::Frame, within_the_frame()));
    addresses.into()
}

fn within_the_frame() -> Vec<AnyNestedRoute> {
    vec![
        page(path!(""), pages::Servers),
        page(path!("/servers"), pages::Servers),
        page(path!("/servers/new"), pages::NewServer),
        around(path!("/servers/:server"), pages::ServerDetail, tabs()),
        page(path!("/connections"), pages::Connections),
        page(path!("/connect/:server"), pages::Connect),
        page(path!("/tokens"), pages::Tokens),
        page(path!("/activity"), pages::Everywhere),
        page(path!("/audit"), pages::Audit),
        page(path!("/settings"), pages::PlatformSettings),
        page(path!("/people"), pages::People),
        page(path!("/people/new"), pages::InvitePerson),
        around(path!("/people/:id"), pages::Person, only_to_delete(pages::DeletePerson)),
        page(path!("/external-identities"), pages::Identities),
        around(
            path!("/external-identities/:id"),
            pages::Identity,
            only_to_delete(pages::DeleteIdentity),
        ),
        page(path!("/teams"), pages::Teams),
        page(path!("/teams/new"), pages::NewTeam),
        around(path!("/teams/:name"), pages::Team, only_to_delete(pages::DeleteTeam)),
        page(path!("/virtual-accounts"), pages::Accounts),
        page(path!("/virtual-accounts/new"), pages::NewAccount),
        around(
            path!("/virtual-accounts/:account"),
            pages::Account,
            only_to_delete(pages::DeleteAccount),
        ),
    ]
}

/// Of a server.
fn tabs() -> Vec<AnyNestedRoute> {
    let overrides = vec![
        page(path!(""), pages::OverridesList.unseen()),
        page(path!("/new"), pages::AddOverride),
        page(path!("/why"), pages::Why),
        page(path!("/:id/edit"), pages::EditOverride),
        page(path!("/:id/delete"), pages::DeleteOverride),
    ];
    let activity = vec![
        page(path!(""), pages::Summary),
        page(path!("/calls"), pages::Calls),
        page(path!("/changes"), pages::Changes),
    ];
    vec![
        page(path!(""), pages::Overview),
        page(path!("/overview"), pages::Overview),
        page(path!("/tools"), pages::Tools),
        page(path!("/overrides/import"), pages::Import),
        around(path!("/overrides"), pages::OverridesTab, overrides),
        page(path!("/access"), pages::Access),
        around(path!("/activity"), pages::ActivityTab, activity),
        page(path!("/settings"), pages::Settings),
        page(path!("/delete"), pages::DeleteServer),
    ]
}

fn only_to_delete(dialog: Page) -> Vec<AnyNestedRoute> {
    vec![page(path!(""), pages::Nothing), page(path!("/delete"), dialog)]
}

/// One type for all, where Leptos' `Route` would be one for each: browsers load that much less.
fn page(path: impl PossibleRouteMatch + Send + Sync + 'static, page: Page) -> AnyNestedRoute {
    route(Arc::new(path), page).into_any_nested_route()
}

/// A page with another inside.
fn around(
    path: impl PossibleRouteMatch + Send + Sync + 'static,
    page: Page,
    inside: Vec<AnyNestedRoute>,
) -> AnyNestedRoute {
    let inside = StaticVec::from(inside);
    route(Arc::new(path), page).child(inside).into_any_nested_route()
}

/// Pages are sent whole (`SsrMode::Async`), so that they are complete without scripts and their status is right.
fn route(
    path: Arc<dyn PossibleRouteMatch + Send + Sync>,
    page: Page,
) -> NestedRoute<Arc<dyn PossibleRouteMatch + Send + Sync>, (), (), Page> {
    NestedRoute::new(path, page).ssr_mode(SsrMode::Async)
}
