//! A word with a shape and a colour, in this order of importance.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Neutral,
    Good,
    Attention,
    Bad,
}

impl Tone {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Good => "good",
            Self::Attention => "attention",
            Self::Bad => "bad",
        }
    }

    /// What tells the tones apart without colour.
    const fn shape(self) -> Option<&'static str> {
        match self {
            Self::Neutral => None,
            Self::Good => Some("●"),
            Self::Attention => Some("▲"),
            Self::Bad => Some("■"),
        }
    }
}

#[component]
pub fn Badge(#[prop(into)] text: String, #[prop(default = Tone::Neutral)] tone: Tone) -> AnyView {
    view! {
        <span class="badge" data-tone=tone.as_str()>
            {tone.shape().map(|shape| view! { <span aria-hidden="true">{shape}</span> })}
            {text}
        </span>
    }
    .into_any()
}
