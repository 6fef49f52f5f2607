//! What a component is given to put inside. Leptos' own `Children` makes views with Leptos' own `into_any`; this one with ours (`drawn`).

use leptos::children::{ChildrenOptContainer, ToChildren};
use leptos::prelude::{AnyView, RenderHtml};

use crate::ui::drawn::IntoAny;

/// The content between the tags of a component.
pub struct Inside(Box<dyn FnOnce() -> AnyView + Send>);

impl Inside {
    pub fn view(self) -> AnyView {
        (self.0)()
    }
}

impl<F, C> ToChildren<F> for Inside
where
    F: FnOnce() -> C + Send + 'static,
    C: RenderHtml + Send + 'static,
{
    fn to_children(content: F) -> Self {
        Self(Box::new(move || content().into_any()))
    }
}

impl<T> ToChildren<ChildrenOptContainer<T>> for Inside
where
    T: RenderHtml + Send + 'static,
{
    fn to_children(content: ChildrenOptContainer<T>) -> Self {
        Self(Box::new(move || content.0.into_any()))
    }
}
