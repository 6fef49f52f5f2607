//! Single values, by name.

use async_trait::async_trait;

use super::work::{Tx, for_both};
use super::{Settings, StoreError};

const GET: &str = "SELECT value FROM settings WHERE name = $1";
const SET: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const REPLACE: &str = "UPDATE settings SET value = $3 WHERE name = $1 AND value = $2";

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Settings for Tx<$db> {
            async fn get(&mut self, name: &str) -> Result<Option<String>, StoreError> {
                let value = sqlx::query_scalar(GET).bind(name).fetch_optional(&mut *self.tx);
                Ok(value.await?)
            }

            async fn set_if_absent(&mut self, name: &str, value: &str) -> Result<bool, StoreError> {
                let set = sqlx::query(SET).bind(name).bind(value).execute(&mut *self.tx);
                Ok(set.await?.rows_affected() == 1)
            }

            async fn replace(&mut self, name: &str, old: &str, new: &str) -> Result<bool, StoreError> {
                let replace = sqlx::query(REPLACE).bind(name).bind(old).bind(new);
                Ok(replace.execute(&mut *self.tx).await?.rows_affected() == 1)
            }
        }
    };
}
for_both!(stamp);
