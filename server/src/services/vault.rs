//! What is sealed, and what each seal is bound to (B06): a server's own secrets, and an override's values.

use std::collections::BTreeMap;

use domain::actor::SubjectRef;
use domain::id::ServerId;
use domain::outbound::OutboundAuth;
use domain::outbound_input::OutboundInput;
use domain::overrides::Kind;
use domain::secret::Secret;
use domain::server::Origin;
use zeroize::Zeroizing;

use crate::seal::{Seal, SealContext, SealError, Sealed};
use crate::services::ServiceError;
use crate::store::{OverrideRow, ServerRow};

const CLIENT_SECRET: &str = "client_secret";

/// An override's values by field key.
pub type Values = BTreeMap<String, Secret>;

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
