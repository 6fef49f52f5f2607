//! `/servers/{name}`: the head and the tabs that its pages share.

use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};

use super::api::get_server;
use super::model::ServerPage;
use crate::ui::asked::ask;
use crate::ui::badge::Badge;
use crate::ui::code_block::CodeLine;
use crate::ui::drawn::IntoAny;
use crate::ui::loaded::loaded;
use crate::ui::menu::Menu;
use crate::ui::page::PageHead;

#[component]
pub fn ServerDetail() -> AnyView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let server = params.read().get("server").unwrap_or_default();
        (server, query.read().get("done").unwrap_or_default())
    });
    let page = ask(move || asked.get(), |(server, _)| get_server(server));
    // The tab stands outside of what loads here; see `ui::loaded`.
    view! {
        {loaded(page, |page| view! { <Head page/> }.into_any())}
        <Outlet/>
    }
    .into_any()
}

#[component]
fn Head(page: ServerPage) -> AnyView {
    let above = vec![("Servers".to_owned(), "/servers".to_owned())];
    let description = (!page.description.is_empty()).then(|| view! { <p class="muted">{page.description.clone()}</p> });
    let name = page.name.clone();
    let menu = page.manager.then(|| {
        view! {
            <Menu label=view! { "Actions "<span aria-hidden="true">"▾"</span> }.into_any() name="Actions">
                <a href=format!("/servers/{name}/settings")>"Edit settings"</a>
                <a href=format!("/servers/{name}/delete")>"Delete server"</a>
            </Menu>
        }
    });
    view! {
        <PageHead title=page.name.clone() above>{menu}</PageHead>
        {description}
        <p class="server-facts">
            <Badge text=page.mode.label()/>
            <Badge text=page.status.label() tone=page.status.tone()/>
            <CodeLine text=page.gateway_url.clone() label="the gateway URL"/>
        </p>
        <Tabs server=page.name manager=page.manager/>
    }
    .into_any()
}

#[component]
fn Tabs(server: String, manager: bool) -> AnyView {
    let location = use_location();
    let mut tabs = vec![
        ("overview", "Overview"),
        ("tools", "Tools"),
        ("overrides", "Auth Overrides"),
    ];
    if manager {
        tabs.push(("access", "Access"));
    }
    tabs.push(("activity", "Activity"));
    if manager {
        tabs.push(("settings", "Settings"));
    }
    let tab = |(key, label): (&'static str, &'static str)| {
        let base = format!("/servers/{server}");
        let href = format!("{base}/{key}");
        let current = {
            let href = href.clone();
            move || {
                let path = location.pathname.get();
                let here = path.starts_with(&href) || (key == "overview" && path.trim_end_matches('/') == base);
                here.then_some("page")
            }
        };
        view! { <li><a href=href aria-current=current>{label}</a></li> }
    };
    view! { <nav class="tabs" aria-label="Server"><ul>{tabs.into_iter().map(tab).collect_view()}</ul></nav> }.into_any()
}
