//! Single values: what each may be, whatever the others are.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use url::Url;

use super::{ConfigError, List, invalid};

/// Where to listen.
pub(super) fn address(key: &'static str, text: &str, such_as: &str) -> Result<SocketAddr, ConfigError> {
    let wrong = |_| invalid(key, &format!("an address and a port, such as {such_as}"));
    text.parse().map_err(wrong)
}

/// Beside the SQLite file; PostgreSQL has no "beside", so there the key has to be given.
pub(super) fn default_key_file(database_url: &str) -> Result<PathBuf, ConfigError> {
    match database_url.strip_prefix("sqlite:") {
        Some(path) => Ok(Path::new(path.trim_start_matches("//")).with_extension("key")),
        None => Err(invalid(
            "master_key",
            "needed with PostgreSQL: 32 random bytes in base64 (openssl rand -base64 32), here or in `master_key_file`",
        )),
    }
}

/// The certificates of a PEM file. One that cannot be an authority would be missed only when it is needed.
pub(super) fn authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let wrong = |problem: String| ConfigError::Invalid {
        key: "ca_file",
        problem,
    };
    let cannot = |error: &dyn std::fmt::Display| wrong(format!("cannot read {}: {error}", file.display()));
    let pem = std::fs::read(file).map_err(|error| cannot(&error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| cannot(&error))?;
    for certificate in &found {
        let taken = RootCertStore::empty().add(certificate.clone());
        taken.map_err(|error| cannot(&error))?;
    }
    if found.is_empty() {
        return Err(wrong(format!(
            "{} holds no certificate; PEM begins with -----BEGIN CERTIFICATE-----",
            file.display()
        )));
    }
    Ok(found)
}

pub(super) fn public_url(text: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let bare = url.filter(|url| {
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
    });
    bare.ok_or_else(|| {
        invalid(
            "public_url",
            "scheme, host and port only, such as https://mcp.example.com",
        )
    })
}

/// A collector's base address, as OTEL_EXPORTER_OTLP_ENDPOINT has it, or the whole address for traces.
pub(super) fn collector(text: &str) -> Result<Url, ConfigError> {
    let wrong = || {
        invalid(
            "otlp_endpoint",
            "the collector's address for OTLP over HTTP, such as http://127.0.0.1:4318",
        )
    };
    let mut url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(wrong)?;
    if !url.path().ends_with("/v1/traces") {
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

pub(super) fn origin(text: &str) -> Result<String, ConfigError> {
    let url = Url::parse(text).map_err(|_| invalid("allowed_origins", "origins such as https://app.example.com"))?;
    Ok(url.origin().ascii_serialization())
}

pub(super) fn networks(key: &'static str, list: &List) -> Result<Vec<IpNet>, ConfigError> {
    let parse = |text: &str| {
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
    };
    list.items()
        .into_iter()
        .map(|text| parse(text).map_err(|_| invalid(key, "networks such as 10.0.0.0/8")))
        .collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::super::tests::{load, problem};

    #[test]
    fn a_collector_may_be_named_by_its_base_address() {
        for (given, meant) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("https://otel.example/base/", "https://otel.example/base/v1/traces"),
            ("https://otel.example/v1/traces", "https://otel.example/v1/traces"),
        ] {
            let config = load(&format!("otlp_endpoint = '{given}'")).unwrap();
            assert_eq!(config.otlp_endpoint.unwrap().as_str(), meant);
        }
        assert!(problem("otlp_endpoint = 'collector:4317'").starts_with("setting `otlp_endpoint`"));
    }

    #[test]
    fn lists_are_lists_or_comma_separated() {
        assert_eq!(
            load("upstream_allow = '127.0.0.0/8, ::1'")
                .unwrap()
                .upstream_allow
                .len(),
            2
        );
        assert_eq!(load("upstream_allow = ['10.0.0.0/8']").unwrap().upstream_allow.len(), 1);
    }

    #[test]
    fn a_master_key_is_never_shown() {
        let key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
        let config = load(&format!("master_key = '{key}'")).unwrap();
        assert!(!format!("{config:?}").contains(key));
    }

    #[test]
    fn private_authorities_are_the_certificates_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let given = format!("ca_file = '{}'", file.display());
        let told = || problem(&given);
        assert!(told().starts_with("setting `ca_file`: cannot read"), "{}", told());
        let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap().cert;
        let (one, two) = (made("a.internal"), made("b.internal"));
        let pem = |der: &[u8]| {
            let text = STANDARD.encode(der);
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let both = format!("# Ours\n{}\n{}", pem(one.der()), pem(two.der()));
        std::fs::write(&file, &both).unwrap();
        let trust = load(&given).unwrap().trust;
        assert_eq!(trust, [one.der().clone(), two.der().clone()]);
        assert!(load("").unwrap().trust.is_empty());
        std::fs::write(&file, "no PEM").unwrap();
        assert!(told().contains("holds no certificate"), "{}", told());
        std::fs::write(&file, format!("{both}\n{}", pem(b"broken"))).unwrap();
        assert!(told().starts_with("setting `ca_file`: cannot read"), "{}", told());
        std::fs::write(&file, &both[..both.len() - 40]).unwrap();
        assert!(told().starts_with("setting `ca_file`: cannot read"), "{}", told());
    }
}
