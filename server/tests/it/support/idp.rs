//! An OpenID Connect provider in a test's hands: it signs what it is told to, counts who asks for its keys, and can be silent.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub const AUDIENCE: &str = "https://overkey.example";
pub const CLIENT: &str = "overkey-pages";
pub const SECRET: &str = "client-secret-0001";

#[derive(Clone)]
pub struct Idp {
    pub issuer: String,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// (key id, seed) of what the key set holds.
    keys: Mutex<Vec<(String, u8)>>,
    /// More keys, as they are.
    others: Mutex<Vec<Value>>,
    silent: AtomicBool,
    asked: AtomicUsize,
    /// What the next code stands for: the challenge, and the ID token's claims.
    code: Mutex<Option<(String, Value)>>,
    info: Mutex<Value>,
    names_itself: AtomicBool,
}

impl Idp {
    pub async fn start(seed: u8) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let inner = Arc::new(Inner::default());
        inner.keys.lock().unwrap().push(("one".to_owned(), seed));
        let idp = Self { issuer, inner };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(info))
            .with_state(idp.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        idp
    }

    /// Another key, published.
    pub fn add_key(&self, id: &str, seed: u8) {
        self.inner.keys.lock().unwrap().push((id.to_owned(), seed));
    }

    /// This key in place of all.
    pub fn replace_keys(&self, id: &str, seed: u8) {
        *self.inner.keys.lock().unwrap() = vec![(id.to_owned(), seed)];
    }

    pub fn publish(&self, key: Value) {
        self.inner.others.lock().unwrap().push(key);
    }

    pub fn be_silent(&self, silent: bool) {
        self.inner.silent.store(silent, Ordering::SeqCst);
    }

    pub fn name_yourself(&self) {
        self.inner.names_itself.store(true, Ordering::SeqCst);
    }

    /// How often its keys were asked for.
    pub fn asked(&self) -> usize {
        self.inner.asked.load(Ordering::SeqCst)
    }

    pub fn say(&self, info: Value) {
        *self.inner.info.lock().unwrap() = info;
    }

    /// `code` in the callback will stand for these claims.
    pub fn will_answer(&self, challenge: &str, claims: Value) {
        *self.inner.code.lock().unwrap() = Some((challenge.to_owned(), claims));
    }

    /// Claims of a good access token for `subject`.
    pub fn claims(&self, subject: &str, now: i64) -> Value {
        json!({"iss": self.issuer, "sub": subject, "aud": AUDIENCE, "iat": now, "nbf": now, "exp": now + 300})
    }

    pub fn access_token(&self, subject: &str, now: i64) -> String {
        self.signed(
            &json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "one"}),
            &self.claims(subject, now),
        )
    }

    /// With its first key, whatever the header says.
    pub fn signed(&self, header: &Value, claims: &Value) -> String {
        let seed = self.inner.keys.lock().unwrap()[0].1;
        signed_with(seed, header, claims)
    }
}

pub fn signed_with(seed: u8, header: &Value, claims: &Value) -> String {
    let message = unsigned(header, claims);
    let signature = key(seed, "").sign(&CoreJwsSigningAlgorithm::EdDsa, message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.unwrap()))
}

pub fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Ed25519, in the few bytes that PKCS #8 puts before a seed (RFC 8410 section 7).
fn key(seed: u8, id: &str) -> CoreEdDsaPrivateSigningKey {
    const PREFIX: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
    let der = [&PREFIX[..], &[seed; 32]].concat();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
        STANDARD.encode(der)
    );
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(id.to_owned()))).unwrap()
}

/// The public half, as a key set holds it.
pub fn public_key(seed: u8, id: &str) -> Value {
    serde_json::to_value(key(seed, id).as_verification_key()).unwrap()
}

async fn describe(State(idp): State<Idp>) -> Response {
    if idp.inner.silent.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let at = |path: &str| format!("{}/{path}", idp.issuer);
    Json(json!({
        "issuer": idp.issuer, "authorization_endpoint": at("authorize"), "token_endpoint": at("token"),
        "jwks_uri": at("jwks"), "userinfo_endpoint": at("userinfo"), "response_types_supported": ["code"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["EdDSA"],
        "authorization_response_iss_parameter_supported": idp.inner.names_itself.load(Ordering::SeqCst),
    }))
    .into_response()
}

async fn jwks(State(idp): State<Idp>) -> Response {
    idp.inner.asked.fetch_add(1, Ordering::SeqCst);
    if idp.inner.silent.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut keys: Vec<Value> = idp.inner.others.lock().unwrap().clone();
    let own = idp.inner.keys.lock().unwrap().clone();
    keys.extend(own.iter().map(|(id, seed)| public_key(*seed, id)));
    Json(json!({"keys": keys})).into_response()
}

/// RFC 6749 section 4.1.3 and RFC 7636 section 4.6, as strictly as they say.
async fn token(State(idp): State<Idp>, headers: HeaderMap, Form(form): Form<Vec<(String, String)>>) -> Response {
    let refused = |why: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": why}))).into_response();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    if headers
        .get("authorization")
        .is_none_or(|given| given.to_str().unwrap() != basic)
    {
        return refused("invalid_client");
    }
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let Some((challenge, claims)) = idp.inner.code.lock().unwrap().take() else {
        return refused("invalid_grant");
    };
    let verifier = Sha256::digest(field("code_verifier").unwrap_or_default());
    if field("code") != Some("the-code") || URL_SAFE_NO_PAD.encode(verifier) != challenge {
        return refused("invalid_grant");
    }
    let mut info = idp.inner.info.lock().unwrap();
    if info.is_null() || info["usual"] == true {
        // Who has just signed on, and nothing more of them.
        *info = json!({"sub": claims["sub"], "usual": true});
    }
    drop(info);
    let seed = idp.inner.keys.lock().unwrap()[0].1;
    let seed = claims["signed_by"]
        .as_u64()
        .map_or(seed, |other| u8::try_from(other).unwrap());
    let id_token = signed_with(seed, &json!({"alg": "EdDSA", "kid": "one"}), &claims);
    Json(json!({"access_token": "at-1", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}))
        .into_response()
}

async fn info(State(idp): State<Idp>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|given| given != "Bearer at-1") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(idp.inner.info.lock().unwrap().clone()).into_response()
}
