//! Who is measured: started once, and all alive for the whole run.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::Plan;
use crate::http1::Connection;
use crate::machine::Processes;
use crate::nginx;
use crate::process::{Installation, Running, free_address};
use crate::requests::{Prepared, SESSION, Way};
use crate::world::{self, Size, UPSTREAM};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The upstream itself.
    Direct,
    /// The bare proxy, one caller; and with all callers in turn.
    Nginx,
    NginxMany,
    /// Overkey with one caller, one server, one override.
    One,
    /// Overkey with many, just started: each caller's first call; and afterwards.
    Cold,
    Warm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A small tools/call, revision 2026-07-28.
    Small,
    /// The same in a session of revision 2025-11-25.
    Session,
    /// A tools/call answered by ten events, revision 2026-07-28.
    Streamed,
}

impl Target {
    pub const ALL: [Self; 6] = [
        Self::Direct,
        Self::Nginx,
        Self::NginxMany,
        Self::One,
        Self::Cold,
        Self::Warm,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::NginxMany => "nginx, many callers",
            Self::One => "Overkey, one caller",
            Self::Cold => "Overkey, many callers, cold",
            Self::Warm => "Overkey, many callers, warm",
        }
    }
}

pub struct Targets {
    upstream: Running,
    nginx: Running,
    pub one: Overkey,
    pub many: Overkey,
    requests: HashMap<(Target, Kind), Arc<Vec<Prepared>>>,
}

/// An Overkey that can be stopped and started again.
pub struct Overkey {
    pub installation: Installation,
    pub way: Way,
    running: Option<Running>,
}

impl Targets {
    pub async fn start(binary: &Path, folder: &Path, scratch: &Path, plan: &Plan, log: &str) -> Result<Self> {
        let upstream = nginx::upstream(scratch, UPSTREAM)?;
        let small = Size { callers: 1, servers: 1 };
        let (one_world, mut one) = world::copy(binary, folder, small, &scratch.join("one")).await?;
        let (many_world, mut many) = world::copy(binary, folder, plan.size, &scratch.join("many")).await?;
        for installation in [&mut one, &mut many] {
            installation.settings.push(("LOG".to_owned(), log.to_owned()));
        }
        let (one_ways, many_ways) = (one_world.ways(one.address), many_world.ways(many.address));
        let all: Vec<Way> = one_ways.iter().chain(&many_ways).cloned().collect();
        let proxy = free_address()?;
        let nginx = nginx::proxy(scratch, proxy, UPSTREAM, &all)?;
        let (one, many) = (Overkey::start(one, &one_ways)?, Overkey::start(many, &many_ways)?);
        let mut targets = Self {
            upstream,
            nginx,
            one,
            many,
            requests: HashMap::new(),
        };
        let direct = |way: &Way| Way {
            address: UPSTREAM,
            path: "/mcp".to_owned(),
            token: way.credential.clone(),
            ..way.clone()
        };
        let by_nginx = |way: &Way| Way {
            address: proxy,
            ..way.clone()
        };
        targets
            .prepare(Target::Direct, &one_ways.iter().map(direct).collect::<Vec<_>>())
            .await?;
        targets
            .prepare(Target::Nginx, &one_ways.iter().map(by_nginx).collect::<Vec<_>>())
            .await?;
        targets
            .prepare(Target::NginxMany, &many_ways.iter().map(by_nginx).collect::<Vec<_>>())
            .await?;
        targets.prepare(Target::One, &one_ways).await?;
        targets.prepare(Target::Warm, &many_ways).await?;
        for kind in [Kind::Small, Kind::Session, Kind::Streamed] {
            let warm = targets.requests(Target::Warm, kind)?;
            targets.requests.insert((Target::Cold, kind), warm);
        }
        Ok(targets)
    }

    /// Makes every request that will be sent; opens the sessions.
    async fn prepare(&mut self, target: Target, ways: &[Way]) -> Result<()> {
        let mut in_sessions = Vec::new();
        let mut connection = Connection::open(ways.first().context("nobody calls")?.address).await?;
        for way in ways {
            in_sessions.push(way.call_in_session(&session(&mut connection, way).await?));
        }
        self.requests.insert((target, Kind::Session), Arc::new(in_sessions));
        self.requests
            .insert((target, Kind::Small), Arc::new(ways.iter().map(Way::call).collect()));
        self.requests.insert(
            (target, Kind::Streamed),
            Arc::new(ways.iter().map(Way::streamed).collect()),
        );
        Ok(())
    }

    pub fn requests(&self, target: Target, kind: Kind) -> Result<Arc<Vec<Prepared>>> {
        self.requests.get(&(target, kind)).cloned().context("no such requests")
    }

    pub fn address(&self, target: Target) -> SocketAddr {
        match target {
            Target::Direct => self.upstream.address,
            Target::Nginx | Target::NginxMany => self.nginx.address,
            Target::One => self.one.installation.address,
            Target::Cold | Target::Warm => self.many.installation.address,
        }
    }

    /// Whose time and memory count.
    pub fn processes(&self, target: Target) -> Option<Processes> {
        match target {
            Target::Direct => None,
            Target::Nginx | Target::NginxMany => Some(self.nginx.processes()),
            Target::One => self.one.processes(),
            Target::Cold | Target::Warm => self.many.processes(),
        }
    }
}

impl Overkey {
    fn start(installation: Installation, ways: &[Way]) -> Result<Self> {
        let way = ways.first().context("nobody calls")?.clone();
        let running = Some(installation.serve()?);
        Ok(Self {
            installation,
            way,
            running,
        })
    }

    /// Everything it kept in memory is gone afterwards; it has answered once. How long that took, from the start of the process.
    pub async fn restart(&mut self) -> Result<std::time::Duration> {
        if let Some(running) = self.running.take() {
            running.stop()?;
        }
        let begun = std::time::Instant::now();
        self.running = Some(self.installation.serve()?);
        let mut connection = Connection::open(self.installation.address).await?;
        let head = connection.call(&self.way.call().bytes).await?;
        if head.status != 200 {
            bail!("the first call after a start was answered {}", head.status);
        }
        Ok(begun.elapsed())
    }

    pub fn processes(&self) -> Option<Processes> {
        self.running.as_ref().map(Running::processes)
    }
}

/// Opens a session and answers its name, which a gateway may have changed.
pub async fn session(connection: &mut Connection, way: &Way) -> Result<String> {
    let head = connection.call(&way.initialize()).await?;
    let session = head.session.filter(|_| head.status == 200);
    let bare = way.address == UPSTREAM;
    let session = session.with_context(|| format!("no session: {}", String::from_utf8_lossy(connection.body())))?;
    if bare && session != SESSION {
        bail!("the upstream calls its session {session}");
    }
    Ok(session)
}
