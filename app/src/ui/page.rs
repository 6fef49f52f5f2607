//! The head of a page: where it is, its one `h1`, and what can be done.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::drawn::IntoAny;
use crate::ui::inside::Inside;

/// What a tab is called. leptos_meta writes a title into the page as it is (G4): a name must not end it and begin something else.
pub fn tab_title(text: &str) -> String {
    text.replace('<', "‹")
}

#[component]
pub fn PageHead(
    #[prop(into)] title: String,
    /// Name and address of the pages above this one.
    #[prop(optional)]
    above: Vec<(String, String)>,
    #[prop(optional)] children: Option<Inside>,
) -> AnyView {
    let crumbs = (!above.is_empty()).then(|| view! { <Breadcrumb above here=title.clone()/> });
    view! {
        <Title text=tab_title(&format!("{title} · Overkey"))/>
        {crumbs}
        <div class="page-head">
            <h1>{title}</h1>
            {children.map(|children| view! { <div class="page-actions">{children.view()}</div> })}
        </div>
    }
    .into_any()
}

#[component]
pub fn Breadcrumb(above: Vec<(String, String)>, here: String) -> AnyView {
    let links = above
        .into_iter()
        .map(|(name, href)| view! { <li><a href=href>{name}</a></li> })
        .collect_view();
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            <ol>{links}<li aria-current="page">{here}</li></ol>
        </nav>
    }
    .into_any()
}
