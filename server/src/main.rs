//! `overkey`: reads the command line and hands over.

use std::process::ExitCode;

use clap::Parser;
use server::cli::{self, Cli};

/// It writes nothing into memory that nobody has used yet, so that buffers that stay empty cost nothing: of an idle stream's five, one.
#[cfg(target_arch = "x86_64")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Where pages are not of the same size everywhere, the other one would start only where they are no larger than on the machine that
/// built it.
#[cfg(not(target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word to the person at the terminal")]
fn report(error: &anyhow::Error) {
    eprintln!("overkey: {error:#}");
}
