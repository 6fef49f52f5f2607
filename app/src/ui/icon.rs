//! Inline SVG, hidden from screen readers: the words beside an icon say what it means.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;

/// The few icons in use, all of one set (Lucide).
pub mod icons {
    use icondata_lu as lu;

    pub type Icon = icondata_core::Icon;

    pub const ACCOUNT: Icon = lu::LuBot;
    pub const BRAND: Icon = lu::LuKeyRound;
    pub const CHART: Icon = lu::LuChartColumn;
    pub const CHECK: Icon = lu::LuCheck;
    pub const COPY: Icon = lu::LuCopy;
    pub const EYE: Icon = lu::LuEye;
    pub const KEY: Icon = lu::LuKeyRound;
    pub const LIST: Icon = lu::LuScrollText;
    pub const MOON: Icon = lu::LuMoon;
    pub const PERSON: Icon = lu::LuUser;
    pub const PLUG: Icon = lu::LuPlug;
    pub const PLUS: Icon = lu::LuPlus;
    pub const SEARCH: Icon = lu::LuSearch;
    pub const SERVER: Icon = lu::LuServer;
    pub const SETTINGS: Icon = lu::LuSettings;
    pub const SUN: Icon = lu::LuSun;
    pub const SYSTEM: Icon = lu::LuMonitor;
    pub const TEAM: Icon = lu::LuUsers;
}

#[component]
pub fn Icon(icon: icons::Icon) -> AnyView {
    view! {
        <svg
            class="icon"
            viewBox=icon.view_box.unwrap_or("0 0 24 24")
            fill=icon.fill.unwrap_or("none")
            stroke=icon.stroke.unwrap_or("currentColor")
            stroke-width=icon.stroke_width.unwrap_or("2")
            stroke-linecap=icon.stroke_linecap.unwrap_or("round")
            stroke-linejoin=icon.stroke_linejoin.unwrap_or("round")
            aria-hidden="true"
            focusable="false"
            inner_html=icon.data
        ></svg>
    }
    .into_any()
}
