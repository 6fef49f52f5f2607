//! The answer to one request, out of a body that is one JSON-RPC message or a stream of events.

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use serde_json::Value;

/// The id of every request we make: one at a time.
pub const ID: i64 = 1;
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// `None`: there is none in it, or it is too long.
pub async fn read<B>(headers: &HeaderMap, mut body: B) -> Option<Value>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    let stream = is_stream(headers);
    let mut received = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.ok()?.into_data() else { continue };
        received.extend_from_slice(&data);
        if received.len() > MOST_BYTES {
            return None;
        }
        if stream && let Some(found) = in_events(&received) {
            return Some(found);
        }
    }
    if stream {
        in_events(&received)
    } else {
        serde_json::from_slice(&received).ok().filter(is_answer)
    }
}

pub fn is_stream(headers: &HeaderMap) -> bool {
    is(headers, "text/event-stream")
}

/// An error page is not read.
pub fn may_hold_one(headers: &HeaderMap) -> bool {
    is_stream(headers) || is(headers, "application/json")
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with(kind))
}

fn in_events(received: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(received).replace("\r\n", "\n");
    text.split("\n\n")
        .map(|event| {
            let lines = event.lines().filter_map(|line| line.strip_prefix("data:"));
            lines.map(str::trim_start).collect::<Vec<_>>().join("\n")
        })
        .filter_map(|data| serde_json::from_str::<Value>(&data).ok())
        .find(|message| message["id"] == ID && is_answer(message))
}

/// An error may come without the id: who could not read the request does not know it.
fn is_answer(message: &Value) -> bool {
    message.get("result").is_some() || message["error"].is_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finds_the_answer_among_a_streams_events() {
        let stream = b"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n: ping\n\nid: 7\r\ndata: {\"jsonrpc\":\"2.0\",\r\ndata: \"id\":1,\"result\":{\"tools\":[]}}\r\n\r\n";
        assert_eq!(in_events(stream).unwrap()["result"], json!({ "tools": [] }));
        assert_eq!(in_events(&stream[..40]), None);
    }

    #[tokio::test]
    async fn json_that_is_no_answer_is_none() {
        let read = async |text: &'static str| read(&HeaderMap::new(), http_body_util::Full::from(text)).await;
        assert!(read(r#"{"id":1,"result":{}}"#).await.is_some());
        assert!(read(r#"{"id":null,"error":{"code":-32600}}"#).await.is_some());
        for other in [
            r#"{"error":"not_found"}"#,
            r#"{"id":1,"method":"ping"}"#,
            "[]",
            "<html>",
            "",
        ] {
            assert_eq!(read(other).await, None, "{other}");
        }
    }
}
