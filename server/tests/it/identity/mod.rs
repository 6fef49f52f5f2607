//! Identity providers: their tokens at the gateway (B02; A6 to A8, A10), and signing on.

mod callers;
mod keys;
mod roles;
mod sign_on;
mod stage;
mod streams;
mod tokens;
mod warm;
