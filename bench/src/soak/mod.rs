//! Hours in minutes: mixed load, faults on the way, changes meanwhile. Afterwards nobody has seen another's credential nor an old
//! one, no call has failed that need not, and the process is as large as before.

mod changes;
mod clients;
mod faults;
mod ledger;
mod summary;
mod upstream;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::ArgAction;
use clap::Args;
use clap::builder::FalseyValueParser;
use serde_json::{Value, json};

use self::changes::{Changes, individual};
use self::clients::{Field, client};
use self::faults::Faults;
use self::ledger::{Ledger, Server};
use self::summary::{Size, Summary};
use crate::process::{Installation, Running, free_address};
use crate::rest::Rest;
use crate::world::first_admin;

/// The first part is only to get everything going: what memory then is, is what it has to come back to.
const WARM_UP: f64 = 0.15;
const QUIET: Duration = Duration::from_secs(60);
/// Seconds. Long enough for a machine that does other things, too, to answer in time where nothing is in the way.
const FIRST_BYTE: &str = "10";
const LOOK: Duration = Duration::from_secs(1);

#[derive(Args)]
pub struct Options {
    /// How long it lasts, in seconds
    #[arg(long, env = "SOAK_SECONDS", default_value_t = 600)]
    seconds: u64,
    /// How many call at a time
    #[arg(long, env = "SOAK_CALLERS", default_value_t = 48)]
    callers: usize,
    /// Which faults befall which connections, and who does what in which order
    #[arg(long, env = "SOAK_SEED", default_value_t = 1)]
    seed: u64,
    /// Put the summary into bench/README.md
    #[arg(long, env = "SOAK_RECORD", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    record: bool,
}

pub async fn run(binary: &Path, folder: &Path, options: &Options) -> Result<()> {
    eprintln!(
        "==> Setting up: Overkey, its upstream, {} callers, faults of seed {}",
        options.callers, options.seed
    );
    let scratch = tempfile::Builder::new().prefix("soak-").tempdir_in(folder)?;
    let installation = Installation {
        binary: binary.to_owned(),
        folder: scratch.path().to_owned(),
        address: free_address()?,
        settings: vec![("FIRST_BYTE_TIMEOUT".to_owned(), FIRST_BYTE.to_owned())],
    };
    let admin = first_admin(&installation)?;
    let mut overkey = installation.serve()?;
    let (upstream, seen) = upstream::start().await?;
    let ledger = Arc::new(Ledger::new(options.callers));
    let mut rest = Rest::open(installation.address, &admin).await?;
    let faulty = Faults::start(upstream, options.seed).await?;
    for server in Server::ALL {
        let to = if server.behind_faults() {
            faulty.address
        } else {
            upstream
        };
        make_server(&mut rest, server, &format!("http://{to}{}", server.path())).await?;
    }
    let tokens = make_callers(&mut rest, options.callers).await?;
    let mut soak = Soak {
        options,
        installation: &installation,
        ledger,
        tokens,
        changes: (0, 0, 0),
        faults: [0; 5],
    };
    let mut versions = Changes::new(rest, soak.field(installation.address), options.callers, options.seed);
    versions.enter_all().await?;

    let seconds = options.seconds as f64;
    let warm = soak.phase(&mut overkey, &mut versions, seconds * WARM_UP).await?;
    let begun = quiet(&overkey, None).await;
    let load = soak
        .phase(&mut overkey, &mut versions, seconds * (1.0 - WARM_UP))
        .await?;
    // Ends the connections that Overkey keeps to the upstream.
    soak.faults_of(&faulty);
    drop(faulty);
    let ended = quiet(&overkey, Some(begun)).await;
    overkey.stop()?;
    let summary = Summary {
        seconds: options.seconds,
        callers: options.callers,
        seed: options.seed,
        begun,
        ended,
        most: warm.max(load),
        changes: soak.changes,
        faults: soak.faults,
        upstream_requests: seen.requests.load(Ordering::Relaxed),
        gateway_tokens: seen.gateway_tokens.load(Ordering::Relaxed),
        bare_requests: seen.bare.load(Ordering::Relaxed),
        ledger: &soak.ledger,
    };
    summary.tell(folder, options.record)
}

struct Soak<'a> {
    options: &'a Options,
    installation: &'a Installation,
    ledger: Arc<Ledger>,
    tokens: Vec<String>,
    /// Replaced, deleted, modes.
    changes: (u64, u64, u64),
    faults: [u64; 5],
}

impl Soak<'_> {
    fn field(&self, bumpy: std::net::SocketAddr) -> Arc<Field> {
        let overkey = self.installation.address;
        Arc::new(Field {
            overkey,
            bumpy,
            ledger: self.ledger.clone(),
            stop: AtomicBool::new(false),
        })
    }

    /// Load and changes for so long. The most memory that was seen, in KiB.
    async fn phase(&mut self, overkey: &mut Running, changes: &mut Changes, seconds: f64) -> Result<u64> {
        let bumpy = Faults::start(self.installation.address, self.options.seed ^ 0xB0B).await?;
        let field = self.field(bumpy.address);
        changes.moved_to(field.clone());
        let clients = self.tokens.iter().enumerate();
        let clients = clients
            .map(|(caller, token)| tokio::spawn(client(field.clone(), caller, token.clone(), self.options.seed)));
        let clients: Vec<_> = clients.collect();
        let (watched, changed) = tokio::join!(watch(overkey, &field, seconds), changes.run());
        for client in clients {
            client.await?;
        }
        self.faults_of(&bumpy);
        self.changes = (changes.replaced, changes.deleted, changes.modes);
        changed.context("a change was refused")?;
        watched
    }

    fn faults_of(&mut self, faults: &Faults) {
        let counts = &faults.counts;
        let counters = [
            &counts.connections,
            &counts.late,
            &counts.resets,
            &counts.holes,
            &counts.half_closes,
        ];
        for (sum, counter) in self.faults.iter_mut().zip(counters) {
            *sum += counter.load(Ordering::Relaxed);
        }
    }
}

/// Looks once a second, and says when the time is over.
async fn watch(overkey: &mut Running, field: &Field, seconds: f64) -> Result<u64> {
    let (begun, mut most) = (std::time::Instant::now(), 0);
    while begun.elapsed().as_secs_f64() < seconds && overkey.is_running() {
        tokio::time::sleep(LOOK).await;
        most = most.max(Size::of(&overkey.processes()).resident_kib);
        let elapsed = begun.elapsed().as_secs();
        if elapsed % 30 == 0 {
            let calls = field.ledger.counts.calls.load(Ordering::Relaxed);
            eprintln!(
                "    {elapsed} of {seconds:.0} s: {calls} calls, {:.0} MB",
                most as f64 * 1.024 / 1_000.0
            );
        }
    }
    field.stop.store(true, Ordering::Relaxed);
    if overkey.is_running() {
        Ok(most)
    } else {
        bail!("overkey ended in the middle of the soak")
    }
}

/// The size once nothing happens any more: at once if it is what it was, else after a minute.
async fn quiet(overkey: &Running, before: Option<Size>) -> Size {
    let begun = std::time::Instant::now();
    loop {
        tokio::time::sleep(LOOK * 3).await;
        let size = Size::of(&overkey.processes());
        let settled = match before {
            Some(before) => size.is_no_more_than(before),
            None => begun.elapsed() > LOOK * 6,
        };
        if settled || begun.elapsed() > QUIET {
            return size;
        }
    }
}

async fn make_server(rest: &mut Rest, server: Server, url: &str) -> Result<()> {
    let name = server.name();
    let body = json!({"name": name, "url": url, "outbound_auth": individual()});
    rest.change("POST", "/servers", &body).await?;
    let path = format!("/servers/{name}/access/everyone/all");
    rest.change("PUT", &path, &json!({"role": "user"})).await.map(drop)
}

async fn make_callers(rest: &mut Rest, callers: usize) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for caller in 0..callers {
        let made = rest
            .change("POST", "/virtual-accounts", &json!({"name": format!("soak-{caller}")}))
            .await?;
        let token = made.get("token").and_then(Value::as_str).context("no token")?;
        tokens.push(token.to_owned());
    }
    Ok(tokens)
}
