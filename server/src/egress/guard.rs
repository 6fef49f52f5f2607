//! Which addresses may be called, and how (F1). Rules only; `connect` obeys them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use http::Uri;
use ipnet::IpNet;

/// The texts name no address: they may be shown to who entered the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the address is private or special, and OVERKEY_UPSTREAM_ALLOW does not list it")]
    Special,
    #[error("public addresses are called over https only; http is for networks that OVERKEY_UPSTREAM_ALLOW lists")]
    PlainHttp,
    #[error("the URL is not one to call: it needs https or http, a host, a port other than 0, and no user or password")]
    NotCallable,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub fn of(uri: &Uri) -> Option<Self> {
        match uri.scheme_str()? {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            _ => None,
        }
    }
}

/// Public addresses over https, and what the operator lists.
#[derive(Debug, Clone)]
pub struct Guard {
    allow: Arc<[IpNet]>,
}

impl Guard {
    pub fn new(allow: &[IpNet]) -> Self {
        Self { allow: allow.into() }
    }

    pub fn check(&self, scheme: Scheme, address: IpAddr) -> Result<(), Refused> {
        let address = address.to_canonical();
        if self.allow.iter().any(|network| network.contains(&address)) {
            Ok(())
        } else if !is_public(address) {
            Err(Refused::Special)
        } else if scheme == Scheme::Http {
            Err(Refused::PlainHttp)
        } else {
            Ok(())
        }
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
