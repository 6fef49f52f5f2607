//! Which addresses are the gateway's, and what each is for.

use std::borrow::Cow;

use axum::http::Uri;
use percent_encoding::percent_decode_str;

use super::legacy_sse;
use super::message::Transport;

const BELOW: &str = "/mcp/";

/// A server by its name, and one of MCP's transports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub(super) server: String,
    pub(super) transport: Transport,
}

impl Address {
    /// `None` when somebody else answers there.
    pub fn of(uri: &Uri) -> Option<Self> {
        let rest = uri.path().strip_prefix(BELOW)?;
        let (server, transport) = match rest.split_once('/') {
            None => (rest, Transport::StreamableHttp),
            Some((server, "sse")) => (server, Transport::SseStream),
            Some((server, "sse/message")) => {
                let sealed = legacy_sse::sealed_endpoint(uri.query().unwrap_or_default());
                (server, Transport::SseMessage(sealed))
            }
            Some(_) => return None,
        };
        let server = percent_decode_str(server).decode_utf8().ok().map(Cow::into_owned)?;
        (!server.is_empty()).then_some(Self { server, transport })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_addresses_for_each_server() {
        let of = |text: &str| Address::of(&text.parse().unwrap()).map(|found| (found.server, found.transport));
        let notes = |transport| Some(("notes".to_owned(), transport));
        assert_eq!(of("/mcp/notes"), notes(Transport::StreamableHttp));
        assert_eq!(of("/mcp/n%6Ftes?x=1"), notes(Transport::StreamableHttp));
        assert_eq!(of("/mcp/notes/sse"), notes(Transport::SseStream));
        assert_eq!(
            of("/mcp/notes/sse/message?to=abc"),
            notes(Transport::SseMessage("abc".to_owned()))
        );
        for other in [
            "/mcp/",
            "/mcp",
            "/mcp/notes/",
            "/mcp/notes/sse/",
            "/mcp/notes/x",
            "/mcp/%ff",
            "/mcpx/notes",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
