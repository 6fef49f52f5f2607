//! From a name to the addresses that may be connected to. The system is asked, or whom a test hands in; once for a connection, so
//! a second answer changes nothing (F2).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::connect::{BoxError, Connecting};
use super::error::UnknownName;
use super::guard::{Guard, Scheme};

#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of a name. Nothing is believed: each is checked before it is connected to.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let found = tokio::net::lookup_host((name, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    }
}

/// Gives a connector those of a name's addresses that may be called.
#[derive(Clone)]
pub struct Lookup {
    pub scheme: Scheme,
    pub guard: Guard,
    pub resolver: Arc<dyn Resolve>,
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
            _ if !allowed.is_empty() => Ok(allowed),
            Some(reason) => Err(reason.into()),
            None => Err(UnknownName(io::ErrorKind::NotFound.into()).into()),
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::super::guard::Refused;
    use super::*;

    /// Answers once, then never again.
    struct Once(Mutex<Option<Vec<IpAddr>>>);

    #[async_trait]
    impl Resolve for Once {
        async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            let taken = self.0.lock().unwrap().take();
            taken.ok_or_else(|| io::Error::other("asked twice"))
        }
    }

    async fn look_up(scheme: Scheme, allow: &[&str], found: &[&str]) -> Result<Vec<String>, BoxError> {
        let allow: Vec<_> = allow.iter().map(|network| network.parse().unwrap()).collect();
        let found = found.iter().map(|address| address.parse().unwrap()).collect();
        let mut lookup = Lookup {
            scheme,
            guard: Guard::new(&allow),
            resolver: Arc::new(Once(Mutex::new(Some(found)))),
        };
        let addresses = lookup.call("a.example".parse()?).await?;
        Ok(addresses.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn f2_of_a_names_addresses_only_those_that_may_be_called_are_connected_to() {
        let found = ["127.0.0.1", "93.184.216.34", "10.0.0.7", "2606:2800:220:1::1", "::1"];
        let https = look_up(Scheme::Https, &[], &found).await.unwrap();
        assert_eq!(https, ["93.184.216.34", "2606:2800:220:1::1"]);
        let listed = look_up(Scheme::Https, &["10.0.0.0/8"], &found).await.unwrap();
        assert_eq!(listed, ["93.184.216.34", "10.0.0.7", "2606:2800:220:1::1"]);
        let http = look_up(Scheme::Http, &["10.0.0.0/8"], &found).await.unwrap();
        assert_eq!(http, ["10.0.0.7"]);
    }

    #[tokio::test]
    async fn f2_a_name_without_such_an_address_says_why() {
        for (scheme, found, text) in [
            (
                Scheme::Https,
                &["127.0.0.1", "::1"] as &[_],
                Refused::Special.to_string(),
            ),
            (Scheme::Http, &["93.184.216.34"], Refused::PlainHttp.to_string()),
            (Scheme::Https, &[], "entity not found".to_owned()),
        ] {
            let error = look_up(scheme, &[], found).await.unwrap_err();
            assert_eq!(error.to_string(), text);
        }
    }
}
