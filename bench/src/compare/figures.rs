//! Samples in, medians and ratios out. A ratio is taken within one repeat, and then the median of the repeats.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Plan;
use super::block::{Block, Sample};
use super::targets::{Kind, Target};

pub struct Figures {
    samples: BTreeMap<(Block, Target), Vec<Sample>>,
    pub log: String,
    pub callers: usize,
    pub overrides: usize,
    pub block_seconds: f64,
    pub repeats: u32,
    pub seconds: f64,
    pub start_ms: f64,
    pub idle_kib: u64,
    pub idle_many_kib: u64,
    pub stream_kib: f64,
    pub nginx_stream_kib: f64,
}

/// A line of the table.
#[derive(Debug, Serialize)]
pub struct Line {
    pub kind: Kind,
    pub connections: usize,
    pub target: Target,
    pub per_second: f64,
    pub p50: f64,
    pub p99: f64,
    /// Beyond what the upstream alone takes.
    pub added_p50: f64,
    pub added_p99: f64,
    pub cpu: f64,
    pub resident_kib: u64,
    pub to_nginx: Ratios,
}

/// This target / nginx.
#[derive(Debug, Serialize)]
pub struct Ratios {
    pub per_second: f64,
    pub p50: f64,
    pub added_p50: f64,
    pub cpu: f64,
}

/// What is asked of us, and what came out.
#[derive(Debug, Serialize)]
pub struct Goal {
    pub what: &'static str,
    pub wanted: String,
    pub measured: String,
    pub met: bool,
}

impl Figures {
    pub fn new(plan: &Plan, log: &str) -> Self {
        Self {
            samples: BTreeMap::new(),
            log: log.to_owned(),
            callers: plan.size.callers,
            overrides: plan.size.callers * plan.size.servers,
            block_seconds: plan.seconds,
            repeats: plan.repeats,
            seconds: 0.0,
            start_ms: 0.0,
            idle_kib: 0,
            idle_many_kib: 0,
            stream_kib: 0.0,
            nginx_stream_kib: 0.0,
        }
    }

    pub fn add(&mut self, block: Block, target: Target, sample: Sample) {
        self.samples.entry((block, target)).or_default().push(sample);
    }

    pub fn lines(&self) -> Vec<Line> {
        self.samples
            .keys()
            .map(|(block, target)| self.line(*block, *target))
            .collect()
    }

    fn line(&self, block: Block, target: Target) -> Line {
        let of = |value: fn(&Sample) -> f64| median(&self.values(block, target, value));
        let added = |value: fn(&Sample) -> f64| median(&self.added(block, target, value));
        let ratio = |value: fn(&Sample) -> f64| self.ratio(block, (target, Target::BARE), value);
        Line {
            kind: block.kind,
            connections: block.connections,
            target,
            per_second: of(|sample| sample.per_second),
            p50: of(|sample| sample.p50),
            p99: of(|sample| sample.p99),
            added_p50: added(|sample| sample.p50),
            added_p99: added(|sample| sample.p99),
            cpu: of(|sample| sample.cpu),
            resident_kib: of(|sample| sample.resident_kib as f64) as u64,
            to_nginx: Ratios {
                per_second: ratio(|sample| sample.per_second),
                p50: ratio(|sample| sample.p50),
                added_p50: self.added_ratio(block, target),
                cpu: ratio(|sample| sample.cpu),
            },
        }
    }

    fn values(&self, block: Block, target: Target, value: fn(&Sample) -> f64) -> Vec<f64> {
        self.samples
            .get(&(block, target))
            .into_iter()
            .flatten()
            .map(value)
            .collect()
    }

    fn added(&self, block: Block, target: Target, value: fn(&Sample) -> f64) -> Vec<f64> {
        let direct = self.values(block, Target::Direct, value);
        self.values(block, target, value)
            .iter()
            .zip(direct)
            .map(|(whole, direct)| whole - direct)
            .collect()
    }

    fn ratio(&self, block: Block, of: (Target, Target), value: fn(&Sample) -> f64) -> f64 {
        quotients(&self.values(block, of.0, value), &self.values(block, of.1, value))
    }

    fn added_ratio(&self, block: Block, target: Target) -> f64 {
        let p50 = |sample: &Sample| sample.p50;
        quotients(&self.added(block, target, p50), &self.added(block, Target::BARE, p50))
    }

    /// The goals of the project, in the order they are told.
    pub fn goals(&self) -> Vec<Goal> {
        let at = |kind, connections| Block { kind, connections };
        let rate = |sample: &Sample| sample.per_second;
        let cpu = |sample: &Sample| sample.cpu;
        let one = (Target::One, Target::BARE);
        vec![
            at_least(
                "throughput, 2026-07-28, 32 connections, Overkey / nginx",
                0.9,
                self.ratio(at(Kind::Small, 32), one, rate),
            ),
            at_least(
                "throughput, 2025-11-25, 32 connections, Overkey / nginx",
                0.9,
                self.ratio(at(Kind::Session, 32), one, rate),
            ),
            at_most(
                "processor time per call, 32 connections, Overkey / nginx",
                1.3,
                "",
                self.ratio(at(Kind::Small, 32), one, cpu),
            ),
            at_most(
                "added p50, 1 connection, Overkey / nginx",
                1.2,
                "",
                self.added_ratio(at(Kind::Small, 1), Target::One),
            ),
            at_least(
                "throughput, 32 connections, many callers warm / one caller",
                0.9,
                self.ratio(at(Kind::Small, 32), (Target::Warm, Target::One), rate),
            ),
            at_most("memory, idle", 60.0, " MB", self.idle_kib as f64 * 1.024 / 1_000.0),
            at_most("memory, per idle stream", 30.0, " kB", self.stream_kib * 1.024),
            at_most(
                "start to first answered call, existing database",
                300.0,
                " ms",
                self.start_ms,
            ),
        ]
    }
}

fn at_least(what: &'static str, wanted: f64, measured: f64) -> Goal {
    Goal {
        what,
        wanted: format!("at least {wanted}"),
        measured: format!("{measured:.2}"),
        met: measured >= wanted,
    }
}

fn at_most(what: &'static str, wanted: f64, unit: &str, measured: f64) -> Goal {
    let digits = if unit.is_empty() { 2 } else { 0 };
    Goal {
        what,
        wanted: format!("at most {wanted}{unit}"),
        measured: format!("{measured:.digits$}{unit}"),
        met: measured <= wanted,
    }
}

fn quotients(above: &[f64], below: &[f64]) -> f64 {
    median(
        &above
            .iter()
            .zip(below)
            .map(|(above, below)| above / below)
            .collect::<Vec<_>>(),
    )
}

/// NaN of nothing, which no goal is met by.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => f64::midpoint(sorted[length / 2 - 1], sorted[length / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_within_a_repeat_before_the_median() {
        // A machine that slows down to a tenth in the third repeat changes no ratio.
        assert_eq!(quotients(&[50.0, 55.0, 5.0], &[100.0, 100.0, 10.0]), 0.5);
        assert_eq!(median(&[3.0, 1.0]), 2.0);
        assert!(quotients(&[], &[]).is_nan());
    }

    #[test]
    fn what_was_not_measured_meets_no_goal() {
        assert!(!at_least("", 0.9, f64::NAN).met && !at_most("", 1.3, "", f64::NAN).met);
        assert!(at_least("", 0.9, 0.9).met && at_most("", 60.0, " MB", 60.0).met);
    }
}
