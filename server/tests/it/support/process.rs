//! The real binary, in a folder and an environment of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::{JoinHandle, spawn};

use tempfile::TempDir;
use url::Url;

use super::PATIENCE;

/// A folder with a database and a key, once something has made them.
pub struct Home {
    pub folder: TempDir,
}

impl Home {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// `overkey` with nothing of the tester's own settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overkey"));
        command
            .args(arguments)
            .env_clear()
            .current_dir(self.folder.path())
            .env("OVERKEY_LISTEN", "127.0.0.1:0")
            .env("OVERKEY_UPSTREAM_ALLOW", "127.0.0.0/8");
        command
    }

    /// Runs a command that ends by itself.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        finish(self.command(arguments), "")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Ended {
        finish(self.command(arguments), input)
    }

    /// With more settings.
    pub fn run_with(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Ended {
        let mut command = self.command(arguments);
        command.envs(settings.iter().copied());
        finish(command, "")
    }

    /// Everything in the folder's files, the database's log included.
    pub fn bytes(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect()
    }
}

/// Waits for a command that must end by itself; one that serves instead is stopped and told of.
fn finish(mut command: Command, input: &str) -> Ended {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let id = child.id().to_string();
    // It may have ended already, without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let (done, ended) = channel();
    spawn(move || done.send(child.wait_with_output().unwrap()));
    match ended.recv_timeout(PATIENCE) {
        Ok(output) => Ended::of(output),
        Err(_) => {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
            panic!("{command:?} does not end")
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Self {
            success: output.status.success(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.success, "{self:?}");
        self.stdout
    }

    /// What it complained about; no panic and no trace of one.
    #[track_caller]
    pub fn complaint(self) -> String {
        assert!(!self.success && !self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

/// A server that runs until it is told to stop, or the test ends.
pub struct Running {
    pub url: Url,
    child: Child,
    readers: Vec<JoinHandle<()>>,
    lines: Receiver<String>,
    output: Arc<Mutex<Vec<u8>>>,
}

impl Running {
    /// Returns when it says that it is ready.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let output: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (lines, seen) = channel();
        let kept = Arc::clone(&output);
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = spawn(move || {
            for line in stderr.split(b'\n').map_while(Result::ok) {
                let text = String::from_utf8_lossy(&line).into_owned();
                kept.lock().unwrap().extend([line, b"\n".to_vec()].concat());
                lines.send(text).ok();
            }
        });
        let kept = Arc::clone(&output);
        let mut stdout = child.stdout.take().unwrap();
        let out = spawn(move || {
            let mut all = Vec::new();
            stdout.read_to_end(&mut all).ok();
            kept.lock().unwrap().extend(all);
        });
        let address = wait_for(&seen, "Overkey is ready");
        let address = address[address.find("http://").unwrap()..]
            .split(['\u{1b}', ' ', '"'])
            .next()
            .unwrap();
        Self {
            url: Url::parse(address).unwrap(),
            child,
            readers: vec![log, out],
            lines: seen,
            output,
        }
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().unwrap()).into_owned()
    }

    /// The next line of the log that holds this.
    pub fn line(&self, text: &str) -> String {
        wait_for(&self.lines, text)
    }

    pub fn terminate(&self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status();
        assert!(told.unwrap().success());
    }

    /// At once, as a power cut does.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its exit and all that it wrote.
    pub async fn ended(mut self) -> (ExitStatus, Vec<u8>) {
        let waiting = tokio::task::spawn_blocking(move || {
            let status = self.child.wait().unwrap();
            for reader in self.readers.drain(..) {
                reader.join().unwrap();
            }
            let output = std::mem::take(&mut *self.output.lock().unwrap());
            (status, output)
        });
        super::soon("the process to end", waiting).await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(lines: &Receiver<String>, text: &str) -> String {
    loop {
        let line = lines
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|_| panic!("no line of the log holds {text}"));
        if line.contains(text) {
            return line;
        }
    }
}

/// Whether it ended by itself and well, not by a signal.
pub fn ended_well(status: ExitStatus) -> bool {
    status.signal().is_none() && status.success()
}
