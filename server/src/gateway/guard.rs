//! Where the gateway may connect to. A name is resolved once, every address is checked, and only a checked one is connected to: a
//! second answer of the name server changes nothing (F1, F2).

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use ipnet::IpNet;
use tower::Service;
use url::{Host, Url};

/// The refusal's text names no address: it may be shown to who registered the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the address is private or special, and OVERKEY_UPSTREAM_ALLOW does not list it")]
pub struct Refused;

/// Public addresses, and what the operator lists.
#[derive(Debug, Clone)]
pub struct Guard {
    allow: Arc<[IpNet]>,
}

impl Guard {
    pub fn new(allow: &[IpNet]) -> Self {
        Self { allow: allow.into() }
    }

    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let address = address.to_canonical();
        if self.allow.iter().any(|network| network.contains(&address)) || is_public(address) {
            Ok(())
        } else {
            Err(Refused)
        }
    }

    /// A URL whose host is an address: the connector asks no resolver for those.
    pub fn check_literal(&self, url: &Url) -> Result<(), Refused> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check(address.into()),
            Some(Host::Ipv6(address)) => self.check(address.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(Refused),
        }
    }
}

impl Service<Name> for Guard {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| guard.check(address.ip()).is_ok()).collect();
            if allowed.is_empty() {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, Refused))
            } else {
                Ok(allowed.into_iter())
            }
        })
    }
}

/// IANA's special-purpose registries (RFC 6890 and later), without what the standard library has not made stable.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    let second = address.segments()[1];
    // Global unicast is 2000::/3; what it embeds or reserves is taken out again.
    (first & 0xe000) == 0x2000
        && first != 0x2002 // 6to4: an IPv4 address inside
        && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8)) // Teredo, protocol assignments, documentation
        && !(first == 0x3fff && second < 0x1000) // documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(guard: &Guard, url: &str) -> bool {
        guard.check_literal(&Url::parse(url).unwrap()).is_err()
    }

    #[test]
    fn f1_private_and_special_addresses_are_refused_in_every_spelling() {
        let strict = Guard::new(&[]);
        for url in [
            "http://169.254.169.254/latest",
            "http://[::1]/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://[::ffff:127.0.0.1]/",
            "http://10.0.0.1/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://[fc00::1]/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://224.0.0.1/",
        ] {
            assert!(refused(&strict, url), "{url}");
        }
        assert!(!refused(&strict, "http://93.184.216.34/") && !refused(&strict, "http://[2606:2800:220:1::1]/"));
    }

    #[test]
    fn f1_what_the_operator_lists_is_allowed() {
        let guard = Guard::new(&["127.0.0.0/8".parse().unwrap()]);
        assert!(
            !refused(&guard, "http://127.0.0.1/")
                && !refused(&guard, "http://[::ffff:127.0.0.1]/")
                && refused(&guard, "http://10.0.0.1/")
        );
    }

    #[tokio::test]
    async fn f2_a_name_that_leads_inside_resolves_to_nothing() {
        let resolve = |mut guard: Guard| async move { guard.call("localhost".parse().unwrap()).await };
        assert!(resolve(Guard::new(&[])).await.is_err());
        assert!(
            resolve(Guard::new(&[
                "127.0.0.0/8".parse().unwrap(),
                "::1/128".parse().unwrap()
            ]))
            .await
            .is_ok()
        );
    }
}
