//! The file that holds the ring: read at start and again when it has changed, and replaced whole when a key is added.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use tempfile::NamedTempFile;
use tracing::{error, info, warn};
use zeroize::Zeroizing;

use super::ring::new_key;
use super::{KeyRing, RingError, SealError};

/// Names the file, never the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("cannot read {path}: {error}")]
    Unreadable { path: String, error: io::Error },
    #[error("{path}: {error}")]
    Ring { path: String, error: RingError },
    #[error("cannot write {path}: {error}")]
    Unwritable { path: String, error: io::Error },
    #[error(transparent)]
    Seal(#[from] SealError),
}

pub struct KeyFile {
    path: PathBuf,
    /// Which file it was when it was last read.
    seen: Mutex<Option<Stamp>>,
    /// Whether it is every process' file, so that a key that is put here is known to all.
    shared_by_all: bool,
}

/// Tells two states of a file apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    modified: (i64, i64),
    size: u64,
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self {
            file: (file.dev(), file.ino()),
            modified: (file.mtime(), file.mtime_nsec()),
            size: file.size(),
        }
    }
}

impl KeyFile {
    pub fn new(path: &Path, shared_by_all: bool) -> Self {
        Self {
            path: path.to_owned(),
            seen: Mutex::default(),
            shared_by_all,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub const fn is_shared_by_all(&self) -> bool {
        self.shared_by_all
    }

    pub fn read(&self) -> Result<KeyRing, KeyFileError> {
        // The stamp first: what changes after it is looked at again.
        let stamp = fs::metadata(&self.path).map_err(|error| self.unreadable(error))?;
        *self.seen() = Some(Stamp::of(&stamp));
        self.content()
    }

    fn content(&self) -> Result<KeyRing, KeyFileError> {
        let text = fs::read_to_string(&self.path).map(Secret::new);
        let text = text.map_err(|error| self.unreadable(error))?;
        KeyRing::parse(&text).map_err(|error| KeyFileError::Ring {
            path: self.named(),
            error,
        })
    }

    /// Takes what the file holds if it has changed since it was last read. Whoever comes meanwhile waits until it was taken.
    pub fn changed(&self, take: impl FnOnce(KeyRing)) {
        let mut seen = self.seen();
        let now = fs::metadata(&self.path).ok().as_ref().map(Stamp::of);
        if now == *seen {
            return;
        }
        *seen = now;
        match self.content() {
            Ok(ring) => {
                take(ring);
                info!(path = %self.path.display(), "The master key file has changed and was read again");
            }
            Err(error) => error!(error = %error, "The master key file has changed and cannot be used"),
        }
    }

    /// The first key of all, in a file that is not there yet.
    pub fn create(&self) -> Result<KeyRing, KeyFileError> {
        // One key needs no id.
        let text = Zeroizing::new(format!("{}\n", STANDARD.encode(*new_key()?)));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| self.unwritable(error))?;
        info!(path = %self.path.display(), "Made a master key; keep a copy of this file apart from the database");
        self.read()
    }

    /// A new key, the newest, beside the others. Nobody ever sees half a file.
    pub fn add(&self) -> Result<KeyRing, KeyFileError> {
        let mut ring = self.content()?;
        ring.add()?;
        self.replace(&ring.text()).map_err(|error| self.unwritable(error))?;
        Ok(ring)
    }

    fn replace(&self, text: &Secret) -> io::Result<()> {
        // The file itself, where the path is a link to it.
        let path = fs::canonicalize(&self.path)?;
        let old = fs::metadata(&path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        // Mode 0600.
        let mut new = NamedTempFile::new_in(folder)?;
        let made = new.as_file().metadata()?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            // Whoever runs this may be root, and the server not.
            fchown(new.as_file(), Some(old.uid()), Some(old.gid()))?;
        }
        new.write_all(text.expose().as_bytes())?;
        new.as_file().sync_all()?;
        new.persist(&path)?;
        File::open(folder)?.sync_all()
    }

    pub fn warn_if_readable_by_others(&self) {
        if fs::metadata(&self.path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
            warn!(path = %self.path.display(), "Others on this machine may read the master key file; chmod 600 it");
        }
    }

    fn named(&self) -> String {
        self.path.display().to_string()
    }

    fn unreadable(&self, error: io::Error) -> KeyFileError {
        let path = self.named();
        KeyFileError::Unreadable { path, error }
    }

    fn unwritable(&self, error: io::Error) -> KeyFileError {
        let path = self.named();
        KeyFileError::Unwritable { path, error }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Option<Stamp>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
