//! Takes requests apart, and answers what does not fit with a problem that names the place and never repeats what was sent.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, RawPathParams, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use domain::actor::{SubjectKind, SubjectRef};
use domain::secret::Secret;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use super::problem::{Kind, Problem};

/// The placeholders of the route's path.
pub(super) struct Segments<T>(pub(super) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let refused = || Problem::malformed("path", "The path is not readable: it is no percent-encoded UTF-8.");
        let raw = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| refused())?;
        if let Some((name, _)) = raw.iter().find(|(_, value)| value.contains(char::is_control)) {
            return Err(Problem::malformed(
                name,
                "This part of the path holds a control character.",
            ));
        }
        let Path(values) = Path::from_request_parts(parts, state).await.map_err(|_| refused())?;
        Ok(Self(values))
    }
}

/// The query string.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(values) = Query::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::malformed("query", "The query string is not readable, or names something twice."))?;
        Ok(Self(values))
    }
}

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                Kind::UnsupportedMediaType,
                "Send the body as JSON, with Content-Type: application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            match rejection.into_response().status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::new(Kind::TooLarge, "The body is larger than 512 KiB."),
                _ => Problem::malformed("body", "The body did not arrive whole."),
            }
        })?;
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Every body is an object: serde would take a list for a struct's fields in their order.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::malformed("body", "Expected an object."));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, error.inner())
    })?;
    json.end().map_err(|error| refused(".", &error))?;
    Ok(value)
}

/// serde's message quotes what was sent, which may be a credential: only what comes after is ours (`expected ...`), and names of
/// our own fields.
fn refused(path: &str, error: &serde_json::Error) -> Problem {
    let at = if path == "." { "body" } else { path };
    if !error.is_data() {
        let place = format!("line {}, column {}", error.line(), error.column());
        return Problem::malformed(at, format!("The body is not JSON: see {place}."));
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    let own_name = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix('`');
    if let Some(name) = own_name("missing field `") {
        let field = if path == "." {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        };
        return Problem::malformed(field, "This is required.");
    }
    if let Some(name) = own_name("duplicate field `") {
        return Problem::malformed(name, "This is there twice.");
    }
    let expected = text.rsplit_once(", expected ").map(|(_, expected)| expected);
    let message = match expected {
        Some(expected) if text.starts_with("unknown field") => {
            format!("There is no such field. Expected {expected}.")
        }
        Some(expected) => format!("Expected {expected}."),
        None => "This is not what belongs here.".to_owned(),
    };
    Problem::malformed(at, message)
}

/// A secret in a request: goes straight into the type that does not show it.
#[derive(Debug)]
pub(super) struct SecretText(pub(super) Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

impl utoipa::PartialSchema for SecretText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(
                utoipa::openapi::KnownFormat::Password,
            )))
            .write_only(Some(true))
            .into()
    }
}

impl utoipa::ToSchema for SecretText {}

/// `null` is something else than nothing: use with `#[serde(default, deserialize_with = ...)]`.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// `/{subject_type}/{subject_id}`.
pub(super) fn subject(kind: &str, id: String) -> Result<SubjectRef, Problem> {
    let kind = SubjectKind::parse(kind).ok_or_else(|| {
        let known = SubjectKind::ALL.map(SubjectKind::as_str).join(", ");
        Problem::malformed("subject_type", format!("Choose one of: {known}."))
    })?;
    Ok(SubjectRef { kind, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[expect(dead_code, reason = "only parsed")]
        credential: SecretText,
        #[expect(dead_code, reason = "only parsed")]
        #[serde(default)]
        replace: bool,
    }

    fn problem(json: &str) -> String {
        format!("{:?}", parse::<Example>(json.as_bytes()).unwrap_err())
    }

    #[test]
    fn s08_what_was_sent_is_never_repeated() {
        for bad in [
            r#"{"credential":["sk-canary"]}"#,
            r#"{"credential":{"sk-canary":1}}"#,
            r#"{"credential":"a","replace":"sk-canary, expected sk-canary"}"#,
            r#"{"credential":"sk-canary""#,
            r#""sk-canary""#,
        ] {
            assert!(!problem(bad).contains("canary"), "{}", problem(bad));
        }
    }

    #[test]
    fn the_place_is_named() {
        assert!(problem("{}").contains(r#"field: "credential", message: "This is required.""#));
        assert!(problem(r#"{"credential":"a","replce":true}"#).contains(r#"field: "replce""#));
        assert!(
            problem(r#"{"credential":"a","replace":1}"#)
                .contains(r#"field: "replace", message: "Expected a boolean.""#)
        );
        assert!(problem(r#"{"credential":"a","credential":"b"}"#).contains("This is there twice."));
        assert!(problem("").contains("not JSON"));
        assert!(problem(r#" ["a", true]"#).contains("Expected an object."));
        assert!(problem(r#"{"credential":"a"} x"#).contains("not JSON"));
    }
}
