//! Overkey as an OAuth client, from outside: consents, renewals, settings, servers' own tokens (S22, S52-S61, D06, D08, D12).

mod canary;
mod consent;
mod discovery;
mod machine;
mod renewal;
mod revocation;
mod settings;
pub mod stage;
mod storm;
