//! MCP calls through the gateway, against an upstream that records what reached it.

mod credentials;
mod egress;
mod elicitation;
mod errors;
mod framing;
mod headers;
mod http2;
mod in_flight;
mod inbound;
mod isolation;
mod legacy_sse;
mod limits;
mod moves;
mod passthrough;
mod sessions;
mod slow;
mod streams;
mod tampered;
mod url_error;
mod waiting;
mod warm;
