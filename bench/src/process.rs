//! What we start, and end again: Overkey on a folder of its own, and nginx.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::machine::Processes;

const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(2);

/// A process that ends with us.
pub struct Running {
    child: Child,
    name: &'static str,
    pub address: SocketAddr,
    log: PathBuf,
}

impl Running {
    /// Starts a server that is known to be up when this address takes connections.
    pub fn start(name: &'static str, command: &mut Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let file = File::create(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("could not start {name}"))?;
        let mut running = Self {
            child,
            name,
            address,
            log: log.to_owned(),
        };
        running.wait_until_up()?;
        Ok(running)
    }

    fn wait_until_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                bail!(
                    "{} ended at once ({status}): {}",
                    self.name,
                    log.lines().last().unwrap_or_default()
                );
            }
            if begun.elapsed() > PATIENCE {
                bail!("{} takes no connections", self.name);
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    pub fn processes(&self) -> Processes {
        Processes::of(self.child.id())
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// SIGTERM, and waits for the end: what is queued is written.
    pub fn stop(mut self) -> Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .context("there is no `kill`")?;
        let begun = Instant::now();
        while self.is_running() {
            if begun.elapsed() > PATIENCE {
                bail!("{} does not end", self.name);
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx' master takes its workers along only when it is asked.
        if self.is_running() {
            let _ = Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .status();
            let begun = Instant::now();
            while self.is_running() && begun.elapsed() < Duration::from_secs(2) {
                std::thread::sleep(POLL);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where an installation of Overkey lives, and how it is started.
#[derive(Debug, Clone)]
pub struct Installation {
    pub binary: PathBuf,
    pub folder: PathBuf,
    pub address: SocketAddr,
    /// More settings: names without `OVERKEY_`.
    pub settings: Vec<(String, String)>,
}

impl Installation {
    /// `overkey` with its settings and no others.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(&self.folder).args(arguments);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OVERKEY_") {
                command.env_remove(name);
            }
        }
        command
            .env("OVERKEY_LISTEN", self.address.to_string())
            .env("OVERKEY_PUBLIC_URL", format!("http://{}", self.address))
            .env("OVERKEY_DATABASE_URL", "sqlite:overkey.db")
            .env("OVERKEY_UPSTREAM_ALLOW", "127.0.0.0/8")
            .envs(
                self.settings
                    .iter()
                    .map(|(name, value)| (format!("OVERKEY_{name}"), value)),
            );
        command
    }

    pub fn serve(&self) -> Result<Running> {
        // What is logged is written, as it would be, and kept nowhere: a run makes hundreds of megabytes.
        let log = PathBuf::from("/dev/null");
        Running::start("overkey", &mut self.command(&["serve"]), self.address, &log)
    }

    /// What a command prints.
    pub fn answer(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            bail!(
                "overkey {}: {}",
                arguments.join(" "),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
