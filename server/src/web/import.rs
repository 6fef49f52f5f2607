//! The form of an import: a file, as browsers send one, and the page that answers it.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum::routing::post;
use domain::actor::Actor;
use domain::field::FieldError;
use multer::{Constraints, Multipart, SizeLimit};

use app::backend::Backend;
use app::error::UiError;
use app::secret_input::SecretInput;

use super::once::Asked;
use super::ui::Pages;

/// What people bring by hand; the REST API takes more.
const MOST: u64 = 1024 * 1024;
/// Sealed and in base64url, the same text is a third longer.
const MOST_KEPT: u64 = 2 * MOST;

pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/servers/{server}/overrides/import", post(import))
}

async fn import(asked: Asked, Path(server): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let brought = brought(&headers, body).await;
    let make = async |backend: Backend, actor: Actor| match brought? {
        Brought::Kept(kept) => backend.imports.apply(&actor, &server, &kept).await,
        Brought::Text(text) => backend.imports.preview(&actor, &server, text).await,
    };
    asked.answer(Vec::new(), make).await
}

enum Brought {
    /// To be looked at.
    Text(SecretInput),
    /// A preview that is confirmed.
    Kept(String),
}

async fn brought(headers: &HeaderMap, body: Body) -> Result<Brought, UiError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default()).map_err(|_| broken())?;
    let limits = SizeLimit::new()
        .whole_stream(MOST_KEPT + MOST)
        .for_field("kept", MOST_KEPT)
        .for_field("file", MOST)
        .for_field("text", MOST);
    let limits = Constraints::new()
        .allowed_fields(vec!["file", "text", "kept"])
        .size_limit(limits);
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, limits);
    let (mut file, mut text) = (String::new(), String::new());
    while let Some(field) = form.next_field().await.map_err(|error| told(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|error| told(&error))?;
        let value = String::from_utf8(bytes.into()).map_err(|_| refused("The file is not UTF-8 text."))?;
        match name.as_str() {
            "kept" => return Ok(Brought::Kept(value)),
            "file" => file = value,
            _ => text = value,
        }
    }
    match (file.trim().is_empty(), text.trim().is_empty()) {
        (true, true) => Err(refused("Choose a file, or paste its text.")),
        (false, false) => Err(refused("Choose a file or paste its text, not both.")),
        (false, true) => Ok(Brought::Text(SecretInput::new(file))),
        (true, false) => Ok(Brought::Text(SecretInput::new(text))),
    }
}

fn refused(text: &str) -> UiError {
    UiError::Invalid {
        errors: vec![FieldError::new("file", text)],
        kept: Vec::new(),
    }
}

fn broken() -> UiError {
    UiError::Refused("The form did not arrive whole. Load the page again and repeat what you did.".to_owned())
}

fn told(error: &multer::Error) -> UiError {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            refused("This is larger than 1 MiB. Bring it in several files, or through the REST API.")
        }
        _ => broken(),
    }
}
