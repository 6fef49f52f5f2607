//! The way out: every URL that Overkey calls is called from here, so that no caller can forget a rule (issue 3, item 9).
//!
//! Names are resolved once, each address is checked, and only a checked one is connected to. Public addresses are called over
//! https only; private and special ones, and plain http, only in networks that `OVERKEY_UPSTREAM_ALLOW` lists. Redirects are never
//! followed and no proxy of the environment is asked.

mod client;
mod connect;
mod error;
mod fetch;
mod guard;
mod mail;
mod resolve;
mod streams;
mod together;
mod wire;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::Full;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use rustls::pki_types::CertificateDer;
use url::{Position, Url};

use client::Client;
pub use client::{Answer, Purpose};
use connect::Connectors;
pub use error::{EgressError, FetchError, Unreachable};
pub use fetch::FetchLimits;
pub use guard::{Guard, Refused, Scheme};
pub use mail::{Letter, MailError, Mailbox, Mailer};
pub use resolve::{Resolve, SystemResolver};

#[derive(Debug, Clone)]
pub struct EgressConfig {
    /// Networks that may be called besides public ones, over plain http too.
    pub allow: Vec<IpNet>,
    /// For resolving, connecting and TLS together.
    pub connect_timeout: Duration,
    /// How often an HTTP/2 connection with something to do is asked whether it is still there.
    pub ping: Duration,
    /// Whom to believe besides the public authorities.
    pub trust: Vec<CertificateDer<'static>>,
    pub fetch: FetchLimits,
}

/// Whoever calls waits for a minute.
pub const PING: Duration = Duration::from_secs(15);

thread_local! {
    static CONNECTIONS: Cell<usize> = const { Cell::new(0) };
}

/// Threads with connections of their own, at most: more share them.
const MOST_THREADS: usize = 64;

/// What this thread sends goes over connections that no other thread uses, as long as there are not too many such threads.
pub fn use_own_connections(thread: usize) {
    CONNECTIONS.set(1 + thread % MOST_THREADS);
}

/// A URL as requests name it: without what is after `#`, and with a path.
pub fn uri(url: &Url) -> Option<Uri> {
    let path: PathAndQuery = url[Position::BeforePath..Position::AfterQuery].parse().ok()?;
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let uri = Uri::builder().scheme(url.scheme()).authority(authority);
    uri.path_and_query(path).build().ok()
}

/// Cheap to clone; the clones share their connections.
#[derive(Clone)]
pub struct Egress {
    /// The first is for threads that have none of their own.
    clients: Arc<[Client]>,
    limits: FetchLimits,
}

impl Egress {
    pub fn new(config: &EgressConfig, resolver: &Arc<dyn Resolve>) -> Self {
        let connectors = Connectors::new(config, resolver);
        let client = |_| Client::new(&connectors, config.ping);
        Self {
            clients: (0..=MOST_THREADS).map(client).collect(),
            limits: config.fetch,
        }
    }

    /// With the names that the system knows.
    pub fn system(config: &EgressConfig) -> Self {
        Self::new(config, &(Arc::new(SystemResolver) as Arc<dyn Resolve>))
    }

    /// For what the operator alone configures (a collector, a webhook): wherever that leads, over plain http too. Never for an
    /// address that anybody else may enter.
    pub fn for_operator(connect_timeout: Duration, trust: &[CertificateDer<'static>]) -> Self {
        let everywhere = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
        Self::system(&EgressConfig {
            allow: everywhere.to_vec(),
            connect_timeout,
            ping: PING,
            trust: trust.to_vec(),
            fetch: FetchLimits::default(),
        })
    }

    /// The answer as soon as it begins. How long that may take, and what follows, is the caller's to limit.
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Answer>, EgressError> {
        self.send_for(Purpose::Call, request).await
    }

    /// The same, for what may not be a call.
    pub async fn send_for(
        &self,
        purpose: Purpose,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Answer>, EgressError> {
        Ok(self.clients[CONNECTIONS.get()].send(request, purpose).await?)
    }

    /// The whole answer, small and soon: for OAuth and metadata. A redirect is returned as it is.
    pub async fn fetch(&self, request: Request<Bytes>) -> Result<Response<Bytes>, FetchError> {
        fetch::fetch(self, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_called_as_it_is() {
        for (given, called) in [
            ("https://[::1]:8443/mcp?key=1", "https://[::1]:8443/mcp?key=1"),
            ("http://a.example", "http://a.example/"),
        ] {
            assert_eq!(uri(&Url::parse(given).unwrap()).unwrap().to_string(), called);
        }
    }
}
