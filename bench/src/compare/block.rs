//! One block: one target, one kind of call, so many connections, for some seconds.

use std::fmt;
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use super::load::{Load, Until};
use super::targets::{Kind, Target, Targets};

/// Long enough for what Overkey writes twice a second; and then until it has been quiet for as long as `QUIET`: writing trail and
/// counts is part of the calls.
const SETTLE: Duration = Duration::from_millis(1_200);
const QUIET: Duration = Duration::from_millis(600);
/// Processor time within `QUIET` that is no work.
const QUIET_MICROS: u64 = 20_000;
/// If it never is.
const LONGEST: u32 = 100;
const WARM_UP: Duration = Duration::from_millis(200);
const WARM_UP_CONNECTIONS: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Block {
    pub kind: Kind,
    pub connections: usize,
}

/// What one block gave. Times in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Sample {
    pub calls: usize,
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    /// Of the proxy, for each call.
    pub cpu: f64,
    /// Of the proxy, after it.
    pub resident_kib: u64,
}

impl Block {
    /// There and back again, so that nobody is always the first.
    pub fn order(self, repeat: u32) -> Vec<Target> {
        let mut targets = Target::ALL.to_vec();
        if self.kind != Kind::Small {
            targets.retain(|target| !matches!(target, Target::NginxMany | Target::Cold));
        }
        if repeat.is_multiple_of(2) {
            targets.reverse();
        }
        targets
    }

    pub async fn run(self, targets: &mut Targets, target: Target, seconds: f64) -> Result<Sample> {
        if target == Target::Cold {
            targets.many.restart().await?;
        } else {
            self.warm_up(targets, target).await?;
        }
        let until = if target == Target::Cold {
            Until::Done
        } else {
            Until::Elapsed(Duration::from_secs_f64(seconds))
        };
        let load = self.load(targets, target, until)?;
        let processes = targets.processes(target);
        let before = processes.as_ref().map_or(0, |processes| processes.cpu_micros());
        let outcome = load.run().await?;
        if !matches!(target, Target::Direct | Target::Nginx | Target::NginxMany) {
            tokio::time::sleep(SETTLE).await;
            let used = || processes.as_ref().map_or(0, |processes| processes.cpu_micros());
            for _ in 0..LONGEST {
                let before = used();
                tokio::time::sleep(QUIET).await;
                if used() - before < QUIET_MICROS {
                    break;
                }
            }
        }
        let after = processes.as_ref().map_or(0, |processes| processes.cpu_micros());
        Ok(Sample {
            calls: outcome.calls(),
            per_second: outcome.per_second(),
            p50: outcome.percentile(50),
            p99: outcome.percentile(99),
            cpu: (after - before) as f64 / outcome.calls().max(1) as f64,
            resident_kib: processes.map_or(0, |processes| processes.resident_kib()),
        })
    }

    /// Everybody calls at least once.
    async fn warm_up(self, targets: &Targets, target: Target) -> Result<()> {
        let everybody = Self {
            connections: WARM_UP_CONNECTIONS,
            ..self
        };
        everybody.load(targets, target, Until::Done)?.run().await?;
        self.load(targets, target, Until::Elapsed(WARM_UP))?.run().await?;
        Ok(())
    }

    fn load(self, targets: &Targets, target: Target, until: Until) -> Result<Load> {
        Ok(Load {
            address: targets.address(target),
            requests: targets.requests(target, self.kind)?,
            connections: self.connections,
            until,
        })
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = if self.connections == 1 {
            "connection"
        } else {
            "connections"
        };
        write!(f, "{}, {} {connections}", self.kind.name(), self.connections)
    }
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "tools/call, 2026-07-28",
            Self::Session => "tools/call in a session, 2025-11-25",
            Self::Streamed => "tools/call answered by 10 events, 2026-07-28",
        }
    }
}
