//! What /proc tells of a process and of the machine.

use std::fs;

/// Ticks of /proc/<pid>/stat in a second, the same on every Linux that we run on.
const TICKS: u64 = 100;
const MICROS: u64 = 1_000_000;

/// A process and its children (nginx' workers), read together.
#[derive(Debug, Clone)]
pub struct Processes(Vec<u32>);

impl Processes {
    pub fn of(parent: u32) -> Self {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let children = ids.filter(|id| stat(*id).is_some_and(|stat| stat.parent == parent));
        Self(std::iter::once(parent).chain(children).collect())
    }

    /// Processor time so far, in microseconds, user and system.
    pub fn cpu_micros(&self) -> u64 {
        let ticks = self.0.iter().filter_map(|id| stat(*id)).map(|stat| stat.ticks);
        ticks.sum::<u64>() * MICROS / TICKS
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> u64 {
        self.0.iter().filter_map(|id| status(*id, "VmRSS:")).sum()
    }

    pub fn threads(&self) -> u64 {
        self.0.iter().filter_map(|id| status(*id, "Threads:")).sum()
    }

    /// Open file descriptors.
    pub fn descriptors(&self) -> usize {
        let folders = self
            .0
            .iter()
            .filter_map(|id| fs::read_dir(format!("/proc/{id}/fd")).ok());
        folders.map(Iterator::count).sum()
    }
}

struct Stat {
    parent: u32,
    ticks: u64,
}

fn stat(id: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
}

/// The name in brackets may hold anything, so that counting begins after it: state, parent, ..., utime and stime as 12th and 13th.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(11)? + number(12)?,
    })
}

/// A number of /proc/<pid>/status.
fn status(id: u32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// One line about the machine: processor, cores, memory, kernel.
pub fn described() -> String {
    let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
    let (cpus, memory, kernel) = (
        read("/proc/cpuinfo"),
        read("/proc/meminfo"),
        read("/proc/sys/kernel/osrelease"),
    );
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = value(&cpus, "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kib = value(&memory, "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let gib = kib.unwrap_or_default() / (1024 * 1024);
    format!("{model}, {cores} cores, {gib} GiB, Linux {}", kernel.trim())
}

/// What else was going on, the last minute's load average.
pub fn load_average() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_brackets_and_spaces_do_not_shift_the_fields() {
        let text = "42 (a b) c) S 7 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 1 2 3";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.parent, stat.ticks), (7, 300));
        assert!(parse_stat("42 (a").is_none());
    }

    #[test]
    fn we_use_time_memory_threads_and_descriptors() {
        let us = Processes::of(std::process::id());
        let begun = std::time::Instant::now();
        while us.cpu_micros() == 0 && begun.elapsed().as_secs() < 5 {}
        assert!(us.cpu_micros() > 0 && us.resident_kib() > 500);
        let before = us.descriptors();
        let file = tempfile::tempfile().unwrap();
        assert!(us.descriptors() > before && us.threads() > 0, "{file:?}");
    }
}
