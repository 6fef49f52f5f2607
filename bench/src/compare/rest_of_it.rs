//! What is not a rate: memory when idle and per idle stream, and how soon a start answers.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::Plan;
use super::figures::{Figures, median};
use super::targets::{Target, Targets, session};
use crate::http1::Connection;
use crate::requests::Way;

const SETTLE: Duration = Duration::from_secs(2);
/// Streams that are not counted.
const FIRST: usize = 200;

pub async fn measure(targets: &mut Targets, plan: &Plan, figures: &mut Figures) -> Result<()> {
    let mut starts = Vec::new();
    for _ in 0..plan.starts {
        starts.push(targets.many.restart().await?.as_secs_f64() * 1_000.0);
    }
    figures.start_ms = median(&starts);
    tokio::time::sleep(SETTLE).await;
    figures.idle_many_kib = resident(targets, Target::Warm)?;
    targets.one.restart().await?;
    tokio::time::sleep(SETTLE).await;
    figures.idle_kib = resident(targets, Target::One)?;
    let way = targets.one.way.clone();
    figures.stream_kib = per_stream(targets, Target::One, &way, plan.streams).await?;
    let way = Way {
        address: targets.address(Target::Nginx),
        ..way
    };
    figures.nginx_stream_kib = per_stream(targets, Target::Nginx, &way, plan.streams).await?;
    Ok(())
}

/// Opens streams on which nothing happens, and looks by how much the proxy grows from one to the next: what it makes once, for the
/// first of them and for the first rows of its trail, is there before it is looked at.
async fn per_stream(targets: &Targets, target: Target, way: &Way, streams: usize) -> Result<f64> {
    let session = session(&mut Connection::open(way.address).await?, way).await?;
    let request = way.listen(Some(&session));
    let (mut open, mut before) = (Vec::new(), 0);
    for number in 0..FIRST + streams {
        if number == FIRST {
            tokio::time::sleep(SETTLE).await;
            before = resident(targets, target)?;
        }
        let mut connection = Connection::open(way.address).await?;
        let head = connection.begin(&request).await?;
        if head.status != 200 {
            bail!("stream {number} was answered {}", head.status);
        }
        connection.wait_for(b": open\n\n").await?;
        open.push(connection);
    }
    tokio::time::sleep(SETTLE).await;
    let after = resident(targets, target)?;
    drop(open);
    Ok(after.saturating_sub(before) as f64 / streams as f64)
}

fn resident(targets: &Targets, target: Target) -> Result<u64> {
    Ok(targets.processes(target).context("not running")?.resident_kib())
}
