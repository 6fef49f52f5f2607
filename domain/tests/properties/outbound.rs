//! Outbound auth as it is written and shown (S05, S08, D03), and the settings that other properties start from.

use std::collections::BTreeMap;

use domain::outbound::{Mode, OutboundAuth};
use domain::outbound_input::OutboundInput;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// Long enough not to stand in a name or a URL by chance.
const SECRET: &str = "sk-[A-Za-z0-9]{6,40}";

fn header_name() -> impl Strategy<Value = String> {
    select(&["Authorization", "X-Key", "X-Team", "x-other", "Private-Token"][..]).prop_map(ToOwned::to_owned)
}

fn template() -> impl Strategy<Value = Value> {
    let parsed = "(Bearer |Basic )?\\{\\{ ?[A-C] ?\\}\\}(:\\{\\{[A-C]\\}\\})?".prop_map(Value::from);
    prop_oneof![3 => parsed, 1 => Just(Value::Null)]
}

fn url() -> impl Strategy<Value = String> {
    "https://(a|b)\\.example/[a-zé ]{0,9}"
}

/// Well-formed settings of one mode, as somebody would send them.
pub fn settings_of(mode: Mode) -> BoxedStrategy<OutboundInput> {
    let with = move |fields: Value| {
        let mut input = fields;
        input["mode"] = mode.as_str().into();
        serde_json::from_value::<OutboundInput>(input).unwrap()
    };
    let optional = |strategy: BoxedStrategy<String>| option::of(strategy);
    let scopes = vec("[a-z:.]{1,9}", 0..3);
    match mode {
        Mode::NoAuth | Mode::TokenPassthrough => Just(with(json!({}))).boxed(),
        Mode::ApiKeyShared => btree_map(header_name(), SECRET, 1..4)
            .prop_map(move |headers| with(json!({"headers": headers})))
            .boxed(),
        Mode::ApiKeyIndividual => btree_map(header_name(), template(), 1..4)
            .prop_map(move |headers| with(json!({"headers": headers})))
            .boxed(),
        Mode::AuthorizationCode => (any::<bool>(), [url(), url()], optional(url().boxed()), "[a-z]{1,9}", optional(SECRET.boxed()), scopes)
            .prop_map(move |(discover, [authorize, token], register, client, secret, scopes)| {
                with(json!({
                    "discover": discover, "authorization_url": authorize, "token_url": token, "registration_url": register,
                    "client_id": client, "client_secret": secret, "scopes": scopes,
                }))
            })
            .boxed(),
        Mode::ClientCredentials => (url(), "[a-z]{1,9}", SECRET, scopes)
            .prop_map(move |(token, client, secret, scopes)| {
                with(json!({"token_url": token, "client_id": client, "client_secret": secret, "scopes": scopes}))
            })
            .boxed(),
    }
}

pub fn settings() -> impl Strategy<Value = OutboundInput> {
    select(&Mode::ALL[..]).prop_flat_map(settings_of)
}

fn secrets(auth: &OutboundAuth) -> Vec<&str> {
    match auth {
        OutboundAuth::ApiKeyShared(headers) => headers.iter().map(|(_, secret)| secret.expose()).collect(),
        OutboundAuth::AuthorizationCode(settings) | OutboundAuth::ClientCredentials(settings) => {
            settings.client_secret.iter().map(|secret| secret.expose()).collect()
        }
        OutboundAuth::NoAuth | OutboundAuth::TokenPassthrough | OutboundAuth::ApiKeyIndividual(_) => Vec::new(),
    }
}

/// As an answer reaches its reader, and comes back.
fn over_the_wire(shown: &OutboundInput) -> OutboundInput {
    serde_json::from_str(&serde_json::to_string(shown).unwrap()).unwrap()
}

/// Anything at all in the fields that `mode` has.
fn nonsense() -> impl Strategy<Value = OutboundInput> {
    let text = || {
        prop_oneof![
            any::<String>(),
            "[ -~]{0,30}",
            Just("{{".to_owned()),
            Just("••••••••1234".to_owned())
        ]
    };
    let mode = prop_oneof![4 => select(&Mode::ALL[..]).prop_map(|mode| mode.as_str().to_owned()), 1 => text()];
    let headers = option::of(btree_map(prop_oneof![text(), header_name()], option::of(text()), 0..20));
    let texts = [
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    ];
    (mode, headers, option::of(any::<bool>()), texts).prop_map(|(mode, headers, discover, texts)| {
        let [authorization_url, token_url, registration_url, client_id, client_secret] = texts;
        OutboundInput {
            mode,
            headers,
            discover,
            authorization_url,
            token_url,
            registration_url,
            client_id,
            client_secret,
            scopes: None,
        }
    })
}

/// Well-formed settings, carelessly typed: white space around names and values, some URLs left out, other capitals.
fn careless() -> impl Strategy<Value = OutboundInput> {
    let pads = || select(&["", " ", "  ", "\t"][..]);
    (settings(), pads(), pads(), any::<bool>()).prop_map(|(input, before, after, fewer)| {
        let pad = |text: String| format!("{before}{text}{after}");
        let headers = input.headers.map(|headers| {
            let padded = headers.into_iter().map(|(name, value)| match name.as_str() {
                "X-Key" => (pad(name.to_uppercase()), value.map(pad)),
                _ => (name, value),
            });
            padded.collect()
        });
        OutboundInput {
            headers,
            token_url: input.token_url.map(pad),
            registration_url: input.registration_url.filter(|_| !fewer).map(pad),
            client_id: input.client_id.map(pad),
            client_secret: input.client_secret.map(pad),
            ..input
        }
    })
}

proptest! {
    #[test]
    fn s08_what_is_shown_holds_no_secret(input in settings()) {
        let auth = input.parse(None).unwrap();
        let shown = serde_json::to_string(&OutboundInput::masked(&auth)).unwrap();
        for secret in secrets(&auth) {
            prop_assert!(!shown.contains(secret));
        }
    }

    #[test]
    fn a_masked_value_written_back_keeps_the_secret_and_everything_else(input in settings()) {
        let auth = input.parse(None).unwrap();
        let shown = over_the_wire(&OutboundInput::masked(&auth));
        prop_assert_eq!(shown.parse(Some(&auth)), Ok(auth));
    }

    #[test]
    fn a_mask_means_nothing_to_a_server_that_keeps_no_such_secret(input in settings(), other in settings()) {
        let (auth, other) = (input.parse(None).unwrap(), other.parse(None).unwrap());
        let shown = OutboundInput::masked(&auth);
        if secrets(&auth).is_empty() {
            return Ok(());
        }
        prop_assert!(shown.parse(None).is_err());
        if auth.mode() != other.mode() {
            prop_assert!(shown.parse(Some(&other)).is_err(), "S50-S57: another mode's secret is not carried over");
        }
    }

    #[test]
    fn a_new_value_beside_masked_ones_changes_only_itself(input in settings_of(Mode::ApiKeyShared), new in SECRET, which in any::<prop::sample::Index>()) {
        let auth = input.parse(None).unwrap();
        let mut shown = OutboundInput::masked(&auth);
        let mut expected: BTreeMap<String, Option<String>> = input.headers.clone().unwrap();
        let name = which.get(&expected.keys().cloned().collect::<Vec<_>>()).clone();
        for headers in [&mut expected, shown.headers.as_mut().unwrap()] {
            headers.insert(name.clone(), Some(new.clone()));
        }
        let expected = OutboundInput { headers: Some(expected), ..input };
        prop_assert_eq!(shown.parse(Some(&auth)), expected.parse(None));
    }

    #[test]
    fn d03_the_fields_of_an_override_do_not_depend_on_secrets(input in settings()) {
        let auth = input.parse(None).unwrap();
        prop_assert_eq!(OutboundInput::masked(&auth).shown_fields(), auth.fields());
    }

    #[test]
    fn s08_whatever_is_wrong_is_told_without_repeating_a_value(input in nonsense()) {
        if let Err(errors) = input.parse(None) {
            prop_assert!(!errors.is_empty());
            let values = input.headers.iter().flatten().filter_map(|(_, value)| value.as_ref()).chain(&input.client_secret);
            // Shorter ones stand in any sentence.
            for value in values.filter(|value| value.trim().chars().count() > 8) {
                prop_assert!(errors.iter().all(|error| !error.message.contains(value.trim())));
            }
        }
    }

    #[test]
    fn d05_what_is_accepted_is_shown_and_accepted_again(input in prop_oneof![nonsense(), careless()]) {
        if let Ok(auth) = input.parse(None) {
            let shown = over_the_wire(&OutboundInput::masked(&auth));
            let again = shown.parse(Some(&auth));
            prop_assert_eq!(again.as_ref().map(OutboundAuth::fields), Ok(auth.fields()));
            prop_assert_eq!(again, Ok(auth));
        }
    }
}
