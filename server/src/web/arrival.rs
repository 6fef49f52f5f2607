//! What is known of a request before anybody is authenticated: the client's address and an id. The audit trail and the log name
//! both, and the trace that it belongs to.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use domain::via::{By, Via};
use ipnet::IpNet;
use tracing::Instrument;
use uuid::Uuid;

use crate::telemetry::lines::{self, Ids};
use crate::telemetry::traces;

pub async fn arrival(State(trusted): State<Arc<[IpNet]>>, request: Request, next: Next) -> Response {
    within(&trusted, request, |request| next.run(request)).await
}

/// Leaves a `Via` in the request's extensions.
pub async fn within<F>(trusted: &[IpNet], mut request: Request, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|ConnectInfo(peer)| client_address(trusted, peer.ip(), request.headers()));
    let id = Uuid::now_v7();
    request.extensions_mut().insert(Via {
        address,
        by: By::Nothing,
        request: Some(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()),
    });
    let span = traces::request(request.method().as_str(), request.uri().path(), id, request.headers());
    let ids = Ids {
        request: id,
        trace: traces::trace_id(&span, request.headers()),
    };
    // Pinned: every layer that takes it by value would copy it.
    let answer = lines::within(ids, pin!(answer(request)).instrument(span.clone())).await;
    traces::answered(&span, answer.status().as_u16());
    answer
}

/// The peer's address, or what a trusted proxy says it is: the last address in `X-Forwarded-For` that is no trusted proxy.
pub fn client_address(trusted: &[IpNet], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    // A listener for both families sees IPv4 as IPv6; networks are written as people write them.
    let trusts = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !trusts(&peer) {
        return peer;
    }
    let named = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut chain: Vec<IpAddr> = named
        .flat_map(|text| text.split(','))
        .filter_map(|text| text.trim().parse::<IpAddr>().ok())
        .map(|address| address.to_canonical())
        .collect();
    chain.reverse();
    chain.into_iter().find(|address| !trusts(address)).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b07_only_a_trusted_proxy_is_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6, 203.0.113.7".parse().unwrap());
        headers.append("x-forwarded-for", "10.1.2.3".parse().unwrap());
        let seen = |peer: &str| client_address(&trusted, peer.parse().unwrap(), &headers).to_string();
        assert_eq!(seen("10.9.9.9"), "203.0.113.7");
        assert_eq!(seen("::ffff:127.0.0.1"), "203.0.113.7");
        assert_eq!(seen("198.51.100.1"), "198.51.100.1");
        assert_eq!(
            client_address(&trusted, "10.9.9.9".parse().unwrap(), &HeaderMap::new()).to_string(),
            "10.9.9.9"
        );
    }
}
