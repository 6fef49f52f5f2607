//! A closed loop: so many connections, each with one request on its way. Every answer is compared, to the byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::http1::Connection;
use crate::requests::Prepared;

#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// The requests in turn, again and again.
    Elapsed(Duration),
    /// Each request once.
    Done,
}

#[derive(Clone)]
pub struct Load {
    pub address: SocketAddr,
    pub requests: Arc<Vec<Prepared>>,
    pub connections: usize,
    pub until: Until,
}

/// What came of it. Times are in nanoseconds, sorted.
#[derive(Debug)]
pub struct Outcome {
    pub elapsed: Duration,
    times: Vec<u64>,
}

impl Load {
    pub async fn run(&self) -> Result<Outcome> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            connections.push(Connection::open(self.address).await?);
        }
        let (next, begun) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let running = connections
            .into_iter()
            .map(|connection| tokio::spawn(one(connection, self.requests.clone(), self.until, next.clone(), begun)));
        let running: Vec<_> = running.collect();
        let mut times = Vec::new();
        for task in running {
            times.append(&mut task.await??);
        }
        let elapsed = begun.elapsed();
        times.sort_unstable();
        Ok(Outcome { elapsed, times })
    }
}

async fn one(
    mut connection: Connection,
    requests: Arc<Vec<Prepared>>,
    until: Until,
    next: Arc<AtomicUsize>,
    begun: Instant,
) -> Result<Vec<u64>> {
    let mut times = Vec::new();
    let mut started = begun;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let over = match until {
            Until::Elapsed(duration) => started.duration_since(begun) >= duration,
            Until::Done => number >= requests.len(),
        };
        if over {
            return Ok(times);
        }
        let request = &requests[number % requests.len()];
        started = Instant::now();
        let head = connection.call(&request.bytes).await.context("a call broke off")?;
        let ended = Instant::now();
        times.push(u64::try_from(ended.duration_since(started).as_nanos()).unwrap_or(u64::MAX));
        started = ended;
        if head.status != 200 || connection.body() != request.expected {
            let body = String::from_utf8_lossy(connection.body()).into_owned();
            bail!(
                "a call was answered {} {body}\nexpected: {}",
                head.status,
                String::from_utf8_lossy(&request.expected)
            );
        }
    }
}

impl Outcome {
    pub fn calls(&self) -> usize {
        self.times.len()
    }

    pub fn per_second(&self) -> f64 {
        self.calls() as f64 / self.elapsed.as_secs_f64()
    }

    /// In microseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let at = (self.times.len() * percent / 100).min(self.times.len().saturating_sub(1));
        self.times.get(at).copied().unwrap_or_default() as f64 / 1000.0
    }
}
