//! Gateway tokens. Personal access tokens are made here; virtual accounts' in `account_tokens.rs`.
//!
//! A token is `ok_pat_` or `ok_va_`, 32 random bytes in base64url, and the CRC-32 of all that in eight hex digits, so that secret
//! scanners can tell one from noise. Only its SHA-256 is stored: with 256 random bits no slow hash is needed (ASVS 6.5.2), and
//! the look-up by hash is safe against timing by construction.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::id::{ExternalIdentityId, TokenId, UserId, VirtualAccountId};
use domain::role::PlatformRole;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use rand::TryRngCore;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use super::audit::{Event, record};
use super::{Core, ServiceError, identities};
use crate::store::{StoreError, TokenRow, Work};

const PERSONAL: &str = "ok_pat_";
const VIRTUAL_ACCOUNT: &str = "ok_va_";
const CHECKSUM: usize = 8;
const HINT: usize = 12;
const MAX_NAME: usize = 100;
const DAY: i64 = 86_400;

/// A new token: the only time its value is to be had.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub row: TokenRow,
    pub value: Secret,
}

/// What a caller asks for.
#[derive(Debug, Clone, Default)]
pub struct TokenRequest {
    pub name: String,
    pub expires_at: Option<Timestamp>,
}

#[derive(Clone)]
pub struct Tokens {
    core: Core,
}

impl Tokens {
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// The actor's own personal access tokens.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<TokenRow>, ServiceError> {
        require_person(actor)?;
        Ok(self.core.store.read().await?.tokens().list(&actor.subject).await?)
    }

    pub async fn create(&self, actor: &Actor, request: TokenRequest) -> Result<NewToken, ServiceError> {
        require_person(actor)?;
        create(&self.core, actor, actor.subject.clone(), &request).await
    }

    pub async fn revoke(&self, actor: &Actor, id: &TokenId) -> Result<(), ServiceError> {
        require_person(actor)?;
        revoke(&self.core, actor, &actor.subject, id).await
    }
}

pub(super) async fn revoke(core: &Core, actor: &Actor, owner: &SubjectRef, id: &TokenId) -> Result<(), ServiceError> {
    let mut work = core.store.begin().await?;
    if !work.tokens().delete(id, owner).await? {
        return Err(ServiceError::NotFound);
    }
    let event = Event::new("token.revoked")
        .subject(owner)
        .detail(&[("token", id.as_str())]);
    record(work.as_mut(), core.now(), actor, event).await?;
    Ok(work.save().await?)
}

pub(super) async fn create(
    core: &Core,
    actor: &Actor,
    owner: SubjectRef,
    request: &TokenRequest,
) -> Result<NewToken, ServiceError> {
    let now = core.now();
    let new = generate(owner, request, now)?;
    let mut work = core.store.begin().await?;
    work.tokens().insert(&new.row).await?;
    let event = Event::new("token.created")
        .subject(&new.row.owner)
        .detail(&[("token", new.row.id.as_str()), ("name", &new.row.name)]);
    record(work.as_mut(), now, actor, event).await?;
    work.save().await?;
    Ok(new)
}

fn require_person(actor: &Actor) -> Result<(), ServiceError> {
    if actor.subject.kind == SubjectKind::User {
        Ok(())
    } else {
        Err(ServiceError::Forbidden)
    }
}

/// Makes a token's row and value; storing it is the caller's.
pub fn generate(owner: SubjectRef, request: &TokenRequest, now: Timestamp) -> Result<NewToken, ServiceError> {
    let name = request.name.trim().to_owned();
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ServiceError::invalid(
            "name",
            "A token's name has at most 100 characters, without line breaks.",
        ));
    }
    if request.expires_at.is_some_and(|at| at <= now) {
        return Err(ServiceError::invalid("expires_at", "Choose a time in the future."));
    }
    let prefix = if owner.kind == SubjectKind::User {
        PERSONAL
    } else {
        VIRTUAL_ACCOUNT
    };
    let (value, hash) = make(prefix)?;
    let row = TokenRow {
        id: TokenId::new(uuid::Uuid::now_v7().to_string()),
        owner,
        name: if name.is_empty() { "Token".to_owned() } else { name },
        hash,
        hint: value.expose().chars().take(HINT).collect(),
        created_at: now,
        expires_at: request.expires_at,
        last_used_at: None,
        replaced_at: None,
    };
    Ok(NewToken { row, value })
}

/// A fresh value with this prefix, and its hash.
pub(super) fn make(prefix: &str) -> Result<(Secret, Vec<u8>), ServiceError> {
    let mut bytes = [0u8; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| ServiceError::Internal(error.into()))?;
    let body = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
    let value = format!("{body}{}", checksum(&body));
    let hash = Sha256::digest(value.as_bytes()).to_vec();
    Ok((Secret::new(value), hash))
}

/// The hash to look a presented token up by; `None` for what cannot be one of ours, which then costs no look-up.
pub fn hash_of(token: &str) -> Option<Vec<u8>> {
    hash_with(&[PERSONAL, VIRTUAL_ACCOUNT], token)
}

/// The same for values that were made with one of these prefixes.
pub(super) fn hash_with(prefixes: &[&str], token: &str) -> Option<Vec<u8>> {
    let known = prefixes.iter().any(|prefix| token.starts_with(prefix));
    let (body, sum) = token.split_at_checked(token.len().checked_sub(CHECKSUM)?)?;
    (known && checksum(body) == sum).then(|| Sha256::digest(token.as_bytes()).to_vec())
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

/// Who a token acts for; `None` when the owner is gone or disabled (A8).
pub async fn owner(work: &mut dyn Work, owner: &SubjectRef) -> Result<Option<Actor>, StoreError> {
    match owner.kind {
        SubjectKind::User => {
            let user = work.users().find(&UserId::new(owner.id.clone())).await?;
            Ok(user
                .filter(|user| user.disabled_at.is_none())
                .map(|user| Actor::new(owner.clone(), user.name, user.platform_role)))
        }
        SubjectKind::VirtualAccount => {
            let account = work
                .virtual_accounts()
                .find(&VirtualAccountId::new(owner.id.clone()))
                .await?;
            Ok(account.map(|account| Actor::new(owner.clone(), account.id.as_str(), PlatformRole::Member)))
        }
        SubjectKind::ExternalIdentity => {
            let id = ExternalIdentityId::new(owner.id.clone());
            let row = work.external_identities().find(&id).await?;
            Ok(row.as_ref().map(identities::actor))
        }
    }
}

/// `30d`, `12h`, `90m`: how long from now.
pub fn parse_lifetime(text: &str) -> Option<i64> {
    let (number, unit) = text.trim().split_at_checked(text.trim().len().checked_sub(1)?)?;
    let seconds = match unit {
        "d" => DAY,
        "h" => 3_600,
        "m" => 60,
        _ => return None,
    };
    number
        .parse::<u32>()
        .ok()
        .filter(|number| *number > 0)
        .map(|number| i64::from(number) * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(kind: SubjectKind) -> NewToken {
        generate(
            SubjectRef { kind, id: "x".into() },
            &TokenRequest::default(),
            Timestamp(0),
        )
        .unwrap()
    }

    #[test]
    fn tokens_have_a_prefix_and_a_checksum_and_are_stored_as_a_hash() {
        for (kind, prefix) in [(SubjectKind::User, "ok_pat_"), (SubjectKind::VirtualAccount, "ok_va_")] {
            let new = token(kind);
            assert!(new.value.expose().starts_with(prefix));
            assert_eq!(hash_of(new.value.expose()), Some(new.row.hash.clone()));
            assert!(!format!("{new:?}").contains(new.value.expose()));
        }
    }

    #[test]
    fn what_is_not_one_of_ours_costs_no_look_up() {
        let real = token(SubjectKind::User).value.expose().to_owned();
        for bad in [
            "",
            "ok_pat_",
            "sk-abc",
            &real[..real.len() - 1],
            &real.replace("ok_pat", "xx_pat"),
            "é",
        ] {
            assert_eq!(hash_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn lifetimes_are_days_hours_or_minutes() {
        assert_eq!(parse_lifetime("30d"), Some(30 * DAY));
        assert_eq!(parse_lifetime("12h"), Some(43_200));
        for bad in ["", "d", "0d", "-1d", "30", "30é"] {
            assert_eq!(parse_lifetime(bad), None, "{bad}");
        }
    }
}
