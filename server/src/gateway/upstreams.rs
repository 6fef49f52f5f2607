//! Tries a credential at an upstream (B04): the way out and the headers are those of calls, the questions are `mcp`'s.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use bytes::Bytes;
use domain::secret::Secret;
use domain::server::ServerUrl;
use domain::verdict::Verdict;
use http_body_util::{BodyExt, Full};

use super::forward::sensitive;
use crate::config::Config;
use crate::egress::{Egress, EgressError, uri};
use crate::mcp::try_out::try_out;
use crate::mcp::{Client, Received, Silence, Transport};
use crate::services::verify::Upstream;

/// For everything that is asked together: somebody waits for the page.
const PATIENCE: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("overkey/", env!("CARGO_PKG_VERSION"));

pub struct Upstreams {
    egress: Egress,
    first_byte_timeout: Duration,
}

impl Upstreams {
    pub fn new(egress: Egress, config: &Config) -> Self {
        Self {
            egress,
            first_byte_timeout: Duration::from_secs(config.first_byte_timeout),
        }
    }
}

#[async_trait]
impl Upstream for Upstreams {
    async fn try_out(&self, url: &ServerUrl, headers: &[(domain::header::HeaderName, Secret)]) -> Verdict {
        let injected: Option<HeaderMap> = headers.iter().map(header).collect();
        let (Some(uri), Some(injected)) = (uri(url.as_url()), injected) else {
            return Verdict::Unreachable;
        };
        let client = |injected| {
            Client(Direct {
                upstreams: self,
                uri: uri.clone(),
                injected,
            })
        };
        let (with, without) = (client(injected), client(HeaderMap::new()));
        tokio::time::timeout(PATIENCE, try_out(&with, &without))
            .await
            .unwrap_or(Verdict::TimedOut)
    }
}

/// One upstream, with some credential or none.
struct Direct<'a> {
    upstreams: &'a Upstreams,
    uri: Uri,
    injected: HeaderMap,
}

#[async_trait]
impl Transport for Direct<'_> {
    async fn send(&self, method: Method, mut headers: HeaderMap, body: Bytes) -> Result<Received, Silence> {
        headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        // Last, as for calls.
        headers.extend(self.injected.clone());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        let sending = tokio::time::timeout(self.upstreams.first_byte_timeout, self.upstreams.egress.send(request));
        let answer = sending
            .await
            .map_err(|_| Silence::TimedOut)?
            .map_err(|error| silence(&error))?;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    }
}

fn header((name, value): &(domain::header::HeaderName, Secret)) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name.lower()).ok()?;
    Some((name, sensitive(value.expose()).ok()?))
}

fn silence(error: &EgressError) -> Silence {
    tracing::info!(error = %error.detail(), "Could not reach an upstream to try a credential");
    match error {
        EgressError::TimedOut => Silence::TimedOut,
        EgressError::Refused(_) | EgressError::Unreachable { .. } => Silence::Unreachable,
    }
}
