//! S50-S61, D03-D08: what every change of settings does to every override.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::{SubjectKind, SubjectRef};
use domain::change::{Change, Effect, Outcome, Settings};
use domain::id::OverrideId;
use domain::outbound::{Mode, OAuthSettings, OutboundAuth, Support};
use domain::outbound_input::OutboundInput;
use domain::overrides::{Condition, Kind, OverrideFacts};
use domain::server::{Origin, ServerUrl};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::outbound::{settings, settings_of};

#[derive(Debug, Clone)]
struct Case {
    before: Server,
    after: Server,
    stored: OverrideFacts,
}

/// The last is B01.
#[derive(Debug, Clone)]
struct Server(OutboundAuth, Origin, bool);

impl Server {
    fn seen(&self) -> Settings<'_> {
        Settings {
            auth: &self.0,
            origin: &self.1,
            allow_optional: self.2,
        }
    }

    fn kind(&self) -> (Mode, bool) {
        let mode = self.0.mode();
        (mode, mode.support(self.2) == Support::Supported)
    }
}

impl Case {
    fn change(&self) -> Change {
        Change::between(self.before.seen(), self.after.seen())
    }

    fn outcome(&self) -> Outcome {
        self.change().outcome(&self.stored)
    }

    /// The mode, and whether overrides are taken.
    fn same_kind(&self) -> bool {
        self.before.kind() == self.after.kind()
    }
}

/// The stored override, as the outcome leaves it.
fn then(stored: &OverrideFacts, outcome: &Outcome) -> OverrideFacts {
    OverrideFacts {
        condition: outcome.condition,
        fields: outcome.kept_values.values().cloned().collect(),
        ..stored.clone()
    }
}

fn origin() -> impl Strategy<Value = Origin> {
    let parse = |text: &str| ServerUrl::parse(text).unwrap().origin();
    prop_oneof![3 => Just(parse("https://a.example")), 1 => Just(parse("https://b.example"))]
}

fn keys(auth: &OutboundAuth) -> Vec<String> {
    auth.fields().into_iter().map(|field| field.key).collect()
}

/// An override that can be there: it holds some of the values that its server asks for, mostly all.
fn stored_at(auth: &OutboundAuth) -> impl Strategy<Value = OverrideFacts> + use<> {
    let asked = keys(auth);
    let some = subsequence(asked.clone(), 0..=asked.len());
    let fields = prop_oneof![2 => Just(asked), 1 => some];
    let kind = select(&[Kind::Manual, Kind::OAuth][..]);
    (kind, select(&Condition::ALL[..]), fields).prop_map(|(kind, condition, fields)| facts(kind, condition, fields))
}

fn facts(kind: Kind, condition: Condition, fields: Vec<String>) -> OverrideFacts {
    let (subject_kind, id) = (SubjectKind::User, "bob".to_owned());
    OverrideFacts {
        id: OverrideId::new("o1"),
        subject: SubjectRef { kind: subject_kind, id },
        kind,
        condition,
        fields: if kind == Kind::Manual {
            fields.into_iter().collect()
        } else {
            BTreeSet::new()
        },
        expires_at: None,
    }
}

fn parsed(input: &OutboundInput) -> OutboundAuth {
    input.parse(None).unwrap()
}

/// `before` with one of its settings as in `other`; the last one stands for a placeholder that is called differently.
fn with_one_of(mut before: OutboundInput, other: OutboundInput, which: usize) -> OutboundInput {
    match which {
        0 => before.discover = other.discover,
        1 => before.authorization_url = other.authorization_url,
        2 => before.token_url = other.token_url,
        3 => before.registration_url = other.registration_url,
        4 => before.client_id = other.client_id,
        5 => before.client_secret = other.client_secret,
        6 => before.scopes = other.scopes,
        _ => {
            let renamed = |text: String| text.replace('A', "Z");
            before.headers = before.headers.map(|headers| with_values(headers, renamed));
        }
    }
    before
}

type Headers = BTreeMap<String, Option<String>>;

fn with_values(headers: Headers, change: impl Fn(String) -> String) -> Headers {
    headers
        .into_iter()
        .map(|(name, value)| (name, value.map(&change)))
        .collect()
}

/// Mostly changes within one mode, and often of one setting only: between two modes there is only one effect.
fn cases() -> impl Strategy<Value = Case> {
    cases_from(settings())
}

fn cases_from(before: impl Strategy<Value = OutboundInput>) -> impl Strategy<Value = Case> {
    let pair = before.prop_flat_map(|before| {
        let mode = parsed(&before).mode();
        let one = (Just(before.clone()), settings_of(mode), 0..=RENAME);
        let after = prop_oneof![
            3 => one.prop_map(|(before, other, which)| with_one_of(before, other, which)),
            2 => settings_of(mode),
            1 => settings(),
        ];
        let before = parsed(&before);
        (stored_at(&before), Just(before), after)
    });
    let on = || prop_oneof![3 => Just(true), 1 => Just(false)];
    (pair, origin(), origin(), on(), on()).prop_map(|((stored, before, after), here, there, on, still_on)| Case {
        before: Server(before, here, on),
        after: Server(parsed(&after), there, still_on),
        stored,
    })
}

fn differs_beyond_scopes(case: &Case) -> bool {
    let without_scopes = |settings: &OAuthSettings| OAuthSettings {
        scopes: Vec::new(),
        ..settings.clone()
    };
    match (&case.before.0, &case.after.0) {
        (OutboundAuth::AuthorizationCode(before), OutboundAuth::AuthorizationCode(after)) => {
            without_scopes(before) != without_scopes(after)
        }
        _ => false,
    }
}

const RENAME: usize = 7;

/// What becomes of a manual override that holds every value, on a server that stays where it is.
fn manual_outcome(before: &OutboundInput, after: &OutboundInput, condition: Condition) -> Outcome {
    let (before, after) = (parsed(before), parsed(after));
    let origin = ServerUrl::parse("https://a.example").unwrap().origin();
    let stored = facts(Kind::Manual, condition, keys(&before));
    let (before, after) = (Server(before, origin.clone(), false), Server(after, origin, false));
    Change::between(before.seen(), after.seen()).outcome(&stored)
}

proptest! {
    #[test]
    fn s50_to_s57_b01_deleted_exactly_when_the_mode_or_whether_it_takes_overrides_differs(case in cases()) {
        prop_assert_eq!(case.outcome().effect == Effect::Deleted, !case.same_kind());
    }

    #[test]
    fn d06_suspended_exactly_when_the_origin_differs(case in cases()) {
        let outcome = case.outcome();
        let moved = case.same_kind() && case.before.1 != case.after.1;
        prop_assert_eq!(outcome.effect == Effect::Suspended, moved);
        prop_assert!(!moved || outcome.condition == Condition::Suspended);
    }

    #[test]
    fn s61_d08_invalidated_exactly_for_tokens_whose_client_or_urls_changed(case in cases_from(settings_of(Mode::AuthorizationCode))) {
        let expected = case.stored.kind == Kind::OAuth && case.before.1 == case.after.1 && differs_beyond_scopes(&case);
        prop_assert_eq!(case.outcome().effect == Effect::Invalidated, expected);
    }

    #[test]
    fn d03_kept_values_are_some_of_the_stored_ones_under_names_that_are_asked_for(case in cases()) {
        let kept = case.outcome().kept_values;
        let asked = keys(&case.after.0);
        prop_assert!(kept.keys().all(|from| case.stored.fields.contains(from)));
        prop_assert!(kept.values().all(|to| asked.contains(to)));
        let targets: BTreeSet<&String> = kept.values().collect();
        prop_assert_eq!(targets.len(), kept.len(), "two values never fall together");
    }

    #[test]
    fn s60_d03_a_value_whose_name_stays_keeps_it(case in cases()) {
        let kept = case.outcome().kept_values;
        for name in case.stored.fields.iter().filter(|name| keys(&case.after.0).contains(name)) {
            prop_assert_eq!(kept.get(name), Some(name));
        }
    }

    #[test]
    fn d07_the_same_settings_change_nothing(case in cases()) {
        let same = Case { after: case.before.clone(), ..case };
        let outcome = same.outcome();
        prop_assert_eq!(outcome.effect, Effect::Kept);
        prop_assert_eq!(then(&same.stored, &outcome), same.stored);
        prop_assert!(outcome.kept_values.iter().all(|(from, to)| from == to));
    }

    #[test]
    fn d03_kept_means_that_it_can_be_used_as_before_and_needs_update_that_it_cannot(case in cases()) {
        let outcome = case.outcome();
        let lacked = case.stored.lacks(&case.before.0.fields());
        let lacks = then(&case.stored, &outcome).lacks(&case.after.0.fields());
        match outcome.effect {
            Effect::Kept => {
                prop_assert_eq!(outcome.condition, case.stored.condition);
                prop_assert!(lacked || !lacks);
            }
            Effect::NeedsUpdate => prop_assert!(lacks),
            Effect::Deleted | Effect::Invalidated | Effect::Suspended => {}
        }
    }

    #[test]
    fn d06_d08_no_change_of_settings_makes_a_blocked_override_usable(case in cases()) {
        let blocked = |condition| matches!(condition, Condition::Suspended | Condition::Invalidated);
        let outcome = case.outcome();
        if blocked(case.stored.condition) && outcome.effect != Effect::Deleted {
            prop_assert!(blocked(outcome.condition));
        }
    }

    #[test]
    fn s60_a_renamed_placeholder_costs_nobody_anything(before in settings_of(Mode::ApiKeyIndividual), at in select(&Condition::ALL[..])) {
        let after = with_one_of(before.clone(), before.clone(), RENAME);
        let outcome = manual_outcome(&before, &after, at);
        prop_assert_eq!((outcome.effect, outcome.condition), (Effect::Kept, at));
        let expected = keys(&parsed(&before)).into_iter().map(|key| (key.clone(), if key == "A" { "Z".to_owned() } else { key }));
        prop_assert_eq!(outcome.kept_values, expected.collect::<BTreeMap<_, _>>());
    }

    #[test]
    fn d03_a_rename_with_anything_else_is_none(before in settings_of(Mode::ApiKeyIndividual), at in select(&Condition::ALL[..])) {
        let mut before = before;
        before.headers.as_mut().unwrap().insert("X-A".to_owned(), Some("{{A}}".to_owned()));
        let mut after = with_one_of(before.clone(), before.clone(), RENAME);
        after.headers = after.headers.map(|headers| with_values(headers, |text| format!("x{text}")));
        let outcome = manual_outcome(&before, &after, at);
        prop_assert_eq!(outcome.effect, Effect::NeedsUpdate);
        prop_assert!(!outcome.kept_values.contains_key("A"));
    }
}
