//! The whole program from outside: REST, gateway, sign-in and the binary itself, against upstreams that record what they get.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod apply;
mod audit;
mod canary;
mod crash;
mod demo;
mod demo_provider;
mod doctor;
mod egress;
mod gateway;
mod identity;
mod keys;
mod login;
mod notify;
mod oauth;
mod observe;
mod outage;
mod overload;
mod process;
mod replicas;
mod replicas_warm;
mod rest;
mod rooms;
mod sign_in;
mod support;
