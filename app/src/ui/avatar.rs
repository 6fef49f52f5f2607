//! Two letters of a name in a circle.

use leptos::prelude::*;

use crate::ui::drawn::IntoAny;

#[component]
pub fn Avatar(name: String) -> AnyView {
    view! { <span class="avatar" aria-hidden="true">{initials(&name)}</span> }.into_any()
}

/// The first letters of the first two words, or the first two letters of the only one.
fn initials(name: &str) -> String {
    let mut words = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let (first, second) = (words.next().unwrap_or("?"), words.next());
    let letters = match second {
        Some(second) => first.chars().take(1).chain(second.chars().take(1)).collect::<String>(),
        None => first.chars().take(2).collect(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn two_letters_of_any_name() {
        for (name, letters) in [("Bob Ng", "BN"), ("ci-bot", "CB"), ("mia", "MI"), ("", "?"), ("Ö", "Ö")] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
