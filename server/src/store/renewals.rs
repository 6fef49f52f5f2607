//! Renewing the tokens of an oauth override: a claim on its row instead of a lock, because a provider may take seconds to answer,
//! and no transaction stays open for that long.

use async_trait::async_trait;
use domain::id::OverrideId;
use domain::timestamp::Timestamp;

use super::overrides::consent;
use super::work::{Tx, for_both};
use super::{Consent, Place, Renewals, StoreError};
use crate::seal::Sealed;

const CLAIM: &str = "UPDATE overrides SET renewing_until = $4
    WHERE id = $1 AND version = $2 AND (renewing_until IS NULL OR renewing_until <= $3)";
const RENEWED: &str = "UPDATE overrides SET sealed = $3, consent = $4, version = version + 1, renewing_until = NULL
    WHERE id = $1 AND version = $2";
const RELEASE: &str = "UPDATE overrides SET renewing_until = NULL WHERE id = $1 AND version = $2";
/// A suspended one stays suspended: its tokens are for another origin.
const INVALIDATE: &str = "UPDATE overrides SET condition = 'invalidated', renewing_until = NULL
    WHERE id = $1 AND version = $2 AND condition IN ('good', 'rejected')";
const WANT_SCOPES: &str = "UPDATE overrides SET wanted_scopes = $2 WHERE id = $1";
const WANTED_SCOPES: &str = "SELECT wanted_scopes FROM overrides WHERE id = $1";

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Renewals for Tx<$db> {
            async fn claim(
                &mut self,
                id: &OverrideId,
                version: i64,
                now: Timestamp,
                until: Timestamp,
            ) -> Result<bool, StoreError> {
                let claim = sqlx::query(CLAIM)
                    .bind(id.as_str())
                    .bind(version)
                    .bind(now.0)
                    .bind(until.0);
                Ok(claim.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn renewed(
                &mut self,
                id: &OverrideId,
                version: i64,
                sealed: &Sealed,
                shown: &Consent,
            ) -> Result<bool, StoreError> {
                let renewed = sqlx::query(RENEWED)
                    .bind(id.as_str())
                    .bind(version)
                    .bind(sealed.as_bytes())
                    .bind(consent(shown)?);
                let renewed = renewed.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::one_override(id));
                Ok(renewed)
            }

            async fn release(&mut self, id: &OverrideId, version: i64) -> Result<(), StoreError> {
                let release = sqlx::query(RELEASE).bind(id.as_str()).bind(version);
                release.execute(&mut *self.tx).await?;
                Ok(())
            }

            async fn invalidate(&mut self, id: &OverrideId, version: i64) -> Result<bool, StoreError> {
                let invalidate = sqlx::query(INVALIDATE).bind(id.as_str()).bind(version);
                let invalidated = invalidate.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::one_override(id));
                Ok(invalidated)
            }

            async fn want_scopes(&mut self, id: &OverrideId, wanted: &str) -> Result<(), StoreError> {
                let want = sqlx::query(WANT_SCOPES).bind(id.as_str()).bind(wanted);
                want.execute(&mut *self.tx).await?;
                Ok(())
            }

            async fn wanted_scopes(&mut self, id: &OverrideId) -> Result<Option<String>, StoreError> {
                let wanted = sqlx::query_scalar::<_, Option<String>>(WANTED_SCOPES).bind(id.as_str());
                Ok(wanted.fetch_optional(&mut *self.tx).await?.flatten())
            }
        }
    };
}
for_both!(stamp);
