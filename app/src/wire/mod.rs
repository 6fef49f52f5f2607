//! How a page in a browser talks with its server: questions as a form would send them, answers as JSON.
//!
//! Leptos and serde_json do the same with much made anew for each question and each answer. Here one way serves for all, and what is made for each is
//! small: it was a fifth of what browsers loaded.

mod call;
mod json;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;

use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{Json, PostUrl};
use leptos::server_fn::error::ServerFnErrorErr;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, FormatType, Http, Protocol};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use call::post;

use crate::error::UiError;

/// What every server function speaks: `#[server(endpoint = "..", protocol = Wire)]`.
pub struct Wire;

impl<I, O, C, S> Protocol<I, O, C, S, UiError> for Wire
where
    Http<PostUrl, Json>: Protocol<I, O, C, S, UiError>,
    I: Serialize + Send,
    O: DeserializeOwned + Send,
    C: Client<UiError>,
    S: Server<UiError>,
{
    const METHOD: http::Method = <Http<PostUrl, Json> as Protocol<I, O, C, S, UiError>>::METHOD;

    fn run_server<F, Fut>(request: S::Request, answer: F) -> impl Future<Output = Result<S::Response, UiError>> + Send
    where
        F: Fn(I) -> Fut + Send,
        Fut: Future<Output = Result<O, UiError>> + Send,
    {
        <Http<PostUrl, Json> as Protocol<I, O, C, S, UiError>>::run_server(request, answer)
    }

    fn run_client(path: &str, input: I) -> impl Future<Output = Result<O, UiError>> + Send {
        let answer = written(&input).map(|body| post(path.to_owned(), body));
        async move { read(&answer?.await?) }
    }
}

/// As a form sends it.
pub fn written(input: &impl Serialize) -> Result<String, UiError> {
    serde_qs::to_string(input).map_err(|_| unreadable())
}

/// As the server wrote it.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, UiError> {
    parsed(text).map_err(|_| unreadable())
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    T::deserialize(json::Json::parse(text)?)
}

fn unreadable() -> UiError {
    UiError::Internal("no reference".to_owned())
}

/// It is no JSON, or of another type. Where and why is nothing that a page could tell anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("cannot be read")
    }
}

impl std::error::Error for Unreadable {}

/// How errors travel: like answers.
pub struct Errors;

impl ContentType for Errors {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Errors {
    const FORMAT_TYPE: leptos::server_fn::Format = leptos::server_fn::Format::Text;
}

impl Encodes<UiError> for Errors {
    type Error = ServerFnErrorErr;

    #[cfg(feature = "ssr")]
    fn encode(error: &UiError) -> Result<Bytes, ServerFnErrorErr> {
        let written = serde_json::to_vec(error);
        written
            .map(Bytes::from)
            .map_err(|error| ServerFnErrorErr::Serialization(error.to_string()))
    }

    /// Only the server sends errors.
    #[cfg(not(feature = "ssr"))]
    fn encode(_: &UiError) -> Result<Bytes, ServerFnErrorErr> {
        Ok(Bytes::new())
    }
}

impl Decodes<UiError> for Errors {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<UiError, Unreadable> {
        std::str::from_utf8(&bytes).map_err(|_| Unreadable).and_then(parsed)
    }
}
