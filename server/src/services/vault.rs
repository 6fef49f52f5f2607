//! What is sealed, and what each seal is bound to (B06): a server's own secrets, and an override's values.

mod rewrap;

use std::collections::BTreeMap;

use domain::actor::SubjectRef;
use domain::id::ServerId;
use domain::oauth::AuthMethod;
use domain::outbound::OutboundAuth;
use domain::outbound_input::OutboundInput;
use domain::overrides::Kind;
use domain::secret::Secret;
use domain::server::Origin;
use domain::timestamp::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use crate::seal::{Seal, SealContext, SealError, Sealed};
use crate::services::ServiceError;
use crate::store::{OverrideRow, ServerRow};

pub use rewrap::rewrap;

const CLIENT_SECRET: &str = "client_secret";
const ACCESS_TOKEN: &str = "access_token";
const REFRESH_TOKEN: &str = "refresh_token";
const ORIGINS: &str = "from";

/// An override's values by field key.
pub type Values = BTreeMap<String, Secret>;

/// An oauth override's tokens, and all it takes to renew them.
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access: Secret,
    /// `None`: when the access token ends, the subject consents again.
    pub refresh: Option<Secret>,
    pub client: OAuthClient,
    pub from: TokenSource,
}

/// Which client we are at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthClient {
    pub id: String,
    #[serde(with = "inside_a_seal")]
    pub secret: Option<Secret>,
    pub method: AuthMethod,
}

/// Sealed with the tokens, so that nobody who writes to the database can have them sent elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSource {
    pub token_url: Url,
    /// RFC 7009: where they are given back, if the provider tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revocation_url: Option<Url>,
    /// RFC 8707: what the tokens are for.
    pub resource: String,
    pub issued_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

/// What is sealed of a client and a source besides the tokens.
#[derive(Serialize, Deserialize)]
struct Origins {
    client_id: String,
    method: AuthMethod,
    source: TokenSource,
}

/// A server's outbound auth, secrets put back in their places.
pub fn open_server(seal: &Seal, row: &ServerRow) -> Result<OutboundAuth, ServiceError> {
    let mut input: OutboundInput =
        serde_json::from_str(&row.outbound).map_err(|error| ServiceError::Internal(error.into()))?;
    if let Some(sealed) = &row.secrets {
        for (name, secret) in open_values(seal, &server_context(&row.id, &row.url.origin()), sealed)? {
            match &mut input.headers {
                Some(headers) => drop(headers.insert(name, Some(secret.expose().to_owned()))),
                None => input.client_secret = Some(secret.expose().to_owned()),
            }
        }
    }
    input
        .parse(None)
        .map_err(|errors| ServiceError::Internal(anyhow::anyhow!("stored outbound auth no longer parses: {errors:?}")))
}

/// What a server's row stores of its outbound auth: what may be shown, and the rest sealed.
pub fn close_server(
    seal: &Seal,
    id: &ServerId,
    origin: &Origin,
    auth: &OutboundAuth,
) -> Result<(String, Option<Sealed>), ServiceError> {
    let shown =
        serde_json::to_string(&OutboundInput::masked(auth)).map_err(|error| ServiceError::Internal(error.into()))?;
    let secrets: Values = match auth {
        OutboundAuth::ApiKeyShared(headers) => headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect(),
        OutboundAuth::AuthorizationCode(settings) | OutboundAuth::ClientCredentials(settings) => settings
            .client_secret
            .iter()
            .map(|secret| (CLIENT_SECRET.to_owned(), secret.clone()))
            .collect(),
        OutboundAuth::NoAuth | OutboundAuth::TokenPassthrough | OutboundAuth::ApiKeyIndividual(_) => Values::new(),
    };
    let sealed = if secrets.is_empty() {
        None
    } else {
        Some(seal_values(seal, &server_context(id, origin), &secrets)?)
    };
    Ok((shown, sealed))
}

/// Opens an override for use. It opens only for the origin its server has now (D06).
pub fn open_override(seal: &Seal, row: &OverrideRow, origin: &Origin) -> Result<Values, SealError> {
    let subject = row.subject.to_string();
    open_values(
        seal,
        &override_context(&row.server, &subject, origin, row.kind),
        &row.sealed,
    )
}

pub fn seal_override(
    seal: &Seal,
    (server, subject, kind): (&ServerId, &SubjectRef, Kind),
    origin: &Origin,
    values: &Values,
) -> Result<Sealed, SealError> {
    seal_values(
        seal,
        &override_context(server, &subject.to_string(), origin, kind),
        values,
    )
}

/// Opens an oauth override's tokens. They open only for the origin its server has now, and as of the issuer they came from.
pub fn open_tokens(seal: &Seal, row: &OverrideRow, origin: &Origin) -> Result<Tokens, SealError> {
    let issuer = row.consent.as_ref().ok_or(SealError::DoesNotOpen)?.issuer.as_str();
    let (subject, field) = (row.subject.to_string(), tokens_field(issuer));
    let mut values = open_values(
        seal,
        &tokens_context((&row.server, &subject), origin, &field),
        &row.sealed,
    )?;
    let origins = values.remove(ORIGINS).ok_or(SealError::DoesNotOpen)?;
    let origins: Origins = serde_json::from_str(origins.expose()).map_err(|_| SealError::DoesNotOpen)?;
    Ok(Tokens {
        access: values.remove(ACCESS_TOKEN).ok_or(SealError::DoesNotOpen)?,
        refresh: values.remove(REFRESH_TOKEN),
        client: OAuthClient {
            id: origins.client_id,
            secret: values.remove(CLIENT_SECRET),
            method: origins.method,
        },
        from: origins.source,
    })
}

pub fn seal_tokens(
    seal: &Seal,
    (server, subject): (&ServerId, &SubjectRef),
    origin: &Origin,
    issuer: &str,
    tokens: &Tokens,
) -> Result<Sealed, SealError> {
    let origins = Origins {
        client_id: tokens.client.id.clone(),
        method: tokens.client.method,
        source: tokens.from.clone(),
    };
    let origins = serde_json::to_string(&origins).map_err(|_| SealError::DoesNotOpen)?;
    let given = [
        (ACCESS_TOKEN, Some(tokens.access.clone())),
        (REFRESH_TOKEN, tokens.refresh.clone()),
        (CLIENT_SECRET, tokens.client.secret.clone()),
        (ORIGINS, Some(Secret::new(origins))),
    ];
    let values = given
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let (subject, field) = (subject.to_string(), tokens_field(issuer));
    seal_values(
        seal,
        &tokens_context((server, &subject), origin, &field),
        &values.collect(),
    )
}

/// For what is sealed as a whole: the one place where a secret is written as text.
pub mod inside_a_seal {
    use domain::secret::Secret;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(secret: &Option<Secret>, serializer: S) -> Result<S::Ok, S::Error> {
        secret.as_ref().map(Secret::expose).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Secret::new))
    }
}

/// Seals what a consent on its way, or a registered client, keeps to itself.
pub fn seal_oauth<T: Serialize>(
    seal: &Seal,
    server: &ServerId,
    (purpose, name): (&str, &str),
    value: &T,
) -> Result<Sealed, SealError> {
    let json = Zeroizing::new(serde_json::to_vec(value).map_err(|_| SealError::DoesNotOpen)?);
    seal.seal(&oauth_context(server, purpose, name), &json)
}

pub fn open_oauth<T: DeserializeOwned>(
    seal: &Seal,
    server: &ServerId,
    (purpose, name): (&str, &str),
    sealed: &Sealed,
) -> Result<T, SealError> {
    let json = seal.open(&oauth_context(server, purpose, name), sealed)?;
    serde_json::from_slice(&json).map_err(|_| SealError::DoesNotOpen)
}

fn oauth_context<'a>(server: &'a ServerId, purpose: &'a str, name: &'a str) -> SealContext<'a> {
    SealContext {
        table: purpose,
        server: server.as_str(),
        subject: "",
        origin: "",
        field: name,
    }
}

fn tokens_field(issuer: &str) -> String {
    format!("{} {issuer}", Kind::OAuth.as_str())
}

fn tokens_context<'a>(
    (server, subject): (&'a ServerId, &'a str),
    origin: &'a Origin,
    field: &'a str,
) -> SealContext<'a> {
    SealContext {
        table: "override",
        server: server.as_str(),
        subject,
        origin: origin.as_str(),
        field,
    }
}

fn server_context<'a>(id: &'a ServerId, origin: &'a Origin) -> SealContext<'a> {
    SealContext {
        table: "server",
        server: id.as_str(),
        subject: "",
        origin: origin.as_str(),
        field: "outbound_auth",
    }
}

fn override_context<'a>(server: &'a ServerId, subject: &'a str, origin: &'a Origin, kind: Kind) -> SealContext<'a> {
    SealContext {
        table: "override",
        server: server.as_str(),
        subject,
        origin: origin.as_str(),
        field: kind.as_str(),
    }
}

fn seal_values(seal: &Seal, context: &SealContext<'_>, values: &Values) -> Result<Sealed, SealError> {
    let plain: BTreeMap<&str, &str> = values
        .iter()
        .map(|(key, value)| (key.as_str(), value.expose()))
        .collect();
    let json = Zeroizing::new(serde_json::to_vec(&plain).map_err(|_| SealError::DoesNotOpen)?);
    seal.seal(context, &json)
}

fn open_values(seal: &Seal, context: &SealContext<'_>, sealed: &Sealed) -> Result<Values, SealError> {
    let json = seal.open(context, sealed)?;
    let plain: BTreeMap<String, String> = serde_json::from_slice(&json).map_err(|_| SealError::DoesNotOpen)?;
    Ok(plain
        .into_iter()
        .map(|(key, value)| (key, Secret::new(value)))
        .collect())
}
