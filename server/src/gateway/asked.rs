//! What a request asks for, for those who look at calls afterwards: the method, and which tool or prompt. Nothing of it decides
//! anything.
//!
//! Read from the body, which is what the upstream obeys, and only as far as needed: a tool's name stands before its arguments in
//! what clients send. Of long bodies the beginning is read; then the headers of revision 2026-07-28 say it.

use std::fmt;

use axum::http::{HeaderName, Method};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::message::Message;

const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Bytes of a body.
const MOST: usize = 64 * 1024;
const LONGEST_METHOD: usize = 64;
const LONGEST_NAME: usize = 128;
/// What is called by a name that is no argument. A resource's URI is one.
const NAMED: [&str; 2] = ["tools/call", "prompts/get"];

#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    /// A JSON-RPC method; `response` or `batch`; or the HTTP method, where there is no message.
    pub method: String,
    /// A tool's or prompt's name.
    pub name: Option<String>,
}

pub fn asked(message: &Message) -> Asked {
    if message.method != Method::POST {
        return Asked {
            method: message.method.to_string(),
            name: None,
        };
    }
    let mut found = Found::default();
    let beginning = &message.body[..message.body.len().min(MOST)];
    let mut json = serde_json::Deserializer::from_slice(beginning);
    // Ends with an error as soon as enough is known, or where the body is cut or is no JSON.
    let _ = Envelope(&mut found).deserialize(&mut json);
    let header = |name: &HeaderName| message.headers.get(name)?.to_str().ok().map(str::to_owned);
    let cut = message.body.len() > MOST;
    let method = match (found.method, found.other) {
        (Some(method), _) => method,
        (None, Some(other)) => other.to_owned(),
        (None, None) => header(&MCP_METHOD)
            .filter(|_| cut)
            .unwrap_or_else(|| "unreadable".to_owned()),
    };
    let name = found.name.or_else(|| header(&MCP_NAME).filter(|_| cut));
    Asked {
        name: name
            .filter(|_| NAMED.contains(&method.as_str()))
            .map(|name| label(name, LONGEST_NAME)),
        method: label(method, LONGEST_METHOD),
    }
}

/// A text of a caller's that everything can store and show.
fn label(text: String, longest: usize) -> String {
    if text.len() <= longest && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text;
    }
    let plain = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    text.chars().take(longest).map(plain).collect()
}

#[derive(Default)]
struct Found {
    method: Option<String>,
    name: Option<String>,
    /// What a message without a method is.
    other: Option<&'static str>,
}

impl Found {
    fn is_enough(&self) -> bool {
        let named = |method: &String| !NAMED.contains(&method.as_str()) || self.name.is_some();
        self.method.as_ref().is_some_and(named)
    }
}

/// A member's name, read without a copy.
#[derive(PartialEq, Eq, Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Method,
    Params,
    #[serde(rename = "result", alias = "error")]
    Outcome,
    Name,
    #[serde(other)]
    Other,
}

fn stop<E: Error>() -> E {
    E::custom("enough is known")
}

/// One message, or a list of them.
struct Envelope<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for Envelope<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON-RPC message")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        self.0.other = Some("batch");
        Err(stop())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Method => self.0.method = Some(map.next_value()?),
                Key::Params => map.next_value_seed(Params(self.0))?,
                Key::Outcome => {
                    self.0.other = Some("response");
                    map.next_value::<IgnoredAny>()?;
                }
                Key::Name | Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
            if self.0.is_enough() {
                return Err(stop());
            }
        }
        Ok(())
    }
}

struct Params<'a>(&'a mut Found);

impl<'de> DeserializeSeed<'de> for Params<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Params<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("parameters")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            if key == Key::Name {
                self.0.name = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            if self.0.is_enough() {
                return Err(stop());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::HeaderMap;

    use super::super::message::Transport;
    use super::*;

    fn of(method: Method, body: impl Into<Bytes>, headers: &[(HeaderName, &'static str)]) -> (String, Option<String>) {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let message = Message {
            method,
            headers: HeaderMap::from_iter(headers),
            body: body.into(),
            transport: Transport::StreamableHttp,
        };
        let Asked { method, name } = asked(&message);
        (method, name)
    }

    fn posted(body: &'static str) -> (String, Option<String>) {
        of(Method::POST, body, &[])
    }

    #[test]
    fn the_tool_is_read_wherever_it_stands() {
        let echo = ("tools/call".to_owned(), Some("echo".to_owned()));
        for body in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"name":"x"}}}"#,
            r#"{"params":{"arguments":{"name":"x","method":"y"},"name":"echo"},"method":"tools/call"}"#,
            r#"{"method":"tools/call","params":{"name":"echo","#,
        ] {
            assert_eq!(posted(body), echo, "{body}");
        }
    }

    #[test]
    fn what_could_be_an_argument_is_not_kept() {
        for body in [
            r#"{"method":"resources/read","params":{"uri":"file:///canary","name":"canary"}}"#,
            r#"{"method":"resources/read","params":["canary"]}"#,
        ] {
            assert_eq!(posted(body), ("resources/read".to_owned(), None));
        }
    }

    #[test]
    fn everything_has_a_name() {
        for (body, method) in [
            (r#"{"id":1,"result":{}}"#, "response"),
            (r#"[{"method":"ping"}]"#, "batch"),
            (r#"{"method":"tools/call","params":null}"#, "tools/call"),
            (r#"{"method":"ping","params":"x"}"#, "ping"),
            ("nonsense", "unreadable"),
            ("", "unreadable"),
        ] {
            assert_eq!(posted(body), (method.to_owned(), None), "{body}");
        }
        assert_eq!(of(Method::GET, "", &[]), ("GET".to_owned(), None));
    }

    #[test]
    fn a_long_body_is_read_in_part_and_the_headers_say_the_rest() {
        let long = format!(
            r#"{{"params":{{"arguments":"{}","name":"echo"}},"method":"tools/call"}}"#,
            "x".repeat(MOST)
        );
        let headers = [(MCP_METHOD, "tools/call"), (MCP_NAME, "echo")];
        let echo = ("tools/call".to_owned(), Some("echo".to_owned()));
        assert_eq!(of(Method::POST, long.clone(), &headers), echo);
        assert_eq!(of(Method::POST, long, &[]).0, "unreadable");
        let lying = r#"{"method":"tools/call","params":{"name":"drop"}}"#;
        let drop = ("tools/call".to_owned(), Some("drop".to_owned()));
        assert_eq!(
            of(Method::POST, lying, &headers),
            drop,
            "the body is what the upstream obeys"
        );
    }

    #[test]
    fn labels_are_short_and_plain() {
        let body = format!(
            r#"{{"method":"tools/call","params":{{"name":"a\u0000\n{}"}}}}"#,
            "x".repeat(500)
        );
        let (_, name) = of(Method::POST, body, &[]);
        let name = name.unwrap();
        assert_eq!(name.chars().count(), LONGEST_NAME);
        assert!(name.starts_with("a\u{fffd}\u{fffd}x"));
        let method = format!(r#"{{"method":"{}"}}"#, "m".repeat(500));
        assert_eq!(of(Method::POST, method, &[]).0.len(), LONGEST_METHOD);
    }
}
