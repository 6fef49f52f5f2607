//! Codes and tokens: what each stands for, and when it is good no more. Values are kept as hashes.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::secret::Secret;
use rand::TryRngCore;
use rand::rngs::OsRng;
use serde::Serialize;
use sha2::{Digest, Sha256};

const CODE_LIFETIME: i64 = 60;

/// What was allowed, to whom, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub client: String,
    /// `None`: the client for itself.
    pub person: Option<String>,
    /// Divided by spaces.
    pub scope: String,
    /// The resource that tokens are good for.
    pub resource: Option<String>,
}

/// An error of RFC 6749 section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Refusal {
    pub error: &'static str,
    #[serde(rename = "error_description")]
    pub description: &'static str,
}

impl Refusal {
    pub const fn new(error: &'static str, description: &'static str) -> Self {
        Self { error, description }
    }

    const fn grant(description: &'static str) -> Self {
        Self::new("invalid_grant", description)
    }
}

const NO_RANDOM: Refusal = Refusal::new("server_error", "The system gives no random numbers.");

type Hash = [u8; 32];
type Family = u64;

/// Where a code leads, and who may bring it.
pub(super) struct Code {
    pub grant: Grant,
    pub redirect_uri: String,
    /// BASE64URL(SHA256(verifier)), RFC 7636.
    pub challenge: String,
}

struct KeptCode {
    code: Code,
    expires_at: i64,
    family: Family,
    used: bool,
}

struct Refresh {
    family: Family,
    spent: bool,
}

struct Access {
    family: Family,
    expires_at: i64,
}

/// Everything that descends from one consent is a family, and ends together.
#[derive(Default)]
pub(super) struct Ledger {
    last: Family,
    families: HashMap<Family, Grant>,
    codes: HashMap<Hash, KeptCode>,
    refresh: HashMap<Hash, Refresh>,
    access: HashMap<Hash, Access>,
}

impl Ledger {
    pub fn open(&mut self, grant: Grant) -> Family {
        self.last += 1;
        self.families.insert(self.last, grant);
        self.last
    }

    pub fn make_code(&mut self, code: Code, now: i64) -> Result<Secret, Refusal> {
        self.codes.retain(|_, kept| kept.expires_at > now);
        let (value, hash) = random("dp_code_")?;
        let family = self.open(code.grant.clone());
        let kept = KeptCode {
            code,
            expires_at: now + CODE_LIFETIME,
            family,
            used: false,
        };
        self.codes.insert(hash, kept);
        Ok(value)
    }

    /// Once; a second time ends what the first one got (RFC 9700 section 2.1.1).
    pub fn redeem(
        &mut self,
        value: &str,
        client: &str,
        redirect_uri: &str,
        verifier: &str,
        now: i64,
    ) -> Result<Family, Refusal> {
        let Some(kept) = self.codes.get_mut(&hash(value)) else {
            return Err(Refusal::grant("The code is unknown or too old."));
        };
        if kept.code.grant.client != client || kept.expires_at <= now {
            return Err(Refusal::grant("The code is too old, or another client's."));
        }
        if std::mem::replace(&mut kept.used, true) {
            let family = kept.family;
            self.families.remove(&family);
            return Err(Refusal::grant("The code was used before."));
        }
        if kept.code.redirect_uri != redirect_uri {
            return Err(Refusal::grant("The redirect URI is not that of the request."));
        }
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())) != kept.code.challenge {
            return Err(Refusal::grant("The code verifier does not fit the challenge."));
        }
        Ok(kept.family)
    }

    /// `spend`: the token is good no more afterwards. Bringing a spent one ends its family, which is the second error.
    pub fn renew(&mut self, value: &str, client: &str, spend: bool) -> Result<Family, Renewal> {
        let unknown = Renewal::Refused(Refusal::grant("The refresh token is unknown or was taken back."));
        let Some(refresh) = self.refresh.get_mut(&hash(value)) else {
            return Err(unknown);
        };
        let family = refresh.family;
        if self.families.get(&family).is_none_or(|grant| grant.client != client) {
            return Err(unknown);
        }
        if refresh.spent {
            self.families.remove(&family);
            return Err(Renewal::Reused);
        }
        refresh.spent = spend;
        Ok(family)
    }

    pub fn grant(&self, family: Family) -> Option<&Grant> {
        self.families.get(&family)
    }

    pub fn make_access(&mut self, family: Family, expires_at: i64, now: i64) -> Result<Secret, Refusal> {
        self.access.retain(|_, access| access.expires_at > now);
        let (value, hash) = random("dp_access_")?;
        self.access.insert(hash, Access { family, expires_at });
        Ok(value)
    }

    pub fn make_refresh(&mut self, family: Family) -> Result<Secret, Refusal> {
        let (value, hash) = random("dp_refresh_")?;
        self.refresh.insert(hash, Refresh { family, spent: false });
        Ok(value)
    }

    /// RFC 7009: a refresh token takes all of its family with it; what is unknown or another client's stays as it is.
    pub fn revoke(&mut self, value: &str, client: &str) {
        let hash = hash(value);
        let own = |family: &Family| self.families.get(family).is_some_and(|grant| grant.client == client);
        if self.access.get(&hash).is_some_and(|access| own(&access.family)) {
            self.access.remove(&hash);
        }
        if let Some(family) = self.refresh.get(&hash).map(|refresh| refresh.family).filter(own) {
            self.families.remove(&family);
        }
    }

    pub fn all_of(&self, person: &str) -> usize {
        let own = |grant: &&Grant| grant.person.as_deref() == Some(person);
        self.families.values().filter(own).count()
    }

    pub fn end_all_of(&mut self, person: &str) {
        self.families.retain(|_, grant| grant.person.as_deref() != Some(person));
    }

    pub fn check(&self, access_token: &str, now: i64, resource: &str) -> Option<Grant> {
        let access = self.access.get(&hash(access_token))?;
        let grant = self.families.get(&access.family)?;
        let good = access.expires_at > now && grant.resource.as_deref() == Some(resource);
        good.then(|| grant.clone())
    }
}

/// Why there is no renewal.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Renewal {
    Refused(Refusal),
    Reused,
}

impl Renewal {
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Reused => Refusal::grant("The refresh token was used before; all that came of it ends here."),
        }
    }
}

/// 256 random bits, and what is kept of them.
fn random(prefix: &str) -> Result<(Secret, Hash), Refusal> {
    let value = random_text(prefix)?;
    let kept = hash(value.expose());
    Ok((value, kept))
}

pub(super) fn random_text(prefix: &str) -> Result<Secret, Refusal> {
    let mut bytes = [0u8; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| NO_RANDOM)?;
    Ok(Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))))
}

fn hash(value: &str) -> Hash {
    Sha256::digest(value.as_bytes()).into()
}
