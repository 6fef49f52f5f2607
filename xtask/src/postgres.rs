//! A PostgreSQL for the tests alone: in a folder of its own, on a free port, gone when the tests are over.
//!
//! It is told to die with us, so that neither a failing test nor Ctrl-C leaves a server behind.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::shell::{find, is_root, run_quietly, step};
use crate::workspace;

/// Debian's packages make this user; PostgreSQL refuses to run as root.
const SERVICE_USER: &str = "postgres";
const FOLDER: &str = "overkey-postgres-";
const PATIENCE: Duration = Duration::from_secs(30);

/// Speed instead of safety: nothing in here outlives the tests.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_connections=200",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
];

/// A running server. Dropping it stops it and removes its folder.
pub struct Postgres {
    server: Child,
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
}

/// Where `initdb` and `postgres` are: the newest of Debian's, or whatever is in `PATH`.
pub fn bin_dir() -> Option<PathBuf> {
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let version = |dir: &PathBuf| dir.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = debian
        .filter(|dir| dir.join("bin/initdb").is_file())
        .max_by_key(version);
    newest
        .map(|dir| dir.join("bin"))
        .or_else(|| find("initdb")?.parent().map(Path::to_path_buf))
}

impl Postgres {
    /// Makes a new cluster and starts it.
    pub fn start() -> Result<Self> {
        let bin = bin_dir().context("PostgreSQL is missing: install it with `apt-get install postgresql`")?;
        step("Starting a PostgreSQL for the tests");
        let folder = folder()?;
        let data = folder.join("data");
        run_quietly(
            as_service_user(&bin.join("initdb"))
                .current_dir(&folder)
                .arg("-D")
                .arg(&data)
                .args([
                    "--username=overkey",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--no-sync",
                ]),
        )?;
        // Somebody else may take the port between our asking and the start; then the next one does.
        for _ in 0..3 {
            let port = free_port()?;
            let mut postgres = Self {
                server: spawn(&bin, &folder, port)?,
                bin: bin.clone(),
                folder: folder.clone(),
                port,
            };
            if postgres.is_up()? {
                return Ok(postgres);
            }
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        bail!(
            "PostgreSQL does not start: {}",
            log.lines().last().unwrap_or("it says nothing")
        )
    }

    /// For `OVERKEY_TEST_POSTGRES`; the user may make databases.
    pub fn url(&self) -> String {
        format!("postgres://overkey@127.0.0.1:{}/postgres", self.port)
    }

    /// Waits until it takes connections. False if it ended instead.
    fn is_up(&mut self) -> Result<bool> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.server.try_wait()?.is_some() {
                return Ok(false);
            }
            let mut ready = Command::new(self.bin.join("pg_isready"));
            ready.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ready.status().is_ok_and(|status| status.success()) {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!(
            "PostgreSQL did not take connections within {} seconds",
            PATIENCE.as_secs()
        )
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT: end now, and take the connections along. Where there is no `kill` program, the hard way does as well.
        let interrupted = Command::new("kill")
            .args(["-INT", &self.server.id().to_string()])
            .status();
        if interrupted.is_err() {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn spawn(bin: &Path, folder: &Path, port: u16) -> Result<Child> {
    let log = fs::File::create(folder.join("log"))?;
    let mut command = as_service_user(&bin.join("postgres"));
    command
        .current_dir(folder)
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string()]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    command.spawn().context("could not start PostgreSQL")
}

/// The program, without root's rights, and stopped by the kernel when we end.
fn as_service_user(program: &Path) -> Command {
    if find("setpriv").is_none() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if is_root() {
        command.args(["--reuid", SERVICE_USER, "--regid", SERVICE_USER, "--init-groups"]);
    }
    command.arg(program);
    command
}

/// An empty folder that the service user may write to: under `target` if that user gets there, else a temporary one.
fn folder() -> Result<PathBuf> {
    let temporary = env::temp_dir();
    for parent in [workspace::root().join("target"), temporary] {
        fs::create_dir_all(&parent)?;
        remove_abandoned(&parent);
        let folder = parent.join(format!("{FOLDER}{}", process::id()));
        fs::create_dir_all(&folder)?;
        if !is_root() {
            return Ok(folder);
        }
        let owner = format!("{SERVICE_USER}:{SERVICE_USER}");
        run_quietly(Command::new("chown").arg(owner).arg(&folder))?;
        let reached = as_service_user(Path::new("test"))
            .current_dir("/")
            .arg("-w")
            .arg(&folder)
            .status()?;
        if reached.success() {
            return Ok(folder);
        }
        fs::remove_dir_all(&folder)?;
    }
    bail!(
        "the user {SERVICE_USER} can write neither below target nor to {}",
        env::temp_dir().display()
    )
}

/// Removes what runs that were killed have left. Only where the system tells which processes live.
fn remove_abandoned(parent: &Path) {
    let processes = Path::new("/proc");
    if !processes.join("self").exists() {
        return;
    }
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(FOLDER) else {
            continue;
        };
        if !processes.join(owner).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))
        .context("no port is free")?
        .local_addr()?
        .port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::answer;

    /// The tests of the stores depend on it, so a machine that runs those has PostgreSQL.
    #[test]
    fn starts_takes_connections_and_leaves_nothing_behind() {
        let postgres = Postgres::start().unwrap();
        let ask = |url: &str| {
            answer(Command::new("psql").args([url, "-Atc", "select current_user || current_setting('fsync')"]))
        };
        let (url, folder, server) = (postgres.url(), postgres.folder.clone(), postgres.server.id());
        assert_eq!(ask(&url).as_deref(), Some("overkeyoff"));
        drop(postgres);
        assert_eq!(ask(&url), None);
        assert!(!folder.exists());
        assert!(!Path::new("/proc").join(server.to_string()).exists());
    }
}
