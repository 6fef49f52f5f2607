//! `/servers/{name}/overview`: how to connect, and how my own credential stands.

use domain::outbound::Mode;
use domain::overrides::Kind;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::api::get_server;
use super::model::{ServerPage, Status};
use super::snippets::snippets;
use crate::features::activity::Day;
use crate::features::activity::api::activity_summary;
use crate::features::activity::model::SummaryRequest;
use crate::features::connections::api::my_override;
use crate::features::overrides::model::OverrideRow;
use crate::ui::asked::ask;
use crate::ui::code_block::CodeBlock;
use crate::ui::drawn::IntoAny;
use crate::ui::expiry::Expires;
use crate::ui::loaded::loaded_part;
use crate::ui::time::{Time, TimeOr};

#[component]
pub fn Overview() -> impl IntoView {
    let params = use_params_map();
    let name = Memo::new(move |_| params.read().get("server").unwrap_or_default());
    let page = ask(
        move || name.get(),
        |server| async move {
            let page = get_server(server.clone()).await?;
            let day = SummaryRequest {
                server: server.clone(),
                ..SummaryRequest::default()
            };
            Ok((page, my_override(server).await?, activity_summary(day).await?))
        },
    );
    loaded_part(page, |(page, own, day)| {
        view! {
            <Title text=format!("{} · Overkey", page.name)/>
            <MyCredential page=page.clone() own/>
            <Day page=day/>
            <Connect page/>
        }
        .into_any()
    })
}

#[component]
fn MyCredential(page: ServerPage, own: Option<OverrideRow>) -> AnyView {
    let (words, href) = page.status.action(&page.name);
    let action = href.contains("/connect/") || href.ends_with("/overrides");
    let action = action.then(|| view! { <a class="button" data-kind="primary" href=href>{words}</a> });
    let authorization = (page.mode == Mode::AuthorizationCode && page.status == Status::Ready)
        .then(|| view! { <a class="button" href=format!("/connect/{}", page.name)>"My authorization"</a> });
    let details = own.map(|own| {
        let expires = own
            .expires
            .map(|at| view! { <div><dt>"Expires"</dt><dd><Expires at/></dd></div> });
        let verified = own
            .verified
            .map(|at| view! { <div><dt>"Last verified"</dt><dd><Time at/></dd></div> });
        let since = match own.kind {
            Kind::Manual => {
                view! { <dt>"Set by"</dt><dd>{own.updated_by}", "<Time at=own.updated_at/></dd> }.into_any()
            }
            Kind::OAuth => view! { <dt>"Authorized"</dt><dd><Time at=own.updated_at/></dd> }.into_any(),
        };
        view! {
            <dl class="facts">
                <div><dt>"State"</dt><dd>{own.state.label()}</dd></div>
                <div>{since}</div>
                <div><dt>"Last used"</dt><dd><TimeOr at=own.last_used never="Never"/></dd></div>
                {verified}
                {expires}
            </dl>
        }
    });
    view! {
        <section class="card" aria-labelledby="my-credential">
            <h2 id="my-credential">"My credential"</h2>
            <p>{page.status.sentence()}</p>
            {details}
            {action}
            {authorization}
        </section>
    }
    .into_any()
}

/// One client open at a time; the browser sees to it (`name`).
#[component]
fn Connect(page: ServerPage) -> AnyView {
    let clients = snippets(&page.name, &page.gateway_url)
        .into_iter()
        .enumerate()
        .map(|(index, snippet)| {
            view! {
                <details class="fold" name="clients" open=index == 0>
                    <summary>{snippet.client}</summary>
                    <p class="muted">{snippet.hint}</p>
                    <CodeBlock text=snippet.text label=format!("the text for {}", snippet.client)/>
                </details>
            }
        })
        .collect_view();
    view! {
        <section aria-labelledby="connect">
            <h2 id="connect">"Connect a client"</h2>
            <p class="section-text">"Every client needs this server's gateway URL and one of "<a href="/tokens">"your tokens"</a>"; the same token works for all servers."</p>
            {clients}
        </section>
    }
    .into_any()
}
