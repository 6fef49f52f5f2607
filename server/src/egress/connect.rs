//! The connector: the one place where a name becomes an address, and an address a connection.
//!
//! Which addresses will do depends on the scheme, so each scheme has a connector of its own; the pool keeps them apart, too.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Uri;
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tower::{Service, ServiceExt};

use super::EgressConfig;
use super::guard::{Guard, Refused, Scheme};
use super::resolve::{Lookup, Resolve};
use super::together::Together;
use super::wire::Wire;

/// A silent upstream is asked after this time, and then so often, whether it is still there.
const SILENT: Duration = Duration::from_secs(60);
const PROBES: (Duration, u32) = (Duration::from_secs(15), 4);

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Connections that may become HTTP/2, and such that do not.
pub struct Connectors {
    pub any: InTime,
    pub http1: InTime,
}

impl Connectors {
    pub fn new(config: &EgressConfig, resolver: &Arc<dyn Resolve>) -> Self {
        // rustls chooses by itself only while a single implementation is compiled in, and any dependency may bring another.
        // An error says that one is chosen already.
        rustls::crypto::ring::default_provider().install_default().ok();
        let tcp = Connector::new(&Guard::new(&config.allow), resolver, config.connect_timeout);
        let in_time = |tls| InTime {
            tls: Arc::new(tls),
            limit: config.connect_timeout,
        };
        let http1 = || tls(&config.trust).https_or_http().enable_http1();
        Self {
            any: in_time(http1().enable_http2().wrap_connector(tcp.clone())),
            http1: in_time(http1().wrap_connector(tcp)),
        }
    }
}

/// The public authorities, and private ones.
fn authorities(trust: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    roots.add_parsable_certificates(trust.iter().cloned());
    roots
}

fn tls(trust: &[CertificateDer<'static>]) -> HttpsConnectorBuilder<WantsSchemes> {
    let config = ClientConfig::builder().with_root_certificates(authorities(trust));
    HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth())
}

/// A limit on all that happens before a request can be sent: name, TCP and TLS.
///
/// The client clones its connector for every request, whether it connects or not: that has to be cheap.
#[derive(Clone)]
pub struct InTime {
    tls: Arc<HttpsConnector<Connector>>,
    limit: Duration,
}

impl Service<Uri> for InTime {
    type Response = Wire;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (tls, limit) = (HttpsConnector::clone(&self.tls), self.limit);
        Box::pin(async move {
            let timed_out = |_| io::Error::from(io::ErrorKind::TimedOut);
            let connected = tokio::time::timeout(limit, tls.oneshot(uri)).await;
            Ok(connected.map_err(timed_out)??.into())
        })
    }
}

/// TCP connections to addresses that were checked for the URL's scheme.
#[derive(Clone)]
pub struct Connector {
    guard: Guard,
    http: HttpConnector<Lookup>,
    https: HttpConnector<Lookup>,
}

impl Connector {
    fn new(guard: &Guard, resolver: &Arc<dyn Resolve>, timeout: Duration) -> Self {
        let resolver: Arc<dyn Resolve> = Arc::new(Together::new(resolver));
        let tcp = |scheme| {
            let mut tcp = HttpConnector::new_with_resolver(Lookup {
                scheme,
                guard: guard.clone(),
                resolver: Arc::clone(&resolver),
            });
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_keepalive(Some(SILENT));
            tcp.set_keepalive_interval(Some(PROBES.0));
            tcp.set_keepalive_retries(Some(PROBES.1));
            // Divided among a name's addresses, so that the first does not use it all up.
            tcp.set_connect_timeout(Some(timeout));
            tcp
        };
        Self {
            guard: guard.clone(),
            http: tcp(Scheme::Http),
            https: tcp(Scheme::Https),
        }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        ready!(self.http.poll_ready(context))?;
        ready!(self.https.poll_ready(context))?;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let scheme = match checked(&self.guard, &uri) {
            Ok(scheme) => scheme,
            Err(refused) => return Box::pin(async move { Err(refused.into()) }),
        };
        let connecting = match scheme {
            Scheme::Http => self.http.call(uri),
            Scheme::Https => self.https.call(uri),
        };
        Box::pin(async move { Ok(connecting.await?) })
    }
}

/// All that can be checked without a resolver. A host that is an address never gets to one, so it is checked here.
fn checked(guard: &Guard, uri: &Uri) -> Result<Scheme, Refused> {
    let scheme = Scheme::of(uri).ok_or(Refused::NotCallable)?;
    let authority = uri.authority().ok_or(Refused::NotCallable)?;
    // A user would be left out silently; a zone (`%25eth0`) names a link of this machine.
    let odd = authority.as_str().contains(['@', '%']) || authority.host().is_empty();
    if odd || authority.port_u16() == Some(0) {
        return Err(Refused::NotCallable);
    }
    match literal(authority.host()) {
        Some(address) => guard.check(scheme, address).map(|()| scheme),
        None => Ok(scheme),
    }
}

/// As `HttpConnector` tells an address from a name. What only looks like one (`127.1`) is a name, and its addresses are checked.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    let v4 = host.parse::<Ipv4Addr>().map(IpAddr::from);
    v4.or_else(|_| host.parse::<Ipv6Addr>().map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[&str], uri: &str) -> Result<Scheme, Refused> {
        let allow: Vec<_> = allow.iter().map(|network| network.parse().unwrap()).collect();
        checked(&Guard::new(&allow), &uri.parse().unwrap())
    }

    #[test]
    fn f1_a_host_that_is_an_address_is_checked_without_a_resolver() {
        for host in [
            "127.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "169.254.169.254",
            "[64:ff9b::a00:1]",
            "0.0.0.0",
        ] {
            for scheme in ["http", "https"] {
                assert_eq!(
                    check(&[], &format!("{scheme}://{host}:8080/mcp")),
                    Err(Refused::Special),
                    "{host}"
                );
            }
        }
        assert_eq!(check(&[], "http://93.184.216.34/"), Err(Refused::PlainHttp));
        assert_eq!(check(&[], "https://93.184.216.34/"), Ok(Scheme::Https));
        assert_eq!(check(&[], "https://[2606:2800:220:1::1]/"), Ok(Scheme::Https));
        assert_eq!(check(&["127.0.0.1/32"], "http://127.0.0.1/"), Ok(Scheme::Http));
    }

    #[test]
    fn f1_urls_that_nobody_needs_are_not_called() {
        for uri in [
            "ftp://a.example/",
            "ws://a.example/",
            "/mcp",
            "a.example:443",
            "https://user@a.example/",
            "https://user:password@a.example/",
            "https://a.example:0/",
            "https://:443/",
            "https://[fe80::1%25eth0]/",
            "https://[::1%251]/",
        ] {
            assert_eq!(check(&["::/0"], uri), Err(Refused::NotCallable), "{uri}");
        }
    }

    #[test]
    fn private_authorities_come_beside_the_public_ones() {
        let public = webpki_roots::TLS_SERVER_ROOTS.len();
        let made = rcgen::generate_simple_self_signed(["mcp.internal".to_owned()]).unwrap();
        assert_eq!(authorities(&[]).len(), public);
        assert_eq!(authorities(&[made.cert.der().clone()]).len(), public + 1);
    }
}
