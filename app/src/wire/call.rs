//! Sends a question.

use std::future::Future;
use std::pin::Pin;

use crate::error::UiError;

type Answer = Pin<Box<dyn Future<Output = Result<String, UiError>> + Send>>;

/// The server asks itself without this.
#[cfg(feature = "ssr")]
pub fn post(_: String, _: String) -> Answer {
    Box::pin(std::future::ready(Err(UiError::Unreachable)))
}

/// Answers what the server wrote, or the error that it answered with. The router goes where the answer leads.
#[cfg(not(feature = "ssr"))]
pub fn post(path: String, body: String) -> Answer {
    // A browser has one thread.
    Box::pin(send_wrapper::SendWrapper::new(async move {
        let (status, text) = sent(&path, &body).await.map_err(|_| UiError::Unreachable)?;
        if status < 400 {
            Ok(text)
        } else {
            Err(super::read(&text).unwrap_or_else(|error| error))
        }
    }))
}

#[cfg(not(feature = "ssr"))]
async fn sent(path: &str, body: &str) -> Result<(u16, String), web_sys::wasm_bindgen::JsValue> {
    use leptos::server_fn::redirect::{REDIRECT_HEADER, call_redirect_hook};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::wasm_bindgen::JsCast as _;

    let request = web_sys::RequestInit::new();
    request.set_method("POST");
    request.set_body(&body.into());
    let headers = web_sys::Headers::new()?;
    headers.set("Content-Type", "application/x-www-form-urlencoded")?;
    headers.set("Accept", "application/json")?;
    request.set_headers(&headers);
    let answer = JsFuture::from(leptos::prelude::window().fetch_with_str_and_init(path, &request)).await?;
    let answer: web_sys::Response = answer.unchecked_into();
    let text = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    if answer.ok() && answer.headers().get(REDIRECT_HEADER)?.is_some() {
        let there = answer.headers().get("Location")?;
        call_redirect_hook(&there.unwrap_or_else(|| answer.url()));
    }
    Ok((answer.status(), text))
}
