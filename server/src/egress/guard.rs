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
    #[error("the URL needs https or http, a host without a zone, a port other than 0, and no user or password")]
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

/// Not in IANA's special-purpose registries of IPv4 and IPv6 (RFC 6890 and later) nor multicast. Some of what those list can be
/// reached globally (anycast of protocols); nothing that anybody runs an MCP server on.
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
        || address.is_documentation()
        || address.is_multicast()
        || (a == 100 && (64..128).contains(&b)) // carrier-grade NAT
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (18..20).contains(&b)) // benchmarks
        || a >= 240) // reserved, broadcast
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast is 2000::/3, which leaves out loopback, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), ULA, link-local, multicast.
    // What it embeds or reserves is taken out again.
    (first & 0xe000) == 0x2000
        && first != 0x2002 // 6to4: an IPv4 address inside
        && !(first == 0x2001 && (second < 0x0200 || second == 0x0db8)) // Teredo, protocol assignments, documentation
        && !(first == 0x3fff && second < 0x1000) // documentation
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allow: &[&str], scheme: Scheme, address: &str) -> Result<(), Refused> {
        let allow: Vec<IpNet> = allow.iter().map(|network| network.parse().unwrap()).collect();
        Guard::new(&allow).check(scheme, address.parse().unwrap())
    }

    /// The first and the last address of each block that is kept out.
    const SPECIAL: &[(&str, &str)] = &[
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "239.255.255.255"),
        ("240.0.0.0", "255.255.255.255"),
        ("::", "::1"),
        ("::7f00:1", "::ffff:ffff"),                        // IPv4-compatible
        ("::ffff:0:0", "::ffff:0.255.255.255"),             // IPv4-mapped
        ("::ffff:127.0.0.0", "::ffff:127.255.255.255"),     // IPv4-mapped
        ("::ffff:169.254.169.254", "::ffff:192.168.1.1"),   // IPv4-mapped
        ("::ffff:0:127.0.0.1", "::ffff:0:255.255.255.255"), // IPv4-translated
        ("64:ff9b::", "64:ff9b::ffff:ffff"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("100::", "100::ffff:ffff:ffff:ffff"),
        ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"), // Teredo and the other assignments
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // 6to4
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // segment routing
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), // site-local
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];

    /// Their neighbours, and others that are like them.
    const PUBLIC: &[&str] = &[
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "::ffff:93.184.216.34",
        "2000::",
        "2001:200::",
        "2001:db7:ffff::",
        "2001:db9::",
        "2003::",
        "2606:2800:220:1::1",
        "3fff:1000::",
    ];

    #[test]
    fn f1_special_addresses_are_refused_from_the_first_to_the_last_and_their_neighbours_are_not() {
        for address in SPECIAL.iter().flat_map(|(first, last)| [first, last]) {
            for scheme in [Scheme::Http, Scheme::Https] {
                assert_eq!(check(&[], scheme, address), Err(Refused::Special), "{address}");
            }
        }
        for address in PUBLIC {
            assert_eq!(check(&[], Scheme::Https, address), Ok(()), "{address}");
        }
    }

    #[test]
    fn f1_public_addresses_are_called_over_https_only() {
        for address in PUBLIC {
            assert_eq!(check(&[], Scheme::Http, address), Err(Refused::PlainHttp), "{address}");
        }
    }

    #[test]
    fn f1_what_the_operator_lists_is_called_over_either() {
        let allow = ["127.0.0.0/8", "93.184.216.34/32", "fd00::/8"];
        for scheme in [Scheme::Http, Scheme::Https] {
            for address in ["127.0.0.1", "::ffff:127.0.0.1", "93.184.216.34", "fd00::1"] {
                assert_eq!(check(&allow, scheme, address), Ok(()), "{address}");
            }
            for address in ["10.0.0.1", "::1", "fc00::1", "64:ff9b::7f00:1", "2002:7f00:1::"] {
                assert_eq!(check(&allow, scheme, address), Err(Refused::Special), "{address}");
            }
        }
        assert_eq!(check(&allow, Scheme::Http, "93.184.216.35"), Err(Refused::PlainHttp));
    }
}
