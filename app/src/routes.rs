//! Which page stands at which address.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::features::session::{Frame, NotFound};
use crate::pages;

/// Pages are sent whole (`SsrMode::Async`), so that they are complete without scripts and their status is right.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <NotFound/> }>
                <Route path=path!("/sign-in") view=pages::SignIn ssr=SsrMode::Async/>
                <Route path=path!("/setup/:token") view=pages::SetUp ssr=SsrMode::Async/>
                <Route path=path!("/invite/:token") view=pages::Invite ssr=SsrMode::Async/>
                <Route path=path!("/oauth/authorize") view=pages::Authorize ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("") view=pages::Servers/>
                    <Route path=path!("/servers") view=pages::Servers/>
                    <Route path=path!("/servers/new") view=pages::NewServer/>
                    <ParentRoute path=path!("/servers/:server") view=pages::ServerDetail>
                        <Route path=path!("") view=pages::Overview/>
                        <Route path=path!("/overview") view=pages::Overview/>
                        <Route path=path!("/tools") view=pages::Tools/>
                        <Route path=path!("/overrides/import") view=pages::Import/>
                        <ParentRoute path=path!("/overrides") view=pages::OverridesTab>
                            <Route path=path!("") view=|| ()/>
                            <Route path=path!("/new") view=pages::AddOverride/>
                            <Route path=path!("/why") view=pages::Why/>
                            <Route path=path!("/:id/edit") view=pages::EditOverride/>
                            <Route path=path!("/:id/delete") view=pages::DeleteOverride/>
                        </ParentRoute>
                        <Route path=path!("/access") view=pages::Access/>
                        <ParentRoute path=path!("/activity") view=pages::ActivityTab>
                            <Route path=path!("") view=pages::Summary/>
                            <Route path=path!("/calls") view=pages::Calls/>
                            <Route path=path!("/changes") view=pages::Changes/>
                        </ParentRoute>
                        <Route path=path!("/settings") view=pages::Settings/>
                        <Route path=path!("/delete") view=pages::DeleteServer/>
                    </ParentRoute>
                    <Route path=path!("/connections") view=pages::Connections/>
                    <Route path=path!("/connect/:server") view=pages::Connect/>
                    <Route path=path!("/tokens") view=pages::Tokens/>
                    <Route path=path!("/activity") view=pages::Everywhere/>
                    <Route path=path!("/audit") view=pages::Audit/>
                    <Route path=path!("/settings") view=pages::PlatformSettings/>
                    <Route path=path!("/people") view=pages::People/>
                    <Route path=path!("/people/new") view=pages::InvitePerson/>
                    <ParentRoute path=path!("/people/:id") view=pages::Person>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=pages::DeletePerson/>
                    </ParentRoute>
                    <Route path=path!("/external-identities") view=pages::Identities/>
                    <ParentRoute path=path!("/external-identities/:id") view=pages::Identity>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=pages::DeleteIdentity/>
                    </ParentRoute>
                    <Route path=path!("/teams") view=pages::Teams/>
                    <Route path=path!("/teams/new") view=pages::NewTeam/>
                    <ParentRoute path=path!("/teams/:name") view=pages::Team>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=pages::DeleteTeam/>
                    </ParentRoute>
                    <Route path=path!("/virtual-accounts") view=pages::Accounts/>
                    <Route path=path!("/virtual-accounts/new") view=pages::NewAccount/>
                    <ParentRoute path=path!("/virtual-accounts/:account") view=pages::Account>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=pages::DeleteAccount/>
                    </ParentRoute>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
