//! What surrounds an MCP call: the same as any other request, put together by hand. Calls pass here thousands of times a second,
//! and each layer of a router costs every one of them allocations.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use ipnet::IpNet;
use tracing::error;
use url::Url;

use super::{arrival, headers};
use crate::gateway::{Address, Gateway};

#[derive(Clone)]
pub struct CallFront(Arc<Parts>);

struct Parts {
    gateway: Gateway,
    trusted_proxies: Arc<[IpNet]>,
    public_url: Arc<Url>,
}

impl CallFront {
    pub fn new(gateway: Gateway, trusted_proxies: Arc<[IpNet]>, public_url: Arc<Url>) -> Self {
        Self(Arc::new(Parts {
            gateway,
            trusted_proxies,
            public_url,
        }))
    }

    pub async fn answer(&self, address: Address, request: Request) -> Response {
        // One call's bug is its own.
        let answering = pin!(self.0.answer(address, request));
        let mut answer = AssertUnwindSafe(answering).catch_unwind().await.unwrap_or_else(|_| {
            error!("An MCP call panicked");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        });
        headers::secure(answer.headers_mut(), &self.0.public_url);
        answer
    }
}

impl Parts {
    async fn answer(&self, address: Address, request: Request) -> Response {
        if let Some(refusal) = headers::misdirected(&request, &self.public_url) {
            return refusal;
        }
        let gateway = &self.gateway;
        arrival::within(&self.trusted_proxies, request, |request| {
            gateway.answer(address, request)
        })
        .await
    }
}
