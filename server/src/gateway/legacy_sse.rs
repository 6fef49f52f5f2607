//! HTTP+SSE of 2024-11-05: the stream's first event names the endpoint to post to. It is rewritten to ours, with the upstream's own
//! sealed inside; everything else in the stream passes untouched.

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, TryStreamExt, stream};
use http_body_util::BodyExt;
use url::{Url, form_urlencoded};

use super::Parts;
use super::answer_body::AnswerBody;
use super::credential::{Binding, CallCredential};
use super::error::GatewayError;
use crate::services::calls::Target;

const PURPOSE: &str = "sse endpoint";
const PARAMETER: &str = "to";
/// How much may come before the endpoint is named: comments, mostly.
const MAX_PREAMBLE: usize = 16 * 1024;

/// The sealed endpoint in our own URL's query.
pub fn sealed_endpoint(query: &str) -> String {
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == PARAMETER)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// The URL to post to: on the registered server's origin, sealed for this caller and this credential.
pub fn open_endpoint(gateway: &Parts, binding: &Binding, registered: &Url, sealed: &str) -> Result<Url, GatewayError> {
    let path = gateway
        .sessions
        .open(binding, PURPOSE, sealed)
        .ok_or(GatewayError::SessionNotFound)?;
    registered.join(&path).map_err(|_| GatewayError::SessionNotFound)
}

/// Waits for the endpoint, rewrites it, and hands on the rest as it comes.
pub async fn rewrite(
    gateway: &Parts,
    target: &Target,
    credential: &CallCredential,
    mut body: AnswerBody,
) -> Result<Body, GatewayError> {
    let reading = async {
        let mut read = Vec::new();
        loop {
            if let Some(event) = endpoint_event(&read) {
                return Ok((read, event));
            }
            if read.len() > MAX_PREAMBLE {
                return Err(GatewayError::BadEndpoint);
            }
            let frame = body
                .frame()
                .await
                .and_then(Result::ok)
                .ok_or(GatewayError::BadEndpoint)?;
            read.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
        }
    };
    let (mut read, event) = tokio::time::timeout(gateway.config.first_byte_timeout, reading)
        .await
        .map_err(|_| GatewayError::TimedOut)??;
    let ours = our_endpoint(gateway, target, credential, &event.endpoint)?;
    read.splice(event.data, ours.into_bytes());
    let first = stream::once(async move { Ok(Bytes::from(read)) });
    let rest = http_body_util::BodyStream::new(body).try_filter_map(|frame| async move { Ok(frame.into_data().ok()) });
    Ok(Body::from_stream(first.chain(rest.map_err(std::io::Error::other))))
}

/// D12: an endpoint on another origin would get the credential; it is refused.
fn our_endpoint(
    gateway: &Parts,
    target: &Target,
    credential: &CallCredential,
    endpoint: &str,
) -> Result<String, GatewayError> {
    let registered = target.server.url.as_url();
    let url = registered
        .join(endpoint)
        .ok()
        .filter(|url| url.origin() == registered.origin())
        .ok_or(GatewayError::BadEndpoint)?;
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let sealed = gateway.sessions.seal(&credential.binding(), PURPOSE, path);
    let sealed = sealed.ok_or_else(|| GatewayError::Internal("an endpoint could not be sealed".to_owned()))?;
    Ok(format!("/mcp/{}/sse/message?{PARAMETER}={sealed}", target.server.name))
}

#[derive(Debug, PartialEq, Eq)]
struct EndpointEvent {
    endpoint: String,
    /// Where its text stands in what was read.
    data: std::ops::Range<usize>,
}

/// The first complete `event: endpoint` (HTML standard, server-sent events): lines end with LF, CRLF or CR, an event with an empty one.
fn endpoint_event(read: &[u8]) -> Option<EndpointEvent> {
    let (mut is_endpoint, mut data, mut at) = (false, None, 0);
    while let Some(length) = read[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        let (start, end) = (at, at + length);
        at = end + if read[end..].starts_with(b"\r\n") { 2 } else { 1 };
        let line = &read[start..end];
        if line.is_empty() {
            if let (true, Some(range)) = (is_endpoint, data.take()) {
                let range: std::ops::Range<usize> = range;
                return Some(EndpointEvent {
                    endpoint: String::from_utf8(read[range.clone()].to_vec()).ok()?,
                    data: range,
                });
            }
            (is_endpoint, data) = (false, None);
        } else if let Some(value) = field(line, b"event") {
            is_endpoint = value == b"endpoint";
        } else if let Some(value) = field(line, b"data") {
            data = Some(end - value.len()..end);
        }
    }
    None
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        endpoint_event(text.as_bytes()).map(|event| event.endpoint)
    }

    #[test]
    fn the_endpoint_is_found_once_its_event_is_whole() {
        let whole = ": hi\r\n\r\nevent: endpoint\r\ndata: /message?sessionId=1\r\n\r\nevent: x\n";
        assert_eq!(found(whole).as_deref(), Some("/message?sessionId=1"));
        assert_eq!(found("event:endpoint\ndata:/m\n\n").as_deref(), Some("/m"));
        assert_eq!(found("event: endpoint\ndata: /m\n"), None);
        assert_eq!(found("event: message\ndata: /m\n\n"), None);
        assert_eq!(found("data: /m\n\nevent: endpoint\n\n"), None);
    }

    #[test]
    fn the_data_range_is_the_text_alone() {
        let text = "event: endpoint\ndata: /m?s=1\n\n";
        let event = endpoint_event(text.as_bytes()).unwrap();
        assert_eq!(&text[event.data], "/m?s=1");
    }
}
