//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The top of the checkout.
pub fn root() -> PathBuf {
    // Asked at run time first: with a target directory that is shared between checkouts, the binary may be another's.
    let here =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The finished assets, always in the checkout itself, because `server` embeds them from there.
pub fn site() -> PathBuf {
    root().join("target").join("site")
}

/// Scratch space that survives between runs and can be deleted at any time.
pub fn scratch() -> PathBuf {
    root().join("target").join("xtask")
}

/// The browser tests.
pub fn end2end() -> PathBuf {
    root().join("end2end")
}
