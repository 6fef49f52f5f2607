//! The two documents of discovery: a resource's description of itself (RFC 9728) and a provider's (RFC 8414, OpenID Connect
//! Discovery 1.0). Names are compared as they are written, byte for byte, so they stay texts.

use serde::{Deserialize, Deserializer};
use url::Url;

/// Protected resource metadata.
#[derive(Debug, Clone, Deserialize)]
pub struct ResourceDescription {
    pub resource: String,
    #[serde(default)]
    pub authorization_servers: Vec<String>,
    #[serde(default)]
    pub scopes_supported: Vec<String>,
}

/// Authorization server metadata.
#[derive(Debug, Clone, Deserialize)]
pub struct ProviderDescription {
    pub issuer: String,
    pub authorization_endpoint: Url,
    pub token_endpoint: Url,
    pub registration_endpoint: Option<Url>,
    /// RFC 7009. One that cannot be read is none: nothing but tidying up needs it.
    #[serde(default, deserialize_with = "lenient")]
    pub revocation_endpoint: Option<Url>,
    #[serde(default)]
    pub scopes_supported: Vec<String>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// RFC 9207.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub client_id_metadata_document_supported: bool,
}

fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.as_str().and_then(|text| Url::parse(text).ok()))
}

impl ProviderDescription {
    /// MCP: a provider that does not say that it takes PKCE with S256 must not be used.
    pub fn takes_pkce(&self) -> bool {
        let methods = self.code_challenge_methods_supported.iter().flatten();
        methods.into_iter().any(|method| method == "S256")
    }
}

/// Where a server's description may be, besides the place that its 401 names: first for its path, then for its whole origin.
pub fn resource_locations(server: &Url) -> Vec<Url> {
    let path = server.path().trim_end_matches('/');
    let mut found = vec![well_known(server, &format!("oauth-protected-resource{path}"))];
    if !path.is_empty() {
        found.push(well_known(server, "oauth-protected-resource"));
    }
    found
}

/// Where a provider's description may be: RFC 8414 with the path inserted, OpenID Connect the same, then appended. An issuer with
/// a path is never asked for at its origin: that would be somebody else's description.
pub fn provider_locations(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    let mut found = vec![
        well_known(issuer, &format!("oauth-authorization-server{path}")),
        well_known(issuer, &format!("openid-configuration{path}")),
    ];
    if !path.is_empty() {
        let mut appended = issuer.clone();
        appended.set_query(None);
        appended.set_path(&format!("{path}/.well-known/openid-configuration"));
        found.push(appended);
    }
    found
}

fn well_known(base: &Url, rest: &str) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&format!("/.well-known/{rest}"));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(urls: Vec<Url>) -> Vec<String> {
        urls.into_iter().map(String::from).collect()
    }

    #[test]
    fn descriptions_are_looked_for_where_the_rfcs_say() {
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(
            texts(resource_locations(&url("https://a.example:8443/team/mcp?x=1"))),
            [
                "https://a.example:8443/.well-known/oauth-protected-resource/team/mcp",
                "https://a.example:8443/.well-known/oauth-protected-resource",
            ]
        );
        assert_eq!(
            texts(resource_locations(&url("https://a.example"))),
            ["https://a.example/.well-known/oauth-protected-resource"]
        );
        assert_eq!(
            texts(provider_locations(&url("https://id.example/"))),
            [
                "https://id.example/.well-known/oauth-authorization-server",
                "https://id.example/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            texts(provider_locations(&url("https://id.example/tenant1"))),
            [
                "https://id.example/.well-known/oauth-authorization-server/tenant1",
                "https://id.example/.well-known/openid-configuration/tenant1",
                "https://id.example/tenant1/.well-known/openid-configuration",
            ]
        );
    }
}
