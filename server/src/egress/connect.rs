//! The connector: the one place where a name becomes an address, and an address a connection.
//!
//! Which addresses will do depends on the scheme, so each scheme has a connector of its own; the pool keeps them apart, too.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tower::Service;

use super::error::UnknownName;
use super::guard::{Guard, Refused, Scheme};
use super::resolve::Resolve;

const IDLE_PER_HOST: usize = 64;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

pub type Client = legacy::Client<InTime, Full<Bytes>>;

pub fn client(guard: &Guard, resolver: &Arc<dyn Resolve>, connect_timeout: Duration) -> Client {
    // rustls chooses by itself only while a single implementation is compiled in, and any dependency may bring another.
    // An error says that one is chosen already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let tls = HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(Connector::new(guard, resolver, connect_timeout));
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(IDLE_PER_HOST)
        .build(InTime {
            tls,
            limit: connect_timeout,
        })
}

/// A limit on all that happens before a request can be sent: name, TCP and TLS.
#[derive(Clone)]
pub struct InTime {
    tls: HttpsConnector<Connector>,
    limit: Duration,
}

impl Service<Uri> for InTime {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tls.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = tokio::time::timeout(self.limit, self.tls.call(uri));
        Box::pin(async move {
            let timed_out = |_| io::Error::from(io::ErrorKind::TimedOut);
            connecting.await.map_err(timed_out)?
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
        let tcp = |scheme| {
            let mut tcp = HttpConnector::new_with_resolver(Lookup {
                scheme,
                guard: guard.clone(),
                resolver: Arc::clone(resolver),
            });
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
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
    if authority.as_str().contains('@') || authority.port_u16() == Some(0) {
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

/// Gives a connector those of a name's addresses that may be called.
#[derive(Clone)]
struct Lookup {
    scheme: Scheme,
    guard: Guard,
    resolver: Arc<dyn Resolve>,
}

impl Lookup {
    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, BoxError> {
        let found = self.resolver.resolve(name).await.map_err(UnknownName)?;
        let (mut allowed, mut refused) = (Vec::new(), None);
        for address in found {
            match self.guard.check(self.scheme, address) {
                // The connector puts the URL's port in place of 0.
                Ok(()) => allowed.push(SocketAddr::new(address, 0)),
                Err(reason) => refused = Some(reason),
            }
        }
        match refused {
            Some(reason) if allowed.is_empty() => Err(reason.into()),
            _ => Ok(allowed),
        }
    }
}

impl Service<Name> for Lookup {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let lookup = self.clone();
        Box::pin(async move { Ok(lookup.addresses(name.as_str()).await?.into_iter()) })
    }
}
