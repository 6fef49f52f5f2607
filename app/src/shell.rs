//! The document around every page, and the policy that lets only its own scripts run.

use http::request::Parts;
use http::{HeaderValue, header};
use leptos::config::Env;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::App;
use crate::features::apps::model::FormLeadsTo;

/// In the context of a page that shows something once and is not to be woken up: an answer to a plain form post.
#[derive(Clone, Copy)]
pub struct WithoutScripts;

pub fn shell(options: LeptosOptions) -> impl IntoView {
    set_policy(&options);
    let style = format!("/{}/{}.css", options.site_pkg_dir, options.output_name);
    let scripts = use_context::<WithoutScripts>().is_none().then(|| {
        view! {
            <AutoReload options=options.clone()/>
            <HydrationScripts options/>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="description" content="Overkey: an MCP gateway that sends each upstream the caller's own credential"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg"/>
                <link rel="stylesheet" href=style/>
                {scripts}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// G5: nothing inline but what carries this page's nonce, nothing from elsewhere.
fn set_policy(options: &LeptosOptions) {
    let watched = options.env == Env::DEV;
    let Some(response) = use_context::<ResponseOptions>() else {
        return;
    };
    let nonce = use_nonce().map_or_else(String::new, |nonce| format!(" 'nonce-{nonce}'"));
    let leads_to = use_context::<FormLeadsTo>().map_or_else(String::new, |FormLeadsTo(site)| format!(" {site}"));
    let reload = if watched { " ws:" } else { "" };
    let policy = format!(
        "default-src 'none'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'{reload}; form-action 'self'{leads_to}; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}

/// From the cookie that the theme menu sets; without one, the system's.
fn theme() -> Option<&'static str> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get_all(header::COOKIE).into_iter();
    let mut pairs = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .map(str::trim);
    pairs.find_map(|pair| match pair {
        "theme=light" => Some("light"),
        "theme=dark" => Some("dark"),
        _ => None,
    })
}
