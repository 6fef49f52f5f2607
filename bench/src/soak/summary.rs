//! What the soak has shown, and whether that is what it should.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, bail};
use serde::Serialize;
use serde_json::json;

use super::ledger::Ledger;
use crate::machine::{self, Processes};
use crate::marks::{SOAK, record};

/// Memory that an allocator keeps for the next time, and what the database's caches grow to.
const MEMORY_FACTOR: f64 = 1.25;
const MEMORY_SLACK_KIB: u64 = 12 * 1024;
/// Connections of a pool that were opened once more readers were needed.
const DESCRIPTOR_SLACK: usize = 24;
const THREAD_SLACK: u64 = 4;

/// How large a process is. A connection's task holds its socket, so that descriptors tell of tasks, too.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Size {
    pub resident_kib: u64,
    pub descriptors: usize,
    pub threads: u64,
}

impl Size {
    pub fn of(processes: &Processes) -> Self {
        Self {
            resident_kib: processes.resident_kib(),
            descriptors: processes.descriptors(),
            threads: processes.threads(),
        }
    }

    pub fn is_no_more_than(self, before: Self) -> bool {
        let memory = (before.resident_kib as f64 * MEMORY_FACTOR) as u64 + MEMORY_SLACK_KIB;
        self.resident_kib <= memory
            && self.descriptors <= before.descriptors + DESCRIPTOR_SLACK
            && self.threads <= before.threads + THREAD_SLACK
    }
}

pub struct Summary<'a> {
    pub seconds: u64,
    pub callers: usize,
    pub seed: u64,
    /// Quiet, after the first part and after all of it.
    pub begun: Size,
    pub ended: Size,
    pub most: u64,
    pub changes: (u64, u64, u64),
    pub faults: [u64; 5],
    pub upstream_requests: u64,
    pub gateway_tokens: u64,
    pub bare_requests: u64,
    pub ledger: &'a Ledger,
}

impl Summary<'_> {
    /// Prints and writes it; an error when something was wrong.
    pub fn tell(&self, folder: &Path, recorded: bool) -> Result<()> {
        let (wrong, text) = (self.wrong(), self.text());
        println!("{text}");
        for complaint in self.ledger.complaints() {
            println!("- {complaint}");
        }
        let value = json!({
            "machine": machine::described(), "seconds": self.seconds, "callers": self.callers, "seed": self.seed,
            "counts": self.ledger.counts, "begun": self.begun, "ended": self.ended, "most_kib": self.most,
            "replaced": self.changes.0, "deleted": self.changes.1, "modes": self.changes.2,
            "faults": self.faults, "complaints": self.ledger.complaints(), "wrong": wrong,
        });
        let file = folder.join("soak.json");
        fs::write(&file, format!("{value:#}\n"))?;
        println!("The same as JSON: {}", file.display());
        if recorded {
            record(SOAK, &text)?;
        }
        if !wrong.is_empty() {
            bail!("the soak found: {}", wrong.join(", "));
        }
        Ok(())
    }

    /// What must not be.
    fn wrong(&self) -> Vec<&'static str> {
        let counts = &self.ledger.counts;
        let none = |counter: &AtomicU64| counter.load(Ordering::Relaxed) == 0;
        let [_, faults @ ..] = self.faults;
        let checks = [
            (none(&counts.foreign_echoes), "echoes of somebody else's credential"),
            (
                none(&counts.stale_echoes),
                "credentials that were replaced or deleted before the call",
            ),
            (
                none(&counts.shared_echoes_after_the_change),
                "the shared key after the mode had changed",
            ),
            (
                none(&counts.needless_failures),
                "calls that failed with nothing in their way",
            ),
            (none(&counts.unexpected), "answers that nobody expects"),
            (self.gateway_tokens == 0, "gateway tokens at the upstream"),
            (self.bare_requests == 0, "requests without a credential at the upstream"),
            (self.ended.is_no_more_than(self.begun), "that the process has grown"),
            (
                !none(&counts.answered) && faults.iter().all(|count| *count > 0),
                "that too little happened to say anything",
            ),
        ];
        checks.iter().filter(|(good, _)| !good).map(|(_, what)| *what).collect()
    }

    fn text(&self) -> String {
        let counts = &self.ledger.counts;
        let n = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let [connections, late, resets, holes, half_closes] = self.faults;
        let (replaced, deleted, modes) = self.changes;
        let mut text = format!(
            "{}. {} s, {} callers, seed {}.\n\n| what | how many |\n|---|---|\n",
            machine::described(),
            self.seconds,
            self.callers,
            self.seed
        );
        for (what, number) in [
            ("calls", n(&counts.calls)),
            ("of them answered with the caller's own credential", n(&counts.answered)),
            ("credentials that were looked at in answers", n(&counts.echoes)),
            ("streams left in the middle", n(&counts.left)),
            (
                "McpAuthRequiredError, where an override was deleted",
                n(&counts.auth_required),
            ),
            (
                "sessions that ended because the credential was replaced",
                n(&counts.sessions_ended),
            ),
            ("502, 503 and 504, behind faults", n(&counts.unavailable)),
            ("answers that broke off, behind faults", n(&counts.broken)),
            ("answers not waited for, behind faults", n(&counts.given_up)),
            ("overrides replaced or entered; deleted; modes changed", replaced),
            ("", deleted),
            ("", modes),
            ("connections through the fault proxies", connections),
            ("late; reset; black holes; half-closed", late),
            ("", resets),
            ("", holes),
            ("", half_closes),
            ("requests that the upstream saw", self.upstream_requests),
            ("**echoes of somebody else's credential**", n(&counts.foreign_echoes)),
            (
                "**credentials replaced or deleted before the call**",
                n(&counts.stale_echoes),
            ),
            (
                "**the shared key after its mode had ended**",
                n(&counts.shared_echoes_after_the_change),
            ),
            (
                "**calls that failed with nothing in their way**",
                n(&counts.needless_failures),
            ),
            ("**answers that nobody expects**", n(&counts.unexpected)),
            (
                "**gateway tokens at the upstream; requests without a credential**",
                self.gateway_tokens,
            ),
            ("", self.bare_requests),
        ] {
            let _ = writeln!(text, "| {what} | {number} |");
        }
        let _ = writeln!(
            text,
            "\n| size, quiet | after the first part | at the end |\n|---|---|---|\n| memory | {} MB | {} MB (most under load: {} MB) |\n\
             | descriptors | {} | {} |\n| threads | {} | {} |",
            megabytes(self.begun.resident_kib),
            megabytes(self.ended.resident_kib),
            megabytes(self.most),
            self.begun.descriptors,
            self.ended.descriptors,
            self.begun.threads,
            self.ended.threads,
        );
        text
    }
}

fn megabytes(kib: u64) -> u64 {
    (kib as f64 * 1.024 / 1_000.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_has_grown_is_told() {
        let size = |resident_kib, descriptors, threads| Size {
            resident_kib,
            descriptors,
            threads,
        };
        let before = size(60_000, 30, 12);
        assert!(size(80_000, 40, 12).is_no_more_than(before));
        for grown in [size(200_000, 30, 12), size(60_000, 300, 12), size(60_000, 30, 40)] {
            assert!(!grown.is_no_more_than(before), "{grown:?}");
        }
    }
}
