//! Counts of calls, laid together into what is shown.

use std::collections::BTreeMap;

use domain::actor::{SubjectKind, SubjectRef};
use domain::id::ServerId;
use domain::latency::Latencies;
use domain::timestamp::Timestamp;

use crate::services::ServiceError;
use crate::services::audit::named;
use crate::store::Work;
use crate::store::trail::UsageSum;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// The longest list of tools, subjects or servers.
const MOST: usize = 20;

/// How far back to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    #[default]
    Day,
    Week,
    Month,
}

impl Span {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.as_str() == text)
    }

    /// Seconds that one bar stands for.
    pub const fn step(self) -> i64 {
        match self {
            Self::Day => HOUR,
            Self::Week => 6 * HOUR,
            Self::Month => DAY,
        }
    }

    const fn pieces(self) -> i64 {
        match self {
            Self::Day => 24,
            Self::Week => 28,
            Self::Month => 30,
        }
    }

    /// From the first second of the first piece to the last of the one that is now.
    pub(super) fn hours(self, now: Timestamp) -> (i64, i64) {
        let to = now.0 - now.0.rem_euclid(self.step()) + self.step();
        (to - self.pieces() * self.step(), to)
    }
}

/// Calls in numbers. Latencies are of those that were sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    pub calls: u64,
    pub failed: u64,
    latencies: Latencies,
}

impl Stats {
    /// Microseconds.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        self.latencies.percentile(percent)
    }

    fn add(&mut self, sum: &UsageSum) {
        self.calls += sum.count.calls;
        self.failed += sum.count.failed;
        if let Some(step) = sum.step {
            self.latencies.add(step, sum.count.calls);
        }
    }
}

/// Part of a summary: which, and its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece<T> {
    pub key: T,
    pub stats: Stats,
}

#[derive(Debug, Clone)]
pub struct Summary {
    pub span: Span,
    pub total: Stats,
    /// By the first second of each piece of time, oldest first, without gaps.
    pub over_time: Vec<Piece<Timestamp>>,
    /// Method and tool; most used first, as the next two.
    pub tools: Vec<Piece<(String, Option<String>)>>,
    pub actors: Vec<Piece<Who>>,
    /// By name; of those that are still there.
    pub servers: Vec<Piece<String>>,
    /// Whose it is; `None`: everybody's.
    pub of: Option<SubjectRef>,
    /// Whoever asked may ask for anybody's.
    pub anybody: bool,
}

/// Somebody who called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub subject: SubjectRef,
    pub name: String,
    /// What to name them by: an e-mail address, a virtual account's name.
    pub handle: String,
}

pub(super) fn total(sums: &[UsageSum]) -> Stats {
    let mut total = Stats::default();
    sums.iter().for_each(|sum| total.add(sum));
    total
}

pub(super) fn over_time(sums: &[UsageSum], span: Span, (from, to): (i64, i64)) -> Vec<Piece<Timestamp>> {
    let mut found = grouped(sums);
    let starts = (from..to).step_by(usize::try_from(span.step()).unwrap_or(1));
    starts
        .map(|start| Piece {
            key: Timestamp(start),
            stats: found.remove(start.to_string().as_str()).unwrap_or_default(),
        })
        .collect()
}

pub(super) fn by_tool(sums: &[UsageSum]) -> Vec<Piece<(String, Option<String>)>> {
    let named = |(key, stats): (&str, Stats)| {
        let (method, tool) = key.split_once('\n').unwrap_or((key, ""));
        let tool = (!tool.is_empty()).then(|| tool.to_owned());
        Piece {
            key: (method.to_owned(), tool),
            stats,
        }
    };
    most_used(sums).into_iter().map(named).collect()
}

pub(super) async fn by_actor(work: &mut dyn Work, sums: &[UsageSum]) -> Result<Vec<Piece<Who>>, ServiceError> {
    let mut pieces = Vec::new();
    for (key, stats) in most_used(sums) {
        let Some((kind, id)) = key.split_once('/') else {
            continue;
        };
        let Some(kind) = SubjectKind::parse(kind) else { continue };
        let subject = SubjectRef {
            kind,
            id: id.to_owned(),
        };
        let (name, handle) = named(work, &subject).await?.map_or_else(
            || (id.to_owned(), subject.to_string()),
            |named| (named.name, named.handle),
        );
        pieces.push(Piece {
            key: Who { subject, name, handle },
            stats,
        });
    }
    Ok(pieces)
}

pub(super) async fn by_server(work: &mut dyn Work, sums: &[UsageSum]) -> Result<Vec<Piece<String>>, ServiceError> {
    let mut pieces = Vec::new();
    for (id, stats) in most_used(sums) {
        if let Some(server) = work.servers().find_by_id(&ServerId::new(id)).await? {
            pieces.push(Piece {
                key: server.name.to_string(),
                stats,
            });
        }
    }
    Ok(pieces)
}

fn grouped(sums: &[UsageSum]) -> BTreeMap<&str, Stats> {
    let mut groups: BTreeMap<&str, Stats> = BTreeMap::new();
    for sum in sums {
        groups.entry(&sum.key).or_default().add(sum);
    }
    groups
}

fn most_used(sums: &[UsageSum]) -> Vec<(&str, Stats)> {
    let mut groups: Vec<_> = grouped(sums).into_iter().collect();
    groups.sort_by_key(|(_, stats)| std::cmp::Reverse(stats.calls));
    groups.truncate(MOST);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::trail::UsageCount;

    #[test]
    fn time_has_no_gaps_and_ends_with_the_piece_that_is_now() {
        let now = Timestamp(1_000_000_000);
        for span in Span::ALL {
            let (from, to) = span.hours(now);
            assert!(to > now.0 && to - span.step() <= now.0, "{span:?}");
            let sum = UsageSum {
                key: (to - span.step()).to_string(),
                step: Some(4),
                count: UsageCount { calls: 3, failed: 1 },
            };
            let pieces = over_time(std::slice::from_ref(&sum), span, (from, to));
            assert_eq!(pieces.len() as i64, span.pieces());
            assert_eq!(pieces[0].key, Timestamp(from));
            assert!(
                pieces
                    .windows(2)
                    .all(|pair| pair[1].key.0 - pair[0].key.0 == span.step())
            );
            let last = &pieces.last().unwrap().stats;
            assert_eq!((last.calls, last.failed), (3, 1));
            assert_eq!(total(&[sum]).percentile(100), Some(200));
        }
    }
}
