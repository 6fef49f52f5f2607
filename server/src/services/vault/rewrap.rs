//! A stored value under another master key: the place says what it is bound to, so one that was moved or damaged is not touched.

use super::{oauth_context, override_context, server_context, tokens_context, tokens_field};
use crate::seal::{Seal, SealError, Sealed};
use crate::services::consents::{CLIENT, PENDING, pending_name};
use crate::store::{SealedPlace, SealedRow};

pub fn rewrap(seal: &Seal, row: &SealedRow, to: u32) -> Result<Sealed, SealError> {
    let sealed = &row.sealed;
    match &row.place {
        SealedPlace::Server { id, origin } => seal.rewrap(&server_context(id, origin), sealed, to),
        SealedPlace::Override {
            server,
            subject,
            kind,
            origin,
            issuer,
            ..
        } => {
            let subject = subject.to_string();
            match issuer {
                None => seal.rewrap(&override_context(server, &subject, origin, *kind), sealed, to),
                Some(issuer) => {
                    let field = tokens_field(issuer);
                    seal.rewrap(&tokens_context((server, &subject), origin, &field), sealed, to)
                }
            }
        }
        SealedPlace::OAuthClient { server, issuer } => seal.rewrap(&oauth_context(server, CLIENT, issuer), sealed, to),
        SealedPlace::Consent { state_hash, server } => {
            let name = pending_name(state_hash);
            seal.rewrap(&oauth_context(server, PENDING, &name), sealed, to)
        }
    }
}
