//! What the page of an import keeps between its preview and the confirmation: the text itself, sealed, in the page. No secret
//! stands there for anybody to read, and no table fills with files that nobody confirms.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::actor::Actor;
use domain::id::ServerId;
use domain::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Format, Imported, Overrides, parse};
use crate::seal::Sealed;
use crate::services::{ServiceError, vault};

/// To look at a preview: an hour.
const GOOD_FOR: i64 = 3_600;
const PURPOSE: &str = "import";

#[derive(Serialize, Deserialize)]
struct Kept {
    text: String,
    revision: i64,
    until: Timestamp,
}

impl Overrides {
    /// A preview, and what `import_kept` takes to do exactly this.
    pub async fn preview_kept(
        &self,
        actor: &Actor,
        server: &str,
        text: String,
    ) -> Result<(Imported, String), ServiceError> {
        let lines = parse(&text, Format::of(&text)).map_err(|error| ServiceError::Invalid(vec![error]))?;
        let imported = self.preview_import(actor, server, lines).await?;
        let kept = Kept {
            text,
            revision: imported.revision,
            until: self.core.now().plus(GOOD_FOR),
        };
        let id = self.id_of(actor, server).await?;
        let subject = actor.subject.to_string();
        let sealed = vault::seal_oauth(&self.core.seal, &id, (PURPOSE, &subject), &kept)?;
        Ok((imported, URL_SAFE_NO_PAD.encode(sealed.as_bytes())))
    }

    /// Does what a preview showed; `Stale` when that was too long ago, for somebody else, or is not so any more.
    pub async fn import_kept(&self, actor: &Actor, server: &str, kept: &str) -> Result<Imported, ServiceError> {
        let id = self.id_of(actor, server).await?;
        let subject = actor.subject.to_string();
        let bytes = URL_SAFE_NO_PAD.decode(kept).map_err(|_| ServiceError::Stale)?;
        let sealed = Sealed::from_bytes(bytes);
        let opened = vault::open_oauth::<Kept>(&self.core.seal, &id, (PURPOSE, &subject), &sealed);
        let kept = opened
            .ok()
            .filter(|kept| self.core.now() < kept.until)
            .ok_or(ServiceError::Stale)?;
        let lines = parse(&kept.text, Format::of(&kept.text)).map_err(|error| ServiceError::Invalid(vec![error]))?;
        self.import(actor, server, lines, Some(kept.revision)).await
    }

    async fn id_of(&self, actor: &Actor, server: &str) -> Result<ServerId, ServiceError> {
        let mut work = self.core.store.read().await?;
        Ok(self.managed(work.as_mut(), actor, server, false).await?.server.id)
    }
}
