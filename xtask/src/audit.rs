//! The dependencies: known weaknesses, licences, crates we do not want (deny.toml).

use anyhow::{Result, bail};

use crate::shell::{cargo, find, run};

/// Runs cargo-deny. The advisories need the network.
pub fn audit() -> Result<()> {
    if find("cargo-deny").is_none() {
        bail!("cargo-deny is missing: install it with `cargo install --locked cargo-deny`");
    }
    run(&mut cargo(&["deny", "--all-features", "check"]))
}
