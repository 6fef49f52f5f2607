//! Two questions about a finished `overkey`: how fast is it beside a bare proxy (`compare`), and does it stay right and the same
//! size under faults (`soak`)? It is only ever asked from outside, over HTTP and through /proc.

mod compare;
mod http1;
mod machine;
mod marks;
mod nginx;
mod process;
mod requests;
mod rest;
mod soak;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

/// Measures and soaks a finished Overkey.
#[derive(Parser)]
#[command(name = "bench", version)]
struct Cli {
    /// The binary to measure
    #[arg(long, env = "BENCH_BIN", default_value = "target/release/overkey")]
    overkey: PathBuf,
    /// Where databases and results go; can be deleted at any time
    #[arg(long, env = "BENCH_FOLDER", default_value = "target/bench")]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Overkey beside nginx and the bare upstream, in alternating blocks
    Compare(compare::Options),
    /// Mixed load, faults and changes, until the time is over
    Soak(soak::Options),
}

fn main() -> ExitCode {
    let result = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(Cli::parse())));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ends early, but never without ending what was started, when it is told to.
async fn run(cli: Cli) -> Result<()> {
    if !cli.overkey.is_file() {
        bail!(
            "there is no {}: `make build` makes it, BENCH_BIN names another",
            cli.overkey.display()
        );
    }
    let folder = std::path::absolute(&cli.folder)?;
    std::fs::create_dir_all(&folder)?;
    let overkey = std::path::absolute(&cli.overkey)?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let work = async {
        match cli.command {
            Command::Compare(options) => compare::run(&overkey, &folder, &options).await,
            Command::Soak(options) => soak::run(&overkey, &folder, &options).await,
        }
    };
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        _ = terminate.recv() => bail!("terminated"),
    }
}
