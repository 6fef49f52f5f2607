//! Each word of a closed list has one spelling: in JSON, in routes and in the database.

use std::fmt::Debug;

use domain::actor::SubjectKind;
use domain::change::Effect;
use domain::injection::MissingReason;
use domain::outbound::Mode;
use domain::overrides::{Condition, Kind, State};
use domain::role::{PlatformRole, ServerRole};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn in_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(all: &[T], text: impl Fn(&T) -> &'static str) {
    for one in all {
        assert_eq!(serde_json::to_value(one).unwrap(), text(one));
        assert_eq!(serde_json::from_value::<T>(text(one).into()).ok().as_ref(), Some(one));
    }
}

fn parsed<T: PartialEq + Debug>(all: &[T], text: impl Fn(&T) -> &'static str, parse: impl Fn(&str) -> Option<T>) {
    for one in all {
        assert_eq!(parse(text(one)).as_ref(), Some(one));
        assert_eq!(parse(&text(one).to_uppercase()), None, "there is one spelling only");
    }
}

#[test]
fn the_words_of_a_list_are_written_and_read_alike() {
    in_json(&Mode::ALL, |one| one.as_str());
    parsed(&Mode::ALL, |one| one.as_str(), Mode::parse);
    in_json(&SubjectKind::ALL, |one| one.as_str());
    parsed(&SubjectKind::ALL, |one| one.as_str(), SubjectKind::parse);
    in_json(&Condition::ALL, |one| one.as_str());
    parsed(&Condition::ALL, |one| one.as_str(), Condition::parse);
    in_json(&State::ALL, |one| one.as_str());
    parsed(&State::ALL, |one| one.as_str(), State::parse);
    in_json(&[Kind::Manual, Kind::OAuth], |one| one.as_str());
    parsed(&[Kind::Manual, Kind::OAuth], |one| one.as_str(), Kind::parse);
    in_json(&[PlatformRole::Member, PlatformRole::Admin], |one| one.as_str());
    parsed(
        &[PlatformRole::Member, PlatformRole::Admin],
        |one| one.as_str(),
        PlatformRole::parse,
    );
    in_json(&[ServerRole::User, ServerRole::Manager], |one| one.as_str());
    parsed(
        &[ServerRole::User, ServerRole::Manager],
        |one| one.as_str(),
        ServerRole::parse,
    );
}

#[test]
fn what_is_only_told_is_told_alike() {
    use Effect::{Deleted, Invalidated, Kept, NeedsUpdate, Suspended};
    use MissingReason::{
        OauthConsentRequired, OauthInvalidated, OverrideMissing, OverrideNeedsUpdate, OverrideRejected,
        OverrideSuspended,
    };
    in_json(&[Deleted, Kept, Invalidated, Suspended, NeedsUpdate], |one| {
        one.as_str()
    });
    in_json(
        &[
            OverrideMissing,
            OverrideNeedsUpdate,
            OverrideSuspended,
            OverrideRejected,
            OauthConsentRequired,
            OauthInvalidated,
        ],
        |one| one.as_str(),
    );
}
