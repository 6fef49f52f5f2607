//! `make bench` and `make soak`: the finished binary, and the tool that measures it (see bench/README.md).

use std::env;

use anyhow::{Result, bail};

use crate::shell::{cargo, find, program, run, step};
use crate::{build, setup, workspace};

/// Overkey beside nginx.
pub fn compare(args: &[String]) -> Result<()> {
    let missing = nginx_packages();
    if !missing.is_empty() {
        setup::install(&missing)?;
    }
    tool("compare", args)
}

/// Overkey under load and faults.
pub fn soak(args: &[String]) -> Result<()> {
    tool("soak", args)
}

fn tool(what: &str, args: &[String]) -> Result<()> {
    // A binary that is named was built already.
    if env::var_os("BENCH_BIN").is_none() {
        build::release()?;
    }
    step("Building the tool that measures");
    run(&mut cargo(&["build", "-p", "bench", "--release"]))?;
    let binary = workspace::target().join("release/overkey");
    let mut bench = program(workspace::target().join("release/bench"));
    if env::var_os("BENCH_BIN").is_none() {
        bench.arg("--overkey").arg(binary);
    }
    let status = bench.arg(what).args(args).status()?;
    if !status.success() {
        bail!("the {what} did not go well ({status})");
    }
    Ok(())
}

/// The proxy that we are held against, and the module with which the upstream sends events one by one.
fn nginx_packages() -> Vec<&'static str> {
    let nginx = find("nginx").is_some() || std::path::Path::new("/usr/sbin/nginx").is_file();
    let echo = std::path::Path::new("/usr/lib/nginx/modules/ngx_http_echo_module.so").is_file();
    let wanted = [("nginx", nginx), ("libnginx-mod-http-echo", echo)];
    wanted
        .iter()
        .filter(|(_, there)| !there)
        .map(|(name, _)| *name)
        .collect()
}
