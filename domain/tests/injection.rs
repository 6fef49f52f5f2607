//! Which credential a call carries, printed (S40-S43, S04, S05, D12, B01, B03, B05).

#![expect(clippy::unwrap_used, reason = "a table that cannot be set up is a failed test")]

mod table;
mod upstreams;

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::{SubjectKind, SubjectRef};
use domain::id::OverrideId;
use domain::injection::{Choice, FillError, MissingReason, ServerFacts, decide, fill, shared};
use domain::outbound::{CredentialField, Mode, OAuthSettings, OutboundAuth};
use domain::outbound_input::OutboundInput;
use domain::overrides::{Condition, Kind, OverrideFacts, State};
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use domain::why::{Standing, explain};
use serde_json::json;
use upstreams::{COLUMNS, WITHOUT_B01};

const NOW: Timestamp = Timestamp(1_000);
const KEY: &str = "API_KEY";

/// Every server asks for one value.
fn asked() -> Vec<CredentialField> {
    let (key, label) = (KEY.to_owned(), KEY.to_owned());
    vec![CredentialField {
        key,
        label,
        whole_header: false,
    }]
}

fn own(kind: Kind, condition: Condition) -> OverrideFacts {
    let (subject_kind, id) = (SubjectKind::User, "bob".to_owned());
    OverrideFacts {
        id: OverrideId::new(format!("bobs {}", kind.as_str())),
        subject: SubjectRef { kind: subject_kind, id },
        kind,
        condition,
        fields: if kind == Kind::Manual {
            BTreeSet::from([KEY.to_owned()])
        } else {
            BTreeSet::new()
        },
        expires_at: None,
    }
}

fn lacking() -> OverrideFacts {
    OverrideFacts {
        fields: BTreeSet::new(),
        ..own(Kind::Manual, Condition::Good)
    }
}

fn expiring(kind: Kind, at: i64) -> OverrideFacts {
    OverrideFacts {
        expires_at: Some(Timestamp(at)),
        ..own(kind, Condition::Good)
    }
}

/// What a caller may have of their own on a server.
fn possessions() -> Vec<(&'static str, Vec<OverrideFacts>)> {
    let manual = |condition| own(Kind::Manual, condition);
    let token = |condition| own(Kind::OAuth, condition);
    let good = || token(Condition::Good);
    vec![
        ("nothing", vec![]),
        ("manual", vec![manual(Condition::Good)]),
        ("manual, expires in a second", vec![expiring(Kind::Manual, 1_001)]),
        ("manual, expires now", vec![expiring(Kind::Manual, 1_000)]),
        ("manual, rejected", vec![manual(Condition::Rejected)]),
        ("manual, suspended", vec![manual(Condition::Suspended)]),
        ("manual, lacks a value", vec![lacking()]),
        ("token", vec![good()]),
        ("token, to be refreshed", vec![expiring(Kind::OAuth, 1_000)]),
        ("token, rejected", vec![token(Condition::Rejected)]),
        ("token, suspended", vec![token(Condition::Suspended)]),
        ("token, invalidated", vec![token(Condition::Invalidated)]),
        ("manual + token", vec![manual(Condition::Good), good()]),
        ("manual, rejected + token", vec![manual(Condition::Rejected), good()]),
        ("manual, suspended + token", vec![manual(Condition::Suspended), good()]),
        ("manual, expired + token", vec![expiring(Kind::Manual, 1_000), good()]),
        ("manual, lacks a value + token", vec![lacking(), good()]),
        (
            "manual + token, invalidated",
            vec![manual(Condition::Good), token(Condition::Invalidated)],
        ),
        (
            "manual, suspended + token, invalidated",
            vec![manual(Condition::Suspended), token(Condition::Invalidated)],
        ),
        (
            "manual, lacks a value + token, rejected",
            vec![lacking(), token(Condition::Rejected)],
        ),
    ]
}

fn chosen(mode: Mode, allow_optional: bool, own: &[OverrideFacts]) -> Choice {
    let asked = asked();
    let server = ServerFacts {
        mode,
        allow_optional,
        asked: &asked,
    };
    decide(server, own, NOW)
}

fn cell(choice: &Choice) -> String {
    match choice {
        Choice::Own(_, Kind::Manual) => "manual".to_owned(),
        Choice::Own(_, Kind::OAuth) => "token".to_owned(),
        Choice::ServerDefault => "server's own".to_owned(),
        Choice::PassThrough => "caller's".to_owned(),
        Choice::Nothing => "none".to_owned(),
        Choice::Missing(reason) => format!("! {}", reason.as_str()),
    }
}

#[test]
fn s40_to_s43_d12_b01_which_credential_a_call_carries() {
    let rows = possessions().into_iter().map(|(name, own)| {
        let cells = COLUMNS.map(|(_, mode, allow)| {
            // Consent is offered with authorization code only, and S52-S55 delete what it gave.
            let uses_overrides = !matches!(mode, Mode::TokenPassthrough | Mode::NoAuth);
            let has_tokens = mode == Mode::AuthorizationCode || !uses_overrides;
            let impossible = !has_tokens && own.iter().any(|one| one.kind == Kind::OAuth);
            if impossible {
                ".".to_owned()
            } else {
                cell(&chosen(mode, allow, &own))
            }
        });
        [vec![name.to_owned()], cells.to_vec()].concat()
    });
    let head = [vec!["the caller has"], COLUMNS.map(|(name, ..)| name).to_vec()].concat();
    let printed = table::print(&head, &rows.collect::<Vec<_>>());
    insta::assert_snapshot!("choices", printed);
}

#[test]
fn b03_every_decision_is_told_step_by_step() {
    let mut told: Vec<(Vec<&str>, String)> = Vec::new();
    for mode in [
        Mode::AuthorizationCode,
        Mode::ApiKeyShared,
        Mode::TokenPassthrough,
        Mode::NoAuth,
    ] {
        for (name, own) in possessions() {
            let asked = asked();
            let server = ServerFacts {
                mode,
                allow_optional: false,
                asked: &asked,
            };
            let decision = explain(Standing::MayCall, server, &own, NOW);
            assert_eq!(decision.choice, Some(decide(server, &own, NOW)), "{name}");
            let steps: String = decision.steps.iter().map(|step| format!("  {}\n", step.text)).collect();
            match told.iter_mut().find(|(_, known)| *known == steps) {
                Some((names, _)) => names.push(name),
                None => told.push((vec![name], steps)),
            }
        }
    }
    let told = told
        .iter()
        .map(|(names, steps)| match names.len() == possessions().len() {
            true => format!("whatever the caller has\n{steps}"),
            false => format!("{}\n{steps}", names.join(" | ")),
        });
    let printed = told.collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("why", printed);
}

#[test]
fn b03_d09_who_may_not_call_gets_no_credential_whatever_is_there() {
    let asked = asked();
    for standing in [Standing::NoAccess, Standing::Disabled] {
        for (name, own) in possessions() {
            for mode in Mode::ALL {
                let server = ServerFacts {
                    mode,
                    allow_optional: true,
                    asked: &asked,
                };
                let decision = explain(standing, server, &own, NOW);
                assert_eq!((decision.choice, decision.steps.len()), (None, 2), "{name}, {mode:?}");
            }
        }
    }
}

#[test]
fn s42_d12_an_override_of_ones_own_that_cannot_be_used_is_never_replaced_by_the_servers_credential() {
    for (name, own) in possessions().into_iter().filter(|(_, own)| !own.is_empty()) {
        for mode in [Mode::ApiKeyShared, Mode::ClientCredentials] {
            assert_ne!(chosen(mode, true, &own), Choice::ServerDefault, "{name}, {mode:?}");
        }
    }
}

#[test]
fn s21_s23_without_b01_an_override_that_is_there_is_not_used() {
    for (name, own) in possessions() {
        for mode in [Mode::ApiKeyShared, Mode::ClientCredentials] {
            assert_eq!(chosen(mode, false, &own), Choice::ServerDefault, "{name}, {mode:?}");
        }
    }
}

#[test]
fn d12_the_order_in_which_overrides_are_read_does_not_matter() {
    for (name, own) in possessions() {
        let turned = own.iter().rev().cloned().collect::<Vec<_>>();
        for (_, mode, allow) in COLUMNS {
            assert_eq!(
                chosen(mode, allow, &own),
                chosen(mode, allow, &turned),
                "{name}, {mode:?}"
            );
        }
    }
}

#[test]
fn s41_the_choice_names_an_override_that_was_handed_in() {
    for (name, own) in possessions() {
        for (_, mode, allow) in COLUMNS {
            if let Choice::Own(id, kind) = chosen(mode, allow, &own) {
                assert!(
                    own.iter().any(|one| one.id == id && one.kind == kind),
                    "{name}, {mode:?}"
                );
            }
        }
    }
}

#[test]
fn b05_a_call_uses_an_override_exactly_when_its_state_says_that_it_may() {
    for (name, own) in possessions() {
        let [only] = own.as_slice() else { continue };
        let state = only.state(&asked(), true, NOW);
        let used = matches!(chosen(Mode::AuthorizationCode, false, &own), Choice::Own(..));
        // Rejected is still sent: the upstream has the last word.
        assert_eq!(
            used,
            matches!(state, State::Active | State::Rejected),
            "{name}: {state:?}"
        );
    }
}

#[test]
fn b01_has_no_say_elsewhere() {
    for (name, own) in possessions() {
        for mode in WITHOUT_B01 {
            assert_eq!(chosen(mode, false, &own), chosen(mode, true, &own), "{name}, {mode:?}");
        }
    }
}

#[test]
fn s43_individual_without_an_override_is_an_error_that_names_the_reason() {
    use MissingReason::{OauthConsentRequired, OverrideMissing};
    assert_eq!(
        chosen(Mode::ApiKeyIndividual, false, &[]),
        Choice::Missing(OverrideMissing)
    );
    assert_eq!(
        chosen(Mode::AuthorizationCode, false, &[]),
        Choice::Missing(OauthConsentRequired)
    );
}

fn individual(headers: &serde_json::Value) -> OutboundAuth {
    let input = json!({"mode": "api_key_individual", "headers": headers});
    serde_json::from_value::<OutboundInput>(input)
        .unwrap()
        .parse(None)
        .unwrap()
}

fn sent(auth: &OutboundAuth, values: &[(&str, &str)]) -> Result<Vec<String>, FillError> {
    let values: BTreeMap<String, Secret> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), Secret::new(*value)))
        .collect();
    let headers = fill(&auth.override_headers(), &values)?;
    Ok(headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.expose()))
        .collect())
}

#[test]
fn s04_c1_the_value_stands_in_the_template() {
    let auth = individual(&json!({"Authorization": "Bearer {{API_KEY}}"}));
    assert_eq!(
        sent(&auth, &[("API_KEY", "sk-abc123")]),
        Ok(vec!["Authorization: Bearer sk-abc123".into()])
    );
}

#[test]
fn s05_c2_a_whole_value_is_sent_as_it_is() {
    let auth = individual(&json!({"Authorization": null}));
    let values = [("header:authorization", "Bearer sk-abc123")];
    assert_eq!(sent(&auth, &values), Ok(vec!["Authorization: Bearer sk-abc123".into()]));
}

#[test]
fn s42_on_oauth2_a_manual_override_is_the_whole_authorization_value() {
    for auth in [OutboundAuth::AuthorizationCode, OutboundAuth::ClientCredentials] {
        let auth = auth(OAuthSettings::default());
        let values = [("header:authorization", "Bearer mine")];
        assert_eq!(sent(&auth, &values), Ok(vec!["Authorization: Bearer mine".into()]));
    }
}

#[test]
fn d03_several_placeholders_in_several_headers_each_get_their_own_value() {
    let auth = individual(&json!({"Authorization": "Basic {{USER}}:{{KEY}}", "X-Key": "{{KEY}}", "X-Team": null}));
    let values = [("USER", "bob"), ("KEY", "k"), ("header:x-team", "red"), ("UNUSED", "u")];
    assert_eq!(
        sent(&auth, &values),
        Ok(vec![
            "Authorization: Basic bob:k".into(),
            "X-Key: k".into(),
            "X-Team: red".into()
        ])
    );
}

#[test]
fn d03_d04_a_missing_value_sends_nothing_and_the_two_kinds_of_value_never_stand_in_for_each_other() {
    let template = individual(&json!({"Authorization": "{{KEY}}"}));
    let bare = individual(&json!({"KEY": null}));
    assert_eq!(
        sent(&template, &[("header:key", "v"), ("key", "v")]),
        Err(FillError::MissingValue)
    );
    assert_eq!(sent(&bare, &[("KEY", "v")]), Err(FillError::MissingValue));
    let two = individual(&json!({"X-A": "{{A}}", "X-B": "{{B}}"}));
    assert_eq!(
        sent(&two, &[("A", "v")]),
        Err(FillError::MissingValue),
        "not even the header that could be filled"
    );
}

/// C3: forced into the database past the check at the door.
const NOT_SENDABLE: [&str; 9] = ["", " ", "\t", "a ", "a\r\nX-Evil: 1", "a\0", "a\x7f", "a\tb", "clé"];

#[test]
fn c3_a_value_that_is_none_for_a_header_is_not_sent() {
    let template = individual(&json!({"Authorization": "{{KEY}}"}));
    let inside = individual(&json!({"Authorization": "Bearer {{KEY}}"}));
    let bare = individual(&json!({"Authorization": null}));
    for bad in NOT_SENDABLE {
        for refused in [
            sent(&template, &[("KEY", bad)]),
            sent(&inside, &[("KEY", bad)]),
            sent(&bare, &[("header:authorization", bad)]),
        ] {
            assert_eq!(refused, Err(FillError::NotAHeaderValue), "{bad:?}");
        }
    }
    assert_eq!(
        sent(&bare, &[("header:authorization", " a")]),
        Err(FillError::NotAHeaderValue)
    );
}

#[test]
fn s43_the_servers_own_headers_are_sent_whole_and_only_in_shared_mode() {
    let name = || domain::header::HeaderName::parse("Authorization").unwrap();
    let auth = OutboundAuth::ApiKeyShared(vec![(name(), Secret::new("Bearer sk-shared"))]);
    assert_eq!(shared(&auth), Ok(vec![(name(), Secret::new("Bearer sk-shared"))]));
    for bad in NOT_SENDABLE {
        let forced = OutboundAuth::ApiKeyShared(vec![(name(), Secret::new(bad))]);
        assert_eq!(shared(&forced), Err(FillError::NotAHeaderValue), "{bad:?}");
    }
    for other in [
        OutboundAuth::NoAuth,
        OutboundAuth::TokenPassthrough,
        individual(&json!({"Authorization": null})),
        OutboundAuth::AuthorizationCode(OAuthSettings::default()),
        OutboundAuth::ClientCredentials(OAuthSettings::default()),
    ] {
        assert_eq!(shared(&other), Err(FillError::MissingValue), "{:?}", other.mode());
    }
}
