//! Overkey beside nginx and the bare upstream: the same work in alternating blocks of one run, so that only ratios count and what
//! else the machine does meets all alike.

mod block;
mod figures;
mod load;
mod report;
mod rest_of_it;
mod targets;

use std::path::Path;

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Args};

use self::block::Block;
use self::figures::Figures;
use self::targets::{Kind, Target, Targets};
use crate::world::Size;

#[derive(Args)]
pub struct Options {
    /// Under a minute, for a look while developing: fewer connections, shorter blocks, a smaller world
    #[arg(long, env = "BENCH_QUICK", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    quick: bool,
    /// How long one block lasts, in seconds
    #[arg(long, env = "BENCH_SECONDS")]
    seconds: Option<f64>,
    /// How often each block is repeated
    #[arg(long, env = "BENCH_REPEATS", value_parser = clap::value_parser!(u32).range(3..))]
    repeats: Option<u32>,
    /// What Overkey logs; its default is one line for each call that went wrong
    #[arg(long, env = "BENCH_LOG", default_value = "info")]
    log: String,
    /// Put the table into bench/README.md, and the figures into bench/last.json
    #[arg(long, env = "BENCH_RECORD", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    record: bool,
}

/// What is measured, and for how long.
struct Plan {
    size: Size,
    seconds: f64,
    repeats: u32,
    blocks: Vec<Block>,
    streams: usize,
    starts: u32,
}

impl Plan {
    fn new(options: &Options) -> Self {
        let (seconds, size) = if options.quick { (0.5, 1_000) } else { (4.0, 10_000) };
        let connections = |kind| match (options.quick, kind) {
            (false, _) => &[1, 8, 32][..],
            (true, Kind::Small) => &[1, 32],
            (true, _) => &[32],
        };
        let blocks = [Kind::Small, Kind::Session, Kind::Streamed].into_iter();
        let blocks = blocks.flat_map(|kind| {
            connections(kind).iter().map(move |connections| Block {
                kind,
                connections: *connections,
            })
        });
        Self {
            size: Size {
                callers: size,
                servers: 10,
            },
            seconds: options.seconds.unwrap_or(seconds),
            repeats: options.repeats.unwrap_or(3),
            blocks: blocks.collect(),
            streams: 1_000,
            starts: if options.quick { 3 } else { 7 },
        }
    }
}

pub async fn run(binary: &Path, folder: &Path, options: &Options) -> Result<()> {
    let plan = Plan::new(options);
    let begun = std::time::Instant::now();
    eprintln!(
        "==> Setting up: upstream, nginx, and Overkey with one caller and with {}",
        plan.size.callers
    );
    let scratch = tempfile::Builder::new().prefix("run-").tempdir_in(folder)?;
    let mut targets = Targets::start(binary, folder, scratch.path(), &plan, &options.log).await?;
    let mut figures = Figures::new(&plan, &options.log);
    for repeat in 1..=plan.repeats {
        for block in &plan.blocks {
            eprintln!("==> {} of {}: {}", repeat, plan.repeats, block);
            for target in block.order(repeat) {
                let sample = block.run(&mut targets, target, plan.seconds).await?;
                eprintln!("    {:<28} {:>8.0} calls/s", target.name(), sample.per_second);
                figures.add(*block, target, sample);
            }
        }
    }
    eprintln!("==> Memory of {} idle streams, and start", plan.streams);
    rest_of_it::measure(&mut targets, &plan, &mut figures).await?;
    figures.seconds = begun.elapsed().as_secs_f64();
    report::write(&figures, folder, options.record)
}

impl Target {
    /// Whom the others are held against.
    const BARE: Self = Self::Nginx;
}
