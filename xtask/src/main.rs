//! Everything `make` can do, one file per command.
//!
//! Errors end in one line that says what to do; what succeeded says nothing beyond its progress line.

mod assets;
mod audit;
mod bench;
mod build;
mod check;
mod contract;
mod deploy;
mod dev;
mod e2e;
mod lighthouse;
mod nextest;
mod node;
mod postgres;
mod reload;
mod setup;
mod shell;
mod tally;
mod test;
mod wasm_source;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, sets up and tests Overkey.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check for what building needs and fetch what is missing
    Setup {
        /// What the tests need, too: PostgreSQL, Chromium, Node packages
        #[arg(long)]
        tests: bool,
    },
    /// Build the browser half and the style sheet into target/site
    Assets {
        /// Quick to build, large to load
        #[arg(long, conflicts_with = "release")]
        dev: bool,
        /// What users get; the default
        #[arg(long)]
        release: bool,
    },
    /// Set up, build and start the demo
    Run {
        /// Handed to `overkey demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build the finished binary, assets inside
    Build,
    /// Start the demo, and rebuild and reload it on every change
    Dev,
    /// Look at format, lints and types, changing nothing
    Check,
    /// Format Rust and TypeScript
    Fmt,
    /// Run every test: rules, stores on both databases, whole server, browser
    Test,
    /// Run the browser tests
    E2e {
        /// Handed to Playwright
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Hold the REST API against its description, with Schemathesis
    Contract {
        /// Handed to `schemathesis run`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure Overkey beside nginx
    Bench {
        /// Handed to the tool
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Measure how fast the pages are in a browser
    Lighthouse {
        /// Handed to Playwright
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Load Overkey with faults on its way, and look whether it stays right and the same size
    Soak {
        /// Handed to the tool
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Check what is in deploy/: the chart, the image, the compose file, the unit of systemd
    Deploy,
    /// Look for known weaknesses and unwanted licences in the dependencies
    Audit,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Setup { tests: false } => setup::for_building(),
        Command::Setup { tests: true } => setup::for_building().and_then(|()| setup::for_tests()),
        Command::Assets { dev: true, .. } => assets::build(assets::Mode::Dev),
        Command::Assets { dev: false, .. } => assets::build(assets::Mode::Release),
        Command::Run { args } => build::run(&args),
        Command::Build => build::release(),
        Command::Dev => dev::watch(),
        Command::Check => check::check(),
        Command::Fmt => check::format(),
        Command::Test => test::everything(),
        Command::E2e { args } => e2e::command(&args),
        Command::Contract { args } => contract::command(&args),
        Command::Bench { args } => bench::compare(&args),
        Command::Lighthouse { args } => lighthouse::command(&args),
        Command::Soak { args } => bench::soak(&args),
        Command::Deploy => deploy::command(),
        Command::Audit => audit::audit(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
