//! Makes sure that the folder with the browser's files exists, and that a binary which carries them is rebuilt when
//! they change. `xtask` fills the folder.

use std::path::Path;
use std::{env, fs, io};

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells build scripts what they need by environment variables"
)]
fn main() -> io::Result<()> {
    let site = Path::new("../target/site");
    fs::create_dir_all(site)?;
    println!("cargo::rerun-if-changed=build.rs");
    // Without optimisation the files are read from the disk, at run time.
    if env::var("OPT_LEVEL").is_ok_and(|level| level != "0") {
        println!("cargo::rerun-if-changed={}", site.join("site.txt").display());
    }
    Ok(())
}
