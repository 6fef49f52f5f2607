//! An installation with servers, callers and overrides, made through the REST API (so every credential is sealed by the real
//! code) once, and copied for each run.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::process::{Installation, free_address};
use crate::requests::Way;
use crate::rest::Rest;

/// Overrides belong to an origin, so the upstream's has to be the same in every run.
pub const UPSTREAM: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 41_719);
const WRITERS: usize = 4;
const FILE: &str = "world.json";
/// Changes when worlds made by earlier benches are of no use any more.
const FORM: u32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub callers: usize,
    pub servers: usize,
}

/// Test tokens, for a database that only the bench uses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct World {
    pub admin: String,
    /// Their gateway tokens; each has an override on every server.
    pub callers: Vec<String>,
    pub servers: usize,
}

impl World {
    /// Caller `n` calls server `n` modulo their number, so that all are in use.
    pub fn ways(&self, address: SocketAddr) -> Vec<Way> {
        let callers = self.callers.iter().enumerate();
        let way = |(number, token): (usize, &String)| {
            let server = number % self.servers;
            Way {
                address,
                path: format!("/mcp/bench-{server}"),
                token: token.clone(),
                credential: credential(number, server),
            }
        };
        callers.map(way).collect()
    }
}

pub fn credential(caller: usize, server: usize) -> String {
    format!("sk-bench-{caller}-{server}")
}

/// A copy of the world of this size, made first if there is none.
pub async fn copy(binary: &Path, folder: &Path, size: Size, to: &Path) -> Result<(World, Installation)> {
    let kept = folder.join(format!("world-{FORM}-{}-{}", size.callers, size.servers));
    if !kept.join(FILE).exists() {
        make(binary, &kept, size).await.context("could not make the world")?;
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(&kept)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    let world = serde_json::from_slice(&fs::read(kept.join(FILE))?)?;
    Ok((world, installation(binary, to)?))
}

fn installation(binary: &Path, folder: &Path) -> Result<Installation> {
    Ok(Installation {
        binary: binary.to_owned(),
        folder: folder.to_owned(),
        address: free_address()?,
        // The idle streams are all one caller's.
        settings: vec![("MAX_STREAMS_PER_SUBJECT".to_owned(), "2000".to_owned())],
    })
}

async fn make(binary: &Path, kept: &Path, size: Size) -> Result<()> {
    let begun = Instant::now();
    let unfinished = PathBuf::from(format!("{}.unfinished", kept.display()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    let installation = installation(binary, &unfinished)?;
    let admin = first_admin(&installation)?;
    let running = installation.serve()?;
    let mut rest = Rest::open(installation.address, &admin).await?;
    for server in 0..size.servers {
        make_server(&mut rest, server).await?;
    }
    let callers = make_callers(&installation, &admin, size).await?;
    running.stop()?;
    let world = World {
        admin,
        callers,
        servers: size.servers,
    };
    let mut options = fs::OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(unfinished.join(FILE))?;
    serde_json::to_writer(file, &world)?;
    fs::rename(&unfinished, kept)?;
    let (overrides, seconds) = (size.callers * size.servers, begun.elapsed().as_secs_f64());
    eprintln!(
        "    made {overrides} overrides of {} callers in {seconds:.0} s; kept for the next run",
        size.callers
    );
    Ok(())
}

/// On the command line, as an operator does; answers a gateway token of the new admin.
pub fn first_admin(installation: &Installation) -> Result<String> {
    installation.answer(&["user", "add", "--email", "bench@example.test", "--admin"])?;
    let said = installation.answer(&["token", "create", "--user", "bench@example.test", "--name", "bench"])?;
    said.lines()
        .rfind(|line| line.starts_with("ok_pat_"))
        .map(str::to_owned)
        .context("no token was printed")
}

/// One that everybody may use, with everybody's own credential.
async fn make_server(rest: &mut Rest, server: usize) -> Result<()> {
    let body = json!({
        "name": format!("bench-{server}"),
        "url": format!("http://{UPSTREAM}/mcp"),
        "outbound_auth": {"mode": "api_key_individual", "headers": {"Authorization": "Bearer {{API_KEY}}"}},
    });
    rest.change("POST", "/servers", &body).await?;
    let path = format!("/servers/bench-{server}/access/everyone/all");
    rest.change("PUT", &path, &json!({"role": "user"})).await?;
    Ok(())
}

/// Virtual accounts with a token and an override on each server.
async fn make_callers(installation: &Installation, admin: &str, size: Size) -> Result<Vec<String>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        let (next, admin, address) = (next.clone(), admin.to_owned(), installation.address);
        writers.push(tokio::spawn(async move {
            let mut rest = Rest::open(address, &admin).await?;
            let mut made = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= size.callers {
                    return anyhow::Ok(made);
                }
                made.push((number, make_caller(&mut rest, number, size.servers).await?));
            }
        }));
    }
    let mut all = Vec::new();
    for writer in writers {
        all.extend(writer.await??);
    }
    all.sort();
    Ok(all.into_iter().map(|(_, token)| token).collect())
}

async fn make_caller(rest: &mut Rest, number: usize, servers: usize) -> Result<String> {
    let name = format!("caller-{number}");
    let made = rest.change("POST", "/virtual-accounts", &json!({"name": name})).await?;
    for server in 0..servers {
        let path = format!("/servers/bench-{server}/overrides/virtual_account/{name}");
        rest.change("PUT", &path, &json!({"credential": credential(number, server)}))
            .await?;
    }
    let token = made.get("token").and_then(Value::as_str);
    token
        .map(str::to_owned)
        .context("a virtual account was made without a token")
}
