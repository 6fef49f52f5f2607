//! Configuration: defaults < `overkey.toml` < environment `OVERKEY_*`, checked once at start.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use domain::secret::Secret;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use ipnet::IpNet;
use rustls::pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use url::Url;

mod identity;
mod limits;
mod notify;
mod values;

pub use identity::{ProviderConfig, SsoConfig};
pub use limits::{AtMost, LimitsConfig};
pub use notify::{MailConfig, NotifyConfig, WebhookConfig};

const PREFIX: &str = "OVERKEY_";
/// The test suite's own variables; not configuration.
const TEST_PREFIX: &str = "OVERKEY_TEST_";
/// Where people who use the gateway keep their token, as the pages tell them to; not configuration either.
const TOKEN: &str = "OVERKEY_TOKEN";
const DEFAULT_FILE: &str = "overkey.toml";

/// Every key there is, as written in the file; `OVERKEY_<KEY>` in the environment.
#[derive(Serialize, Deserialize)]
struct Raw {
    listen: String,
    metrics_listen: Option<String>,
    database_url: String,
    public_url: Option<String>,
    #[serde(skip_serializing)]
    master_key: Option<Secretly>,
    master_key_file: Option<PathBuf>,
    upstream_allow: List,
    ca_file: Option<PathBuf>,
    allowed_origins: List,
    trusted_proxies: List,
    body_limit: u64,
    body_memory: Option<u64>,
    body_timeout: u64,
    connect_timeout: u64,
    first_byte_timeout: u64,
    idle_timeout: u64,
    max_connections: u32,
    max_calls: u32,
    max_calls_per_subject: u32,
    max_calls_per_server: u32,
    max_streams: u32,
    max_streams_per_subject: u32,
    max_streams_per_server: u32,
    credential_wait: u64,
    password_sign_in: bool,
    sso_issuer: Option<String>,
    sso_client_id: Option<String>,
    #[serde(skip_serializing)]
    sso_client_secret: Option<Secretly>,
    sso_name: String,
    sso_scopes: List,
    sso_groups_claim: String,
    sso_admin_groups: List,
    sso_teams: List,
    sso_link_by_email: bool,
    sso_create_users: bool,
    identity_providers: Vec<identity::RawProvider>,
    audit_retention: u32,
    call_retention: u32,
    log: String,
    log_format: LogFormat,
    otlp_endpoint: Option<String>,
    notify_webhook_url: Option<String>,
    #[serde(skip_serializing)]
    notify_webhook_secret: Option<Secretly>,
    notify_webhook_secret_file: Option<PathBuf>,
    #[serde(skip_serializing)]
    smtp_url: Option<Secretly>,
    smtp_url_file: Option<PathBuf>,
    mail_from: Option<String>,
}

const KEYS: &[&str] = &[
    "listen",
    "metrics_listen",
    "database_url",
    "public_url",
    "master_key",
    "master_key_file",
    "upstream_allow",
    "ca_file",
    "allowed_origins",
    "trusted_proxies",
    "body_limit",
    "body_memory",
    "body_timeout",
    "connect_timeout",
    "first_byte_timeout",
    "idle_timeout",
    "max_connections",
    "max_calls",
    "max_calls_per_subject",
    "max_calls_per_server",
    "max_streams",
    "max_streams_per_subject",
    "max_streams_per_server",
    "credential_wait",
    "password_sign_in",
    "sso_issuer",
    "sso_client_id",
    "sso_client_secret",
    "sso_name",
    "sso_scopes",
    "sso_groups_claim",
    "sso_admin_groups",
    "sso_teams",
    "sso_link_by_email",
    "sso_create_users",
    "identity_providers",
    "audit_retention",
    "call_retention",
    "log",
    "log_format",
    "otlp_endpoint",
    "notify_webhook_url",
    "notify_webhook_secret",
    "notify_webhook_secret_file",
    "smtp_url",
    "smtp_url_file",
    "mail_from",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

/// A list in the file, a comma-separated text in the environment.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum List {
    Many(Vec<String>),
    One(String),
}

impl List {
    fn items(&self) -> Vec<&str> {
        match self {
            Self::Many(items) => items.iter().map(|item| item.trim()).collect(),
            Self::One(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Secretly(String);

impl fmt::Debug for Secretly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Where the master key comes from.
#[derive(Debug, Clone)]
pub enum KeySource {
    Value(Secret),
    File(PathBuf),
}

impl KeySource {
    /// Where an operator finds it.
    pub fn place(&self) -> String {
        match self {
            Self::Value(_) => "OVERKEY_MASTER_KEY".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub metrics_listen: Option<SocketAddr>,
    pub database_url: String,
    /// `None`: `http://` and the listening address.
    pub public_url: Option<Url>,
    pub key: KeySource,
    /// Networks upstream URLs may lead to besides public ones.
    pub upstream_allow: Vec<IpNet>,
    /// Private authorities that are believed besides the public ones, wherever TLS is spoken but to the database.
    pub trust: Vec<CertificateDer<'static>>,
    /// Browser origins that may call `/mcp` besides our own.
    pub allowed_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Bytes.
    pub body_limit: usize,
    /// Seconds, for a request's body to arrive.
    pub body_timeout: u64,
    /// Seconds.
    pub connect_timeout: u64,
    /// Seconds.
    pub first_byte_timeout: u64,
    /// Seconds, between the pieces of an answer that is no event stream.
    pub idle_timeout: u64,
    pub limits: LimitsConfig,
    /// Seconds.
    pub credential_wait: u64,
    /// Whether people may sign in with a password kept here.
    pub password_sign_in: bool,
    pub sso: Option<SsoConfig>,
    /// Whose tokens the gateway takes besides ours.
    pub identity_providers: Vec<ProviderConfig>,
    /// Days that changes are kept; 0 for good.
    pub audit_retention: u32,
    /// Days that calls are kept; 0 for good.
    pub call_retention: u32,
    pub log: String,
    pub log_format: LogFormat,
    /// Where traces go: the whole URL that spans are posted to.
    pub otlp_endpoint: Option<Url>,
    /// Who is told of what happens to overrides.
    pub notify: NotifyConfig,
}

/// One sentence that names the key and says what to do; never a value that may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("unknown setting `{key}`{}", nearest.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown { key: String, nearest: Option<&'static str> },
    #[error("setting `{key}`: {problem}")]
    Invalid { key: &'static str, problem: String },
    #[error("the configuration could not be read: {0}")]
    Unreadable(String),
}

impl Config {
    /// Reads the file (the given one must exist; the default one may be missing) and the environment.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(file) = file.filter(|file| !file.exists()) {
            return Err(ConfigError::Unreadable(format!("there is no file {}", file.display())));
        }
        let file = file.unwrap_or(Path::new(DEFAULT_FILE));
        let environment = Env::prefixed(PREFIX).filter(|key| {
            let name = format!("{PREFIX}{}", key.as_str().to_uppercase());
            !name.starts_with(TEST_PREFIX) && name != TOKEN
        });
        Self::from_figment(
            &Figment::from(Serialized::defaults(defaults()))
                .merge(Toml::file(file))
                .merge(environment),
        )
    }

    fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        let given: figment::value::Dict = figment
            .extract()
            .map_err(|error| ConfigError::Unreadable(first_line(&error)))?;
        if let Some(key) = given.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(ConfigError::Unknown {
                key: key.clone(),
                nearest: nearest(key),
            });
        }
        let raw: Raw = figment
            .extract()
            .map_err(|error| ConfigError::Unreadable(first_line(&error)))?;
        raw.check()
    }
}

fn defaults() -> Raw {
    Raw {
        listen: "127.0.0.1:8080".to_owned(),
        metrics_listen: None,
        database_url: "sqlite:overkey.db".to_owned(),
        public_url: None,
        master_key: None,
        master_key_file: None,
        upstream_allow: List::Many(Vec::new()),
        ca_file: None,
        allowed_origins: List::Many(Vec::new()),
        trusted_proxies: List::Many(Vec::new()),
        body_limit: 4 * 1024 * 1024,
        body_memory: None,
        body_timeout: 60,
        connect_timeout: 5,
        first_byte_timeout: 60,
        idle_timeout: 60,
        max_connections: 16_384,
        max_calls: 4_096,
        max_calls_per_subject: 256,
        max_calls_per_server: 1_024,
        max_streams: 10_000,
        max_streams_per_subject: 100,
        max_streams_per_server: 5_000,
        credential_wait: 25,
        password_sign_in: true,
        sso_issuer: None,
        sso_client_id: None,
        sso_client_secret: None,
        sso_name: "single sign-on".to_owned(),
        sso_scopes: List::Many(["email", "profile"].map(str::to_owned).to_vec()),
        sso_groups_claim: "groups".to_owned(),
        sso_admin_groups: List::Many(Vec::new()),
        sso_teams: List::Many(Vec::new()),
        sso_link_by_email: false,
        sso_create_users: true,
        identity_providers: Vec::new(),
        audit_retention: 730,
        call_retention: 90,
        log: "info".to_owned(),
        log_format: LogFormat::Text,
        otlp_endpoint: None,
        notify_webhook_url: None,
        notify_webhook_secret: None,
        notify_webhook_secret_file: None,
        smtp_url: None,
        smtp_url_file: None,
        mail_from: None,
    }
}

impl Raw {
    fn check(mut self) -> Result<Config, ConfigError> {
        let sso = identity::sso(&mut self)?;
        let trust = self.ca_file.as_deref().map(values::authorities).transpose()?;
        let trust = trust.unwrap_or_default();
        let notify = notify::notify(&mut self, &trust)?;
        let limits = limits::limits(&self)?;
        let identity_providers = identity::providers(self.identity_providers, sso.as_ref())?;
        let key = match (self.master_key, self.master_key_file) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    "master_key",
                    "give either `master_key` or `master_key_file`, not both",
                ));
            }
            (Some(value), None) => KeySource::Value(Secret::new(value.0)),
            (None, Some(file)) => KeySource::File(file),
            (None, None) => KeySource::File(values::default_key_file(&self.database_url)?),
        };
        Ok(Config {
            listen: values::address("listen", &self.listen, "127.0.0.1:8080")?,
            metrics_listen: self
                .metrics_listen
                .map(|text| values::address("metrics_listen", &text, "127.0.0.1:9090"))
                .transpose()?,
            public_url: self.public_url.as_deref().map(values::public_url).transpose()?,
            key,
            upstream_allow: values::networks("upstream_allow", &self.upstream_allow)?,
            trust,
            allowed_origins: self
                .allowed_origins
                .items()
                .into_iter()
                .map(values::origin)
                .collect::<Result<_, _>>()?,
            trusted_proxies: values::networks("trusted_proxies", &self.trusted_proxies)?,
            body_limit: usize::try_from(self.body_limit).map_err(|_| invalid("body_limit", "a number of bytes"))?,
            body_timeout: self.body_timeout,
            connect_timeout: self.connect_timeout,
            first_byte_timeout: self.first_byte_timeout,
            idle_timeout: self.idle_timeout,
            limits,
            credential_wait: self.credential_wait,
            password_sign_in: self.password_sign_in,
            sso,
            identity_providers,
            audit_retention: self.audit_retention,
            call_retention: self.call_retention,
            database_url: self.database_url,
            log: self.log,
            log_format: self.log_format,
            notify,
            otlp_endpoint: self.otlp_endpoint.as_deref().map(values::collector).transpose()?,
        })
    }
}

fn invalid(key: &'static str, problem: &str) -> ConfigError {
    ConfigError::Invalid {
        key,
        problem: problem.to_owned(),
    }
}

fn nearest(key: &str) -> Option<&'static str> {
    let scored = KEYS.iter().map(|known| (strsim::jaro_winkler(key, known), *known));
    scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > 0.7)
        .map(|(_, known)| known)
}

/// figment's own message can hold a value; its first line names the key and the expected type.
fn first_line(error: &figment::Error) -> String {
    let key = error.path.join(".");
    match &error.kind {
        figment::error::Kind::InvalidType(_, expected) => format!("setting `{key}` should be {expected}"),
        figment::error::Kind::InvalidValue(_, expected) => format!("setting `{key}` should be {expected}"),
        figment::error::Kind::MissingField(field) => format!("setting `{field}` is missing"),
        figment::error::Kind::UnknownField(field, known) => {
            format!("unknown setting `{field}` in `{key}`; there are {}", known.join(", "))
        }
        figment::error::Kind::UnknownVariant(_, known) => {
            format!("setting `{key}` should be one of {}", known.join(", "))
        }
        _ if key.is_empty() => "the file is not valid TOML".to_owned(),
        _ => format!("setting `{key}` has the wrong shape"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn load(toml: &str) -> Result<Config, ConfigError> {
        Config::from_figment(&Figment::from(Serialized::defaults(defaults())).merge(Toml::string(toml)))
    }

    pub(super) fn problem(toml: &str) -> String {
        load(toml).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_a_working_configuration() {
        let config = load("").unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert!(matches!(config.key, KeySource::File(path) if path == Path::new("overkey.key")));
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        assert_eq!(
            problem("databse_url = 'x'"),
            "unknown setting `databse_url`; did you mean `database_url`?"
        );
        assert_eq!(problem("zzz = 1"), "unknown setting `zzz`");
    }

    #[test]
    fn what_is_wrong_is_told_by_key_and_without_the_value() {
        assert!(problem("listen = 'nonsense'").starts_with("setting `listen`"));
        assert!(problem("public_url = 'https://a.example/path'").starts_with("setting `public_url`"));
        assert!(problem("upstream_allow = ['10.0.0.0/99']").starts_with("setting `upstream_allow`"));
        assert!(problem("database_url = 'postgres://x/y'").starts_with("setting `master_key`"));
        assert!(!problem("body_limit = 'canary'").contains("canary"));
    }
}
