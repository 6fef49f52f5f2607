//! A small bar chart: drawn on the server, of numbers that stand beside it as a table.

use std::fmt::Write;

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;

const WIDTH: u64 = 10;
const GAP: u64 = 2;
const HEIGHT: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub value: u64,
    /// How much of it is drawn as bad.
    pub bad: u64,
}

#[component]
pub fn BarChart(
    #[prop(into)] heading: String,
    /// The chart in a sentence, for those who do not see it.
    #[prop(into)]
    sentence: String,
    bars: Vec<Bar>,
    /// What stands below the first and the last bar.
    ends: (String, String),
    /// What the highest bar says.
    #[prop(into)]
    most: String,
) -> AnyView {
    let wide = bars.len() as u64 * WIDTH;
    view! {
        <figure class="chart">
            <figcaption>{heading}<span class="muted">{most}</span></figcaption>
            <svg viewBox=format!("0 0 {wide} {HEIGHT}") preserveAspectRatio="none" role="img" aria-label=sentence inner_html=drawn(&bars)></svg>
            <p class="chart-ends" aria-hidden="true"><span>{ends.0}</span><span>{ends.1}</span></p>
        </figure>
    }
    .into_any()
}

/// Numbers only, so nothing needs escaping.
fn drawn(bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or_default().max(1);
    let mut svg = String::new();
    for (number, bar) in (0..).zip(bars) {
        // Something is never drawn as nothing.
        let tall = |value: u64| (value * HEIGHT).div_ceil(most);
        let (whole, bad) = (tall(bar.value), tall(bar.bad.min(bar.value)));
        let mut rect = |class, top, height| {
            let (x, width) = (number * WIDTH + GAP / 2, WIDTH - GAP);
            // Writing to a string does not fail.
            let _ = write!(
                svg,
                r#"<rect class="{class}" x="{x}" y="{top}" width="{width}" height="{height}"/>"#
            );
        };
        if whole > bad {
            rect("chart-bar", HEIGHT - whole, whole - bad);
        }
        if bad > 0 {
            rect("chart-bar-bad", HEIGHT - bad, bad);
        }
    }
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share_of_the_highest() {
        let bars = [
            Bar { value: 0, bad: 0 },
            Bar { value: 8, bad: 2 },
            Bar {
                value: 1_000_000,
                bad: 1_000_000,
            },
        ];
        assert_eq!(
            drawn(&bars[..2]),
            concat!(
                r#"<rect class="chart-bar" x="11" y="0" width="8" height="75"/>"#,
                r#"<rect class="chart-bar-bad" x="11" y="75" width="8" height="25"/>"#
            )
        );
        assert!(
            drawn(&bars).contains(r#"x="11" y="99""#),
            "eight of a million can still be seen"
        );
        assert_eq!(drawn(&[]), "");
    }
}
