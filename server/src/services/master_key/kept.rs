//! What is sealed among the settings: the key check, the root of other keys, and the key of the audit trail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::seal::{Root, Seal, SealContext, SealError, Sealed};
use crate::services::audit::AUDIT_KEY;
use crate::store::{StoreError, Work};

pub const KEY_CHECK: &str = "key_check";
const ROOT: &str = "key_root";
/// What a rotation re-wraps; the key check comes first, by itself, because it says which key is current.
pub(super) const SEALED: [&str; 2] = [ROOT, AUDIT_KEY];

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The key check does not open.
    #[error("the master key does not fit this database")]
    AnotherKey,
    #[error("the setting {0} is damaged")]
    Damaged(&'static str),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

pub(super) const fn context(name: &str) -> SealContext<'_> {
    SealContext {
        table: "settings",
        server: "",
        subject: "",
        origin: "",
        field: name,
    }
}

/// A sealed value as settings hold it: text.
pub(super) fn to_text(sealed: &Sealed) -> String {
    STANDARD.encode(sealed.as_bytes())
}

pub(super) fn from_text(text: &str) -> Option<Sealed> {
    STANDARD.decode(text).ok().map(Sealed::from_bytes)
}

pub(super) async fn find(work: &mut dyn Work, name: &'static str) -> Result<Option<Sealed>, OpenError> {
    let stored = work.settings().get(name).await?;
    stored
        .map(|text| from_text(&text).ok_or(OpenError::Damaged(name)))
        .transpose()
}

/// The key that new values are wrapped with; `None` before the first start.
pub async fn current(work: &mut dyn Work) -> Result<Option<u32>, OpenError> {
    let check = find(work, KEY_CHECK).await?;
    check
        .map(|check| check.key_id().ok_or(OpenError::Damaged(KEY_CHECK)))
        .transpose()
}

/// Checks the current key, and takes the root that the database has. The first start makes both.
pub async fn open(work: &mut dyn Work, seal: Seal) -> Result<Seal, OpenError> {
    let is_first = find(work, KEY_CHECK).await?.is_none();
    let check = find_or_add(work, &seal, KEY_CHECK, KEY_CHECK.as_bytes()).await?;
    seal.open(&context(KEY_CHECK), &check)
        .map_err(|_| OpenError::AnotherKey)?;
    // An installation from before there was a root goes on with the keys that it derived from its master key.
    let new = if is_first { Root::random()? } else { seal.root().clone() };
    let root = find_or_add(work, &seal, ROOT, new.as_bytes()).await?;
    let root = seal.open(&context(ROOT), &root)?;
    let root = Root::from_bytes(&root).ok_or(OpenError::Damaged(ROOT))?;
    Ok(seal.with_root(root))
}

/// Another replica may be first: then its value counts.
async fn find_or_add(work: &mut dyn Work, seal: &Seal, name: &'static str, plain: &[u8]) -> Result<Sealed, OpenError> {
    if let Some(found) = find(work, name).await? {
        return Ok(found);
    }
    let sealed = seal.seal(&context(name), plain)?;
    if work.settings().set_if_absent(name, &to_text(&sealed)).await? {
        return Ok(sealed);
    }
    find(work, name).await?.ok_or(OpenError::Damaged(name))
}
