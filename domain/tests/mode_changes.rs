//! What a change of a server's settings does to the overrides that are there, printed (S50-S57, S60, S61, D03, D04, D06-D08, B01).

#![expect(clippy::unwrap_used, reason = "a table that cannot be set up is a failed test")]

mod table;

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::{SubjectKind, SubjectRef};
use domain::change::{self, Change, Effect, EffectCounts, ModeEffect, Outcome, mode_effect};
use domain::id::OverrideId;
use domain::outbound::{Mode, OutboundAuth};
use domain::outbound_input::OutboundInput;
use domain::overrides::{Condition, Kind, OverrideFacts};
use domain::server::{Origin, ServerUrl};
use domain::timestamp::Timestamp;
use serde_json::{Value, json};

/// Every mode, and where the setting of B01 counts, both ways of it.
const KINDS: [(Mode, bool, &str); 8] = [
    (Mode::ApiKeyIndividual, false, "Individual"),
    (Mode::ApiKeyShared, false, "Shared"),
    (Mode::ApiKeyShared, true, "Shared + B01"),
    (Mode::AuthorizationCode, false, "Authorization Code"),
    (Mode::ClientCredentials, false, "Client Credentials"),
    (Mode::ClientCredentials, true, "Client Credentials + B01"),
    (Mode::TokenPassthrough, false, "Token passthrough"),
    (Mode::NoAuth, false, "No auth"),
];

/// The row of the specification that speaks of a pair of modes; B01 where the setting decides.
fn spec_row((before, on, _): (Mode, bool, &str), (after, off, _): (Mode, bool, &str)) -> &'static str {
    use Mode::{ApiKeyIndividual, ApiKeyShared, AuthorizationCode, ClientCredentials, NoAuth, TokenPassthrough};
    match (before, after) {
        _ if before == after && on == off => "",
        _ if before == after => "B01",
        (TokenPassthrough | NoAuth, _) => "S57",
        (_, TokenPassthrough | NoAuth) => "S56",
        (ApiKeyIndividual, ApiKeyShared) => "S50",
        (ApiKeyShared, ApiKeyIndividual) | (ClientCredentials, AuthorizationCode) if on => "B01",
        (ApiKeyShared, ApiKeyIndividual) => "S51",
        (ApiKeyIndividual | ApiKeyShared, _) => "S52",
        (_, ApiKeyIndividual | ApiKeyShared) => "S53",
        (AuthorizationCode, _) => "S54",
        _ => "S55",
    }
}

#[test]
fn s50_to_s57_b01_every_pair_of_modes_and_the_setting() {
    let rows = KINDS.map(|before| {
        let cells = KINDS.map(|after| {
            let effect = match mode_effect((before.0, before.1), (after.0, after.1)) {
                ModeEffect::Same => "=",
                ModeEffect::Delete => "deleted",
                ModeEffect::NoneExisted => "none existed",
            };
            format!("{} {effect}", spec_row(before, after)).trim().to_owned()
        });
        [vec![before.2.to_owned()], cells.to_vec()].concat()
    });
    let head = [vec!["before \\ after"], KINDS.map(|kind| kind.2).to_vec()].concat();
    let printed = table::print(&head, &rows);
    insta::assert_snapshot!("modes", printed);
}

/// Where a mode does not ask for it, the setting makes no difference.
#[test]
fn b01_the_setting_counts_in_the_two_shared_modes_only() {
    for (before, allowed, _) in KINDS {
        for after in Mode::ALL {
            for (one, other) in [((before, allowed), (after, false)), ((before, allowed), (after, true))] {
                let counts = |mode| matches!(mode, Mode::ApiKeyShared | Mode::ClientCredentials);
                let turned = |(mode, on): (Mode, bool)| if counts(mode) { (mode, on) } else { (mode, !on) };
                let effect = mode_effect(one, other);
                assert_eq!(effect, mode_effect(turned(one), turned(other)), "{one:?} to {other:?}");
            }
        }
    }
}

/// What a server has before or after a change. `false`: B01 is off.
struct Settings(OutboundAuth, Origin, bool);

const URL: &str = "https://a.example/mcp";

impl Settings {
    fn parse(auth: Value, url: &str) -> Self {
        let auth = serde_json::from_value::<OutboundInput>(auth).unwrap().parse(None);
        Self(auth.unwrap(), ServerUrl::parse(url).unwrap().origin(), false)
    }

    /// The usual settings of a mode, with B01 as it says.
    fn of_kind((mode, allow_optional, _): (Mode, bool, &str)) -> Self {
        let usual = match mode {
            Mode::ApiKeyIndividual => Self::api_key("Authorization: Bearer {{API_KEY}}"),
            Mode::ApiKeyShared => Self::api_key("shared Authorization: Bearer sk"),
            Mode::AuthorizationCode | Mode::ClientCredentials => Self::oauth(mode, "{}"),
            Mode::TokenPassthrough | Mode::NoAuth => Self::parse(json!({"mode": mode}), URL),
        };
        Self(usual.0, usual.1, allow_optional)
    }

    /// `Authorization: Bearer {{A}}, X-Whole @ https://b.example`: headers, and a URL where it is not the usual one.
    /// `shared` in front makes them the shared ones, with B01 on.
    fn api_key(text: &str) -> Self {
        let (headers, url) = text.split_once(" @ ").unwrap_or((text, URL));
        let (mode, headers) = match headers.strip_prefix("shared ") {
            Some(headers) => (Mode::ApiKeyShared, headers),
            None => (Mode::ApiKeyIndividual, headers),
        };
        let allowed = mode == Mode::ApiKeyShared;
        let headers: BTreeMap<&str, Option<&str>> = headers
            .split(", ")
            .map(|header| {
                header
                    .split_once(": ")
                    .map_or((header, None), |(name, value)| (name, Some(value)))
            })
            .collect();
        let parsed = Self::parse(json!({"mode": mode.as_str(), "headers": headers}), url);
        Self(parsed.0, parsed.1, allowed)
    }

    /// The usual settings of an OAuth2 server, with those of `text` (JSON) instead; `null` takes one away.
    fn oauth(mode: Mode, text: &str) -> Self {
        let (different, url) = text.split_once(" @ ").unwrap_or((text, URL));
        let mut auth = json!({
            "mode": mode, "token_url": "https://login.example/token", "client_id": "one", "client_secret": "first",
        });
        if mode == Mode::AuthorizationCode {
            auth["authorization_url"] = "https://login.example/authorize".into();
            auth["registration_url"] = "https://login.example/register".into();
        }
        for (name, value) in serde_json::from_str::<BTreeMap<String, Value>>(different).unwrap() {
            match value {
                Value::Null => drop(auth.as_object_mut().unwrap().remove(&name)),
                value => auth[name] = value,
            }
        }
        Self::parse(auth, url)
    }

    fn changed_to(&self, after: &Self) -> Change {
        Change::between(self.as_rules_see(), after.as_rules_see())
    }

    fn as_rules_see(&self) -> change::Settings<'_> {
        change::Settings {
            auth: &self.0,
            origin: &self.1,
            allow_optional: self.2,
        }
    }

    fn asked(&self) -> BTreeSet<String> {
        self.0.fields().into_iter().map(|field| field.key).collect()
    }

    /// A manual override that holds every value asked for.
    fn manual(&self, condition: Condition) -> OverrideFacts {
        stored(Kind::Manual, condition, self.asked())
    }
}

fn stored(kind: Kind, condition: Condition, fields: BTreeSet<String>) -> OverrideFacts {
    let (kind_of_subject, id) = (SubjectKind::User, "bob".into());
    OverrideFacts {
        id: OverrideId::new("o1"),
        subject: SubjectRef {
            kind: kind_of_subject,
            id,
        },
        kind,
        condition,
        fields,
        expires_at: None,
    }
}

fn token(condition: Condition) -> OverrideFacts {
    stored(Kind::OAuth, condition, BTreeSet::new())
}

/// The effect, and the state that people then see where it says more.
fn cell(stored: &OverrideFacts, outcome: &Outcome, after: &Settings) -> String {
    let then = OverrideFacts {
        condition: outcome.condition,
        fields: outcome.kept_values.values().cloned().collect(),
        ..stored.clone()
    };
    let effect = outcome.effect.as_str();
    let state = then.state(&after.0.fields(), true, Timestamp(0)).as_str();
    if outcome.effect == Effect::Deleted || state == effect {
        effect.to_owned()
    } else {
        format!("{effect}, {state}")
    }
}

/// Which values stay, and under which name.
fn values(outcome: &Outcome) -> String {
    let values = outcome.kept_values.iter();
    let values = values.map(|(from, to)| {
        if from == to {
            from.clone()
        } else {
            format!("{from} as {to}")
        }
    });
    let values = values.collect::<Vec<_>>().join(", ");
    if values.is_empty() { "(none)".to_owned() } else { values }
}

/// Row of the specification, what changes, before, after (`=`: the same again).
const API_KEY_CHANGES: &str = "
D07     | the same                      | Authorization: Bearer {{API_KEY}}      | =
D07     | the same, bare                | Authorization                          | =
D03     | spaces inside the braces      | Authorization: Bearer {{API_KEY}}      | Authorization: Bearer {{ API_KEY }}
D03     | the text around it            | Authorization: Bearer {{API_KEY}}      | Authorization: Token {{API_KEY}}
D03     | another header                | Authorization: Bearer {{API_KEY}}      | X-Key: Bearer {{API_KEY}}
S60     | renamed                       | Authorization: Bearer {{API_KEY}}      | Authorization: Bearer {{TOKEN}}
S60     | renamed, standing twice       | Authorization: {{A}}:{{A}}             | Authorization: {{B}}:{{B}}
S60     | renamed in two headers        | Authorization: {{A}}, X-Team: x-{{A}}  | Authorization: {{B}}, X-Team: x-{{B}}
S60     | renamed, header's capitals    | Authorization: {{A}}                   | AUTHORIZATION: {{B}}
S60     | one of two renamed            | Authorization: Basic {{USER}}:{{KEY}}  | Authorization: Basic {{USER}}:{{TOKEN}}
D03     | renamed in one of two headers | Authorization: {{A}}, X-Team: {{A}}    | Authorization: {{A}}, X-Team: {{B}}
D03     | renamed, and the text         | Authorization: Bearer {{API_KEY}}      | Authorization: Token {{TOKEN}}
D03     | renamed, and the header       | Authorization: Bearer {{API_KEY}}      | X-Key: Bearer {{TOKEN}}
D03     | renamed, and one more header  | Authorization: Bearer {{API_KEY}}      | Authorization: Bearer {{TOKEN}}, X-Key: {{TOKEN}}
D03     | both renamed                  | Authorization: Basic {{USER}}:{{KEY}}  | Authorization: Basic {{NAME}}:{{TOKEN}}
D03     | swapped                       | Authorization: Basic {{USER}}:{{KEY}}  | Authorization: Basic {{KEY}}:{{USER}}
D03     | one more                      | Authorization: Bearer {{API_KEY}}      | Authorization: Bearer {{API_KEY}}-{{TEAM}}
D03     | one more, in a new header     | Authorization: {{A}}                   | Authorization: {{A}}, X-Team: {{TEAM}}
D03     | one fewer                     | Authorization: Basic {{USER}}:{{KEY}}  | Authorization: Basic {{KEY}}
D03     | a header fewer                | Authorization: {{A}}, X-Team: {{TEAM}} | Authorization: {{A}}
D03     | two become one                | Authorization: Basic {{USER}}:{{KEY}}  | Authorization: Basic {{KEY}}:{{KEY}}
D03     | one becomes two               | Authorization: {{A}}:{{A}}             | Authorization: {{A}}:{{B}}
D04     | template to bare header       | Authorization: Bearer {{API_KEY}}      | Authorization
D04     | bare header to template       | Authorization                          | Authorization: Bearer {{API_KEY}}
D04     | another bare header           | Authorization                          | X-Key
D04     | the header's capitals         | Authorization                          | AUTHORIZATION
D04     | one of two headers            | Authorization, X-Team: {{TEAM}}        | Authorization: {{API_KEY}}, X-Team: {{TEAM}}
D06     | another path                  | Authorization: {{A}}                   | Authorization: {{A}} @ https://a.example/other?x=1
D06     | the port spelt out            | Authorization: {{A}}                   | Authorization: {{A}} @ https://a.example:443/mcp
D06     | another host                  | Authorization: {{A}}                   | Authorization: {{A}} @ https://b.example/mcp
D06     | another port                  | Authorization: {{A}}                   | Authorization: {{A}} @ https://a.example:8443/mcp
D06     | another scheme                | Authorization: {{A}}                   | Authorization: {{A}} @ http://a.example/mcp
D06 S60 | another host, renamed         | Authorization: {{A}}                   | Authorization: {{B}} @ https://b.example/mcp
D06 D04 | another host, now bare        | Authorization: {{A}}                   | Authorization @ https://b.example/mcp
B01     | shared, the same              | shared Authorization: Bearer sk        | =
B01     | shared, another value         | shared Authorization: Bearer sk        | shared Authorization: Bearer other
B01     | shared, another header        | shared Authorization: Bearer sk        | shared X-Key: sk
B01     | shared, one more header       | shared Authorization: Bearer sk        | shared Authorization: Bearer sk, X-Key: sk
B01     | shared, one header fewer      | shared Authorization: sk, X-Key: sk    | shared Authorization: sk
B01 D06 | shared, another host          | shared Authorization: Bearer sk        | shared Authorization: Bearer sk @ https://b.example
";

fn lines(changes: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = changes.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.split(" | ").map(str::trim).collect())
}

#[test]
fn s60_d03_d04_d06_d07_b01_api_key_settings() {
    let rows = lines(API_KEY_CHANGES).map(|told| {
        let before = Settings::api_key(told[2]);
        let after = Settings::api_key(if told[3] == "=" { told[2] } else { told[3] });
        let change = before.changed_to(&after);
        let cells = [
            before.manual(Condition::Good),
            before.manual(Condition::Rejected),
            before.manual(Condition::Suspended),
            stored(Kind::Manual, Condition::Good, BTreeSet::new()),
        ]
        .map(|one| cell(&one, &change.outcome(&one), &after));
        let kept = values(&change.outcome(&before.manual(Condition::Good)));
        let told = told.into_iter().map(ToOwned::to_owned);
        told.chain(cells).chain([kept]).collect()
    });
    let held = ["good", "rejected", "suspended", "holding nothing"];
    let head = [
        ["row", "change", "before", "after"].as_slice(),
        &held,
        &["values that stay"],
    ]
    .concat();
    let printed = table::print(&head, &rows.collect::<Vec<_>>());
    insta::assert_snapshot!("api_key_settings", printed);
}

const AUTHORIZATION_CODE_CHANGES: &str = r#"
D07     | the same                | {}
S61     | client id               | {"client_id": "two"}
S61     | client secret           | {"client_secret": "second"}
S61     | client secret gone      | {"client_secret": null}
D08     | authorization URL       | {"authorization_url": "https://other.example/authorize"}
D08     | token URL               | {"token_url": "https://other.example/token"}
D08     | registration URL        | {"registration_url": "https://other.example/register"}
D08     | registration URL gone   | {"registration_url": null}
D08     | discovery switched on   | {"discover": true}
D08     | scopes                  | {"scopes": ["read", "write"]}
D06     | another host            | {} @ https://b.example/mcp
D06 S61 | another host and client | {"client_id": "two"} @ https://b.example/mcp
"#;

#[test]
fn s61_d06_d07_d08_authorization_code_settings() {
    let before = Settings::oauth(Mode::AuthorizationCode, "{}");
    let rows = lines(AUTHORIZATION_CODE_CHANGES).map(|told| {
        let after = Settings::oauth(Mode::AuthorizationCode, told[2]);
        let change = before.changed_to(&after);
        let manual = [Condition::Good, Condition::Rejected, Condition::Suspended].map(|at| before.manual(at));
        let all = manual.into_iter().chain(Condition::ALL.map(token));
        let cells = all.map(|one| cell(&one, &change.outcome(&one), &after));
        told.into_iter().map(ToOwned::to_owned).chain(cells).collect()
    });
    let manual = ["manual good", "manual rejected", "manual suspended"];
    let tokens = ["token good", "token rejected", "token suspended", "token invalidated"];
    let head = [["row", "change", "after"].as_slice(), &manual, &tokens].concat();
    let printed = table::print(&head, &rows.collect::<Vec<_>>());
    insta::assert_snapshot!("authorization_code_settings", printed);
}

#[test]
fn d08_b01_a_new_client_leaves_manual_overrides_on_client_credentials_alone() {
    let before = Settings::oauth(Mode::ClientCredentials, "{}");
    for different in [
        r#"{"client_id": "two"}"#,
        r#"{"client_secret": "second"}"#,
        r#"{"token_url": "https://c.example"}"#,
    ] {
        let change = before.changed_to(&Settings::oauth(Mode::ClientCredentials, different));
        for stored in Condition::ALL.map(|at| before.manual(at)) {
            let outcome = change.outcome(&stored);
            assert_eq!(
                (outcome.effect, outcome.condition),
                (Effect::Kept, stored.condition),
                "{different}"
            );
        }
    }
}

#[test]
fn s50_to_s57_b01_another_mode_or_the_setting_turned_deletes_whatever_is_there() {
    for from in KINDS {
        for to in KINDS {
            let (before, after) = (Settings::of_kind(from), Settings::of_kind(to));
            for stored in Condition::ALL.into_iter().flat_map(|at| [before.manual(at), token(at)]) {
                let effect = before.changed_to(&after).outcome(&stored).effect;
                // D07: the same kind here is the same settings.
                let expected = if from == to { Effect::Kept } else { Effect::Deleted };
                assert_eq!(effect, expected, "{from:?} to {to:?}: {stored:?}");
            }
        }
    }
}

/// By D06 alone it would be suspended.
#[test]
fn b01_d06_switched_off_and_moved_at_once_is_deleted() {
    let before = Settings::api_key("shared Authorization: sk");
    let moved = Settings::api_key("shared Authorization: sk @ https://b.example");
    let off = Settings(moved.0, moved.1, false);
    let outcome = before.changed_to(&off).outcome(&before.manual(Condition::Good));
    assert_eq!(outcome.effect, Effect::Deleted);
}

#[test]
fn d07_an_override_that_lacked_a_value_before_is_kept_by_a_change_that_asks_for_nothing_else() {
    let before = "Authorization: Basic {{USER}}:{{KEY}}";
    let lacking = stored(Kind::Manual, Condition::Good, BTreeSet::from(["USER".to_owned()]));
    for (after, effect) in [
        (before, Effect::Kept),
        ("Authorization: Digest {{USER}}:{{KEY}}", Effect::Kept),
        ("Authorization: Basic {{NAME}}:{{KEY}}", Effect::Kept),
        ("Authorization: Basic {{USER}}:{{KEY}}:{{MORE}}", Effect::NeedsUpdate),
    ] {
        let change = Settings::api_key(before).changed_to(&Settings::api_key(after));
        assert_eq!(change.outcome(&lacking).effect, effect, "{after}");
    }
}

#[test]
fn d07_a_suspended_override_that_loses_its_value_is_not_called_kept() {
    let before = Settings::api_key("Authorization: {{A}}");
    let change = before.changed_to(&Settings::api_key("Authorization"));
    let outcome = change.outcome(&before.manual(Condition::Suspended));
    assert_eq!(outcome.effect, Effect::NeedsUpdate);
    assert_eq!(
        outcome.condition,
        Condition::Suspended,
        "D06: it still needs confirming"
    );
}

#[test]
fn d07_each_effect_is_counted_under_its_own_name() {
    use Effect::{Deleted, Invalidated, Kept, NeedsUpdate, Suspended};
    let mut counts = EffectCounts::default();
    for (times, effect) in (1..).zip([Deleted, Kept, Invalidated, Suspended, NeedsUpdate]) {
        (0..times).for_each(|_| counts.add(effect));
    }
    let expected = json!({"deleted": 1, "kept": 2, "invalidated": 3, "suspended": 4, "needs_update": 5});
    assert_eq!(serde_json::to_value(counts).unwrap(), expected);
}
