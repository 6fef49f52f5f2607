//! Which page stands at which address.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::features::access::Access;
use crate::features::accounts::{Account, Accounts, DeleteAccount, NewAccount};
use crate::features::activity::{ActivityTab, Calls, Changes, Everywhere, Summary};
use crate::features::apps::Authorize;
use crate::features::audit::Audit;
use crate::features::connections::{Connect, Connections};
use crate::features::identities::{DeleteIdentity, Identities, Identity};
use crate::features::overrides::{AddOverride, DeleteOverride, EditOverride, Import, OverridesTab, Why};
use crate::features::people::{DeletePerson, InvitePerson, People, Person};
use crate::features::servers::{DeleteServer, NewServer, Overview, ServerDetail, Servers, Settings};
use crate::features::session::{Frame, Invite, NotFound, SetUp, SignIn};
use crate::features::settings::PlatformSettings;
use crate::features::teams::{DeleteTeam, NewTeam, Team, Teams};
use crate::features::tokens::Tokens;
use crate::features::tools::Tools;

/// Pages are sent whole (`SsrMode::Async`), so that they are complete without scripts and their status is right.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <NotFound/> }>
                <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
                <Route path=path!("/setup/:token") view=SetUp ssr=SsrMode::Async/>
                <Route path=path!("/invite/:token") view=Invite ssr=SsrMode::Async/>
                <Route path=path!("/oauth/authorize") view=Authorize ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("") view=Servers/>
                    <Route path=path!("/servers") view=Servers/>
                    <Route path=path!("/servers/new") view=NewServer/>
                    <ParentRoute path=path!("/servers/:server") view=ServerDetail>
                        <Route path=path!("") view=Overview/>
                        <Route path=path!("/overview") view=Overview/>
                        <Route path=path!("/tools") view=Tools/>
                        <Route path=path!("/overrides/import") view=Import/>
                        <ParentRoute path=path!("/overrides") view=OverridesTab>
                            <Route path=path!("") view=|| ()/>
                            <Route path=path!("/new") view=AddOverride/>
                            <Route path=path!("/why") view=Why/>
                            <Route path=path!("/:id/edit") view=EditOverride/>
                            <Route path=path!("/:id/delete") view=DeleteOverride/>
                        </ParentRoute>
                        <Route path=path!("/access") view=Access/>
                        <ParentRoute path=path!("/activity") view=ActivityTab>
                            <Route path=path!("") view=Summary/>
                            <Route path=path!("/calls") view=Calls/>
                            <Route path=path!("/changes") view=Changes/>
                        </ParentRoute>
                        <Route path=path!("/settings") view=Settings/>
                        <Route path=path!("/delete") view=DeleteServer/>
                    </ParentRoute>
                    <Route path=path!("/connections") view=Connections/>
                    <Route path=path!("/connect/:server") view=Connect/>
                    <Route path=path!("/tokens") view=Tokens/>
                    <Route path=path!("/activity") view=Everywhere/>
                    <Route path=path!("/audit") view=Audit/>
                    <Route path=path!("/settings") view=PlatformSettings/>
                    <Route path=path!("/people") view=People/>
                    <Route path=path!("/people/new") view=InvitePerson/>
                    <ParentRoute path=path!("/people/:id") view=Person>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=DeletePerson/>
                    </ParentRoute>
                    <Route path=path!("/external-identities") view=Identities/>
                    <ParentRoute path=path!("/external-identities/:id") view=Identity>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=DeleteIdentity/>
                    </ParentRoute>
                    <Route path=path!("/teams") view=Teams/>
                    <Route path=path!("/teams/new") view=NewTeam/>
                    <ParentRoute path=path!("/teams/:name") view=Team>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=DeleteTeam/>
                    </ParentRoute>
                    <Route path=path!("/virtual-accounts") view=Accounts/>
                    <Route path=path!("/virtual-accounts/new") view=NewAccount/>
                    <ParentRoute path=path!("/virtual-accounts/:account") view=Account>
                        <Route path=path!("") view=|| ()/>
                        <Route path=path!("/delete") view=DeleteAccount/>
                    </ParentRoute>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
