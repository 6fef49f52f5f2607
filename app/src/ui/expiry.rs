//! When something stops working (B05): far away it is a date, near it is said in days and with a sign, and then it is past.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::badge::{Badge, Tone};
use super::time::Moment;

use crate::ui::drawn::IntoAny;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    pub at: Moment,
    pub when: When,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum When {
    Past,
    Near,
    Far,
}

impl Expiry {
    /// "expired 2 days ago", "expires in 3 days", "expires 2027-01-31".
    pub fn words(&self) -> String {
        match self.when {
            When::Past => format!("expired {}", self.at.relative),
            When::Near => format!("expires {}", self.at.relative),
            When::Far => format!("expires {}", self.date()),
        }
    }

    fn date(&self) -> &str {
        self.at.exact.split('T').next().unwrap_or_default()
    }
}

#[component]
pub fn Expires(at: Expiry) -> AnyView {
    let words = at.words();
    let shown = match at.when {
        When::Past | When::Near => view! { <Badge text=words tone=Tone::Attention/> }.into_any(),
        When::Far => view! { <span class="muted">{words}</span> }.into_any(),
    };
    view! { <time datetime=at.at.exact.clone() title=at.at.exact>{shown}</time> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b05_an_expiry_is_told_by_how_near_it_is() {
        let told = |when, relative: &str| {
            let at = Moment {
                exact: "2027-01-31T23:59:59Z".to_owned(),
                relative: relative.to_owned(),
            };
            Expiry { at, when }.words()
        };
        assert_eq!(told(When::Near, "in 3 days"), "expires in 3 days");
        assert_eq!(told(When::Past, "2 days ago"), "expired 2 days ago");
        assert_eq!(told(When::Far, "in 431 days"), "expires 2027-01-31");
    }
}
