//! S04, S60, D03: templates.

use std::collections::BTreeMap;

use domain::secret::Secret;
use domain::template::HeaderTemplate;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Debug, Clone)]
enum Piece {
    Text(String),
    /// Name, and how many spaces stand before and after it.
    Placeholder(&'static str, usize, usize),
}

const NAMES: [&str; 4] = ["A", "API_KEY", "_b2", "key"];

/// Pieces with at least one placeholder. Text ends in a letter and starts with one, as the ends of a template are trimmed.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let placeholder =
        (select(&NAMES[..]), 0..3_usize, 0..3_usize).prop_map(|(name, a, b)| Piece::Placeholder(name, a, b));
    let text = "[a-z]([!-z|~ ]{0,8}[a-z])?".prop_map(Piece::Text);
    let piece = prop_oneof![placeholder.clone(), text];
    (vec(piece.clone(), 0..4), placeholder, vec(piece, 0..4))
        .prop_map(|(before, one, after)| [before, vec![one], after].concat())
}

fn written(pieces: &[Piece]) -> String {
    let write = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Placeholder(name, before, after) => {
            format!("{{{{{}{name}{}}}}}", " ".repeat(*before), " ".repeat(*after))
        }
    };
    pieces.iter().map(write).collect()
}

/// What a subject has typed in: anything a header can carry, other placeholders included.
fn values() -> impl Strategy<Value = BTreeMap<&'static str, Secret>> {
    let value = prop_oneof![
        "[!-~]{1,12}",
        Just("{{A}}".to_owned()),
        Just("{{key}}{{".to_owned()),
        Just("$1\\0".to_owned())
    ];
    vec(value, NAMES.len()).prop_map(|values| NAMES.into_iter().zip(values.into_iter().map(Secret::new)).collect())
}

fn filled(template: &HeaderTemplate, values: &BTreeMap<&str, Secret>) -> Option<String> {
    template
        .fill(|name| values.get(name))
        .map(|secret| secret.expose().to_owned())
}

proptest! {
    #[test]
    fn s04_each_value_stands_once_in_each_of_its_places_and_the_rest_as_written(pieces in pieces(), values in values()) {
        let template = HeaderTemplate::parse(&written(&pieces)).unwrap();
        let expected: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Placeholder(name, ..) => values[name].expose(),
            })
            .collect();
        prop_assert_eq!(filled(&template, &values), Some(expected));
    }

    #[test]
    fn d03_names_are_told_once_each_in_the_order_they_stand(pieces in pieces()) {
        let template = HeaderTemplate::parse(&written(&pieces)).unwrap();
        let mut expected = Vec::new();
        for piece in &pieces {
            if let Piece::Placeholder(name, ..) = piece && !expected.contains(name) {
                expected.push(*name);
            }
        }
        prop_assert_eq!(template.names(), expected);
    }

    #[test]
    fn d03_spaces_inside_the_braces_mean_nothing(pieces in pieces()) {
        let without = |piece: &Piece| match piece {
            Piece::Text(text) => Piece::Text(text.clone()),
            Piece::Placeholder(name, ..) => Piece::Placeholder(name, 0, 0),
        };
        let tight = written(&pieces.iter().map(without).collect::<Vec<_>>());
        let template = HeaderTemplate::parse(&written(&pieces)).unwrap();
        let same = HeaderTemplate::parse(&tight);
        prop_assert_eq!(template.to_string(), tight, "and are not kept");
        prop_assert_eq!(Ok(template), same);
    }

    #[test]
    fn d03_a_template_that_lacks_one_of_its_values_fills_to_nothing(pieces in pieces(), values in values(), which in any::<prop::sample::Index>()) {
        let template = HeaderTemplate::parse(&written(&pieces)).unwrap();
        let names = template.names();
        let mut values = values;
        values.remove(names[which.index(names.len())]);
        prop_assert_eq!(filled(&template, &values), None);
    }

    #[test]
    fn s60_a_rename_moves_the_value_and_nothing_else(pieces in pieces(), values in values(), which in any::<prop::sample::Index>()) {
        let template = HeaderTemplate::parse(&written(&pieces)).unwrap();
        let from = template.names()[which.index(template.names().len())];
        let renamed = template.renamed(from, "NEW");
        let mut moved = values.clone();
        let value = moved.remove(from).unwrap();
        moved.insert("NEW", value);
        prop_assert!(!renamed.names().contains(&from));
        prop_assert_eq!(filled(&renamed, &moved), filled(&template, &values));
        prop_assert_eq!(renamed.renamed("NEW", from), template.clone());
    }

    #[test]
    fn s04_whatever_parses_leaves_no_braces_behind(text in "[a{} ]{0,6}(\\{\\{ ?[a-b]{1,2} ?\\}\\}[a{} ]{0,4}){1,3}") {
        let value = Secret::new("<value>");
        if let Ok(template) = HeaderTemplate::parse(&text) {
            let filled = template.fill(|_| Some(&value)).unwrap();
            let places = text.matches("{{").count();
            prop_assert_eq!(filled.expose().matches("<value>").count(), places, "{}", text);
            prop_assert!(!filled.expose().contains("{{") && !filled.expose().contains("}}"), "{}", text);
        }
    }
}
