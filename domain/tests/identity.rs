//! What identity providers' tokens are held against (A6, A7), sentence by sentence.

use std::collections::BTreeMap;

use domain::id::VirtualAccountId;
use domain::identity::{
    Algorithm, Claims, Head, MAX_SUBJECT, Refused, Rules, SKEW, TokenType, check_claims, check_head,
};
use domain::timestamp::Timestamp;

const NOW: Timestamp = Timestamp(1_000_000);

fn rules() -> Rules {
    Rules {
        issuer: "https://id.example".to_owned(),
        audiences: vec!["https://overkey.example".to_owned(), "overkey".to_owned()],
        algorithms: vec![Algorithm::Rs256, Algorithm::Es256],
        token_type: TokenType::AccessToken,
        accounts: BTreeMap::from([("ci".to_owned(), VirtualAccountId::new("ci-bot"))]),
        external: true,
    }
}

fn claims() -> Claims {
    Claims {
        issuer: "https://id.example".to_owned(),
        audiences: vec!["overkey".to_owned()],
        expires_at: Some(NOW.0 + 300),
        subject: "ada".to_owned(),
        ..Claims::default()
    }
}

fn head<'a>(algorithm: &'a str, token_type: Option<&'a str>) -> Head<'a> {
    Head {
        algorithm,
        token_type,
        critical: false,
    }
}

fn refused(change: impl FnOnce(&mut Claims)) -> Option<Refused> {
    let mut changed = claims();
    change(&mut changed);
    check_claims(changed, &rules(), NOW).err()
}

#[test]
fn a6_only_listed_algorithms_count_and_none_and_hmac_are_never_listed() {
    assert_eq!(
        check_head(head("RS256", Some("at+jwt")), &rules()),
        Ok(Algorithm::Rs256)
    );
    for bad in ["none", "None", "HS256", "HS384", "HS512", "rs256", "RS512", "PS256", ""] {
        assert_eq!(
            check_head(head(bad, Some("at+jwt")), &rules()),
            Err(Refused::Algorithm),
            "{bad}"
        );
    }
    for never in ["none", "HS256", "HS384", "HS512"] {
        assert_eq!(Algorithm::parse(never), None, "{never}");
    }
}

#[test]
fn a6_extensions_that_must_be_understood_are_not() {
    let critical = Head {
        critical: true,
        ..head("RS256", Some("at+jwt"))
    };
    assert_eq!(check_head(critical, &rules()), Err(Refused::Critical));
}

#[test]
fn a6_id_tokens_are_refused_by_their_type_or_by_what_they_say() {
    for (typ, strict, loose) in [
        (Some("at+jwt"), true, true),
        (Some("application/AT+JWT"), true, true),
        (Some("JWT"), false, true),
        (None, false, true),
        (Some("logout+jwt"), false, false),
        (Some("dpop+jwt"), false, false),
        (Some(""), false, false),
    ] {
        let asked = |token_type| check_head(head("ES256", typ), &Rules { token_type, ..rules() }).is_ok();
        assert_eq!(asked(TokenType::AccessToken), strict, "{typ:?}");
        assert_eq!(asked(TokenType::Jwt), loose, "{typ:?}");
    }
    assert_eq!(
        refused(|claims| claims.no_access_token = true),
        Some(Refused::NoAccessToken)
    );
}

#[test]
fn a6_issuer_audience_and_times() {
    assert_eq!(refused(|_| {}), None);
    for other in ["https://id.example/", "https://ID.example", "https://evil.example", ""] {
        assert_eq!(
            refused(|claims| claims.issuer = other.to_owned()),
            Some(Refused::Issuer),
            "{other}"
        );
    }
    let audiences = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
        refused(|claims| claims.audiences = texts)
    };
    assert_eq!(audiences(&["another", "overkey"]), None);
    for bad in [&[][..], &["another"], &["Overkey"], &["overkey "]] {
        assert_eq!(audiences(bad), Some(Refused::Audience), "{bad:?}");
    }
    assert_eq!(refused(|claims| claims.expires_at = Some(NOW.0 + 1)), None);
    for end in [None, Some(NOW.0), Some(NOW.0 - 1)] {
        assert_eq!(
            refused(|claims| claims.expires_at = end),
            Some(Refused::Expired),
            "{end:?}"
        );
    }
    assert!(SKEW <= 60);
    for (ahead, expected) in [(SKEW, None), (SKEW + 1, Some(Refused::NotYet))] {
        assert_eq!(
            refused(|claims| claims.not_before = Some(NOW.0 + ahead)),
            expected,
            "nbf {ahead}"
        );
        assert_eq!(
            refused(|claims| claims.issued_at = Some(NOW.0 + ahead)),
            expected,
            "iat {ahead}"
        );
    }
}

#[test]
fn a6_a_subject_is_a_text_that_can_be_kept() {
    for bad in ["", "a\nb", "a\0", &"x".repeat(MAX_SUBJECT + 1)] {
        assert_eq!(
            refused(|claims| claims.subject = bad.to_owned()),
            Some(Refused::Subject),
            "{bad:?}"
        );
    }
    assert_eq!(refused(|claims| claims.subject = "x".repeat(MAX_SUBJECT)), None);
}

#[test]
fn b02_only_a_mapped_value_is_a_virtual_account() {
    let account = |value: Option<&str>| {
        let claims = Claims {
            account: value.map(str::to_owned),
            ..claims()
        };
        check_claims(claims, &rules(), NOW).unwrap().account
    };
    assert_eq!(account(Some("ci")), Some(VirtualAccountId::new("ci-bot")));
    for other in [None, Some("CI"), Some("ci-bot"), Some("")] {
        assert_eq!(account(other), None, "{other:?}");
    }
}
