//! Which server a token is for (RFC 8707), and how a server is named as a protected resource (RFC 9728).

use url::{Host, Url};

use super::redirect::is_this_machine;
use crate::server::ServerName;

/// Where the gateway serves a server.
const GATEWAY: &str = "/mcp/";
/// The old transport's address of the same server.
const OLD_TRANSPORT: &str = "/sse";
const DESCRIPTION: &str = "/.well-known/oauth-protected-resource";

/// How a client that named this host knows us: as the public URL, unless that is this machine and the client calls it by another
/// of its names. A description has to name the address that the client was given.
pub fn known_as(public: &Url, host: Option<&str>) -> Url {
    let named = host.and_then(|host| Url::parse(&format!("{}://{host}/", public.scheme())).ok());
    match named {
        Some(named) if same_place(public, &named) => named,
        _ => public.clone(),
    }
}

/// The server's address on the gateway: what is protected.
pub fn resource(base: &Url, server: &ServerName) -> Url {
    at(base, &format!("{GATEWAY}{server}"))
}

/// Where the server is described as a protected resource.
pub fn description(base: &Url, server: &ServerName) -> Url {
    at(base, &format!("{DESCRIPTION}{GATEWAY}{server}"))
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

/// The server that a `resource` parameter names; `None` for what is no server's address here. Whether there is such a server is
/// another question.
pub fn server_of(public: &Url, resource: &str) -> Option<ServerName> {
    let url = Url::parse(resource).ok()?;
    let plain =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !plain || !same_place(public, &url) {
        return None;
    }
    let rest = url.path().strip_prefix(GATEWAY)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    ServerName::parse(rest.strip_suffix(OLD_TRANSPORT).unwrap_or(rest)).ok()
}

/// The same origin; the names of this machine stand for each other.
fn same_place(public: &Url, other: &Url) -> bool {
    let hosts = |url: &Url| url.host().map(|host: Host<&str>| host.to_owned());
    public.scheme() == other.scheme()
        && public.port_or_known_default() == other.port_or_known_default()
        && (hosts(public) == hosts(other) || (is_this_machine(public) && is_this_machine(other)))
}
