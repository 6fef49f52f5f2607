//! The master keys as they are configured, checked against the database: a wrong one is told now, not by the first call.

use anyhow::{Context, bail};
use domain::secret::Secret;

use crate::config::{Config, KeySource};
use crate::seal::{KeyFile, KeyRing, Seal};
use crate::services::master_key::{self, OpenError};
use crate::store::Store;

pub(super) async fn open_seal(store: &dyn Store, config: &Config) -> anyhow::Result<Seal> {
    let mut work = store.begin().await?;
    let current = master_key::current(work.as_mut()).await?;
    let (ring, file) = ring(config, current.is_none())?;
    let newest = ring.newest();
    let current = current.unwrap_or(newest);
    let Some(seal) = Seal::with_ring(&ring, current, file) else {
        bail!(
            "This database is sealed with master key {current}, and the newest that is configured is key {newest}. Add key {current} to {}, as {current}:<base64>.",
            config.key.place()
        );
    };
    let opened = master_key::open(work.as_mut(), seal).await;
    let seal = match opened {
        Err(OpenError::AnotherKey) => bail!(
            "The master key does not fit this database: its credentials were sealed with another one. Give that key in OVERKEY_MASTER_KEY or OVERKEY_MASTER_KEY_FILE."
        ),
        opened => opened?,
    };
    work.save().await?;
    Ok(seal)
}

/// And the file that it comes from.
fn ring(config: &Config, first_start: bool) -> anyhow::Result<(KeyRing, Option<KeyFile>)> {
    let path = match &config.key {
        KeySource::Value(text) => return Ok((of_value(text)?, None)),
        KeySource::File(path) => path,
    };
    // SQLite has one machine, so whoever uses the database has this file.
    let file = KeyFile::new(path, config.database_url.starts_with("sqlite:"));
    let ring = if path.exists() {
        file.warn_if_readable_by_others();
        file.read().context("The master key file cannot be used")?
    } else if first_start {
        file.create().context("Cannot make a master key")?
    } else {
        bail!(
            "The master key file {} is missing, and this database holds credentials sealed with it",
            path.display()
        );
    };
    Ok((ring, Some(file)))
}

fn of_value(text: &Secret) -> anyhow::Result<KeyRing> {
    KeyRing::parse(text).context("OVERKEY_MASTER_KEY cannot be used")
}
