//! Whether overrides may replace a credential that everybody shares (B01): off unless switched on.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;
use crate::ui::field::{Check, Problem};

#[component]
pub fn AllowOverrides(allowed: bool, problem: Problem) -> AnyView {
    view! {
        <div class="outbound-part" data-mode="shared">
            <Check name="allow_overrides" input="form[allow_overrides]" label="Allow Auth Overrides" problem checked=allowed
                hint="Managers can then enter another credential for a person or a virtual account, and their calls carry that one. Switching it off deletes those that are there."/>
        </div>
    }
    .into_any()
}
