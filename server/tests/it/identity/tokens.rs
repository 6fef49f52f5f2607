//! Which tokens count (A6): everything else is 401, at the gateway and at the REST API.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::PrivateSigningKey;
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm};
use serde_json::{Value, json};

use super::stage::Stage;
use crate::support::idp::{AUDIENCE, Idp, public_key, signed_with, unsigned};

/// The RSA key of RFC 7515 appendix A.2, public half.
const RSA: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"})
}

async fn refused(stage: &Stage, what: &str, token: &str) {
    let me = stage.me(token).await;
    me.problem(401, "unauthorized");
    assert!(
        me.header("www-authenticate").contains("error=\"invalid_token\""),
        "{what}: {me:?}"
    );
    let call = stage.call(token, "notes").await;
    assert_eq!(call.status, 401, "{what}: {call:?}");
    assert!(
        call.header("www-authenticate").contains("error=\"invalid_token\""),
        "{what}: {call:?}"
    );
}

#[tokio::test]
async fn a6_good_tokens_count_for_one_audience_or_several() {
    let stage = Stage::new().await;
    let mut claims = stage.idp.claims("ada", stage.now());
    for audience in [json!(AUDIENCE), json!(["https://another.example", AUDIENCE])] {
        claims["aud"] = audience;
        let me = stage.me(&stage.idp.signed(&header(), &claims)).await.expect(200);
        assert_eq!(me["subject"]["type"], "external_identity", "{me}");
    }
}

#[tokio::test]
async fn a6_each_flaw_is_refused() {
    let stage = Stage::new().await;
    let now = stage.now();
    let with = |name: &str, value: Value| {
        let mut claims = stage.idp.claims("ada", now);
        claims[name] = value;
        stage.idp.signed(&header(), &claims)
    };
    let headed = |header: Value| stage.idp.signed(&header, &stage.idp.claims("ada", now));
    let good = stage.idp.access_token("ada", now);
    let mut parts: Vec<&str> = good.split('.').collect();
    let others = URL_SAFE_NO_PAD.encode(stage.idp.claims("eve", now).to_string());
    parts[1] = &others;
    for (what, token) in [
        ("another issuer", with("iss", json!("https://evil.example"))),
        (
            "another configured issuer's name",
            with("iss", json!(stage.other.issuer)),
        ),
        ("another audience", with("aud", json!("https://another.example"))),
        ("no audience", with("aud", Value::Null)),
        ("ended a second ago", with("exp", json!(now - 1))),
        ("without an end", with("exp", Value::Null)),
        ("not good yet", with("nbf", json!(now + 61))),
        ("from the future", with("iat", json!(now + 61))),
        ("no subject", with("sub", Value::Null)),
        (
            "ID token, by its type",
            headed(json!({"alg": "EdDSA", "typ": "JWT", "kid": "one"})),
        ),
        (
            "ID token, without a type",
            headed(json!({"alg": "EdDSA", "kid": "one"})),
        ),
        ("ID token, by its nonce", with("nonce", json!("n"))),
        (
            "unknown key",
            headed(json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "two"})),
        ),
        (
            "another algorithm than its key's",
            headed(json!({"alg": "RS256", "typ": "at+jwt", "kid": "one"})),
        ),
        (
            "extensions",
            headed(json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one", "crit": ["exp"]})),
        ),
        ("words changed after signing", parts.join(".")),
        ("signature cut off", good[..good.rfind('.').unwrap() + 1].to_owned()),
        ("too long", with("pad", json!("x".repeat(17_000)))),
    ] {
        refused(&stage, what, &token).await;
    }
    stage.me(&good).await.expect(200);
}

#[tokio::test]
async fn a6_no_signature_and_one_by_a_public_key_are_refused() {
    let stage = Stage::new().await;
    let claims = stage.idp.claims("ada", stage.now());
    stage
        .idp
        .publish(json!({"kty": "RSA", "kid": "rsa", "use": "sig", "n": RSA, "e": "AQAB"}));
    for alg in ["none", "None", "NONE"] {
        let token = unsigned(&json!({"alg": alg, "typ": "at+jwt", "kid": "one"}), &claims);
        refused(&stage, alg, &format!("{token}.")).await;
    }
    // The attacker knows the modulus, in every spelling in which a careless library would take it for a shared secret.
    let der = URL_SAFE_NO_PAD.decode(RSA).unwrap();
    for secret in [der, RSA.as_bytes().to_vec()] {
        for kid in ["rsa", "one"] {
            let message = unsigned(&json!({"alg": "HS256", "typ": "at+jwt", "kid": kid}), &claims);
            let key = CoreHmacKey::new(secret.clone());
            let signature = key
                .sign(&CoreJwsSigningAlgorithm::HmacSha256, message.as_bytes())
                .unwrap();
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
            refused(&stage, "HS256", &token).await;
        }
    }
}

#[tokio::test]
async fn a6_keys_that_a_token_brings_or_points_to_are_not_even_looked_at() {
    let (stage, attacker) = (Stage::new().await, Idp::start(9).await);
    let claims = stage.idp.claims("ada", stage.now());
    let jku = format!("{}/jwks", attacker.issuer);
    for kid in ["one", "attackers"] {
        for (name, value) in [("jku", json!(jku)), ("x5u", json!(jku)), ("jwk", public_key(9, kid))] {
            let mut header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": kid});
            header[name] = value;
            refused(&stage, name, &signed_with(9, &header, &claims)).await;
        }
    }
    assert_eq!(attacker.asked(), 0);
    // The other configured provider signs for itself alone.
    let theirs = signed_with(2, &header(), &claims);
    refused(&stage, "the other provider's key", &theirs).await;
}
