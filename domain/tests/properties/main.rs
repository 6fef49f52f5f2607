//! What holds for every input, not only for the examples beside the rules.

#![expect(clippy::unwrap_used, reason = "an input that cannot be set up is a failed test")]

mod changes;
mod headers;
mod masks;
mod outbound;
mod spelling;
mod templates;
mod urls;
