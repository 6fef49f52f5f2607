//! The table for people, and the same as JSON.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;
use serde_json::json;

use super::figures::{Figures, Line};
use super::targets::Target;
use crate::{machine, marks, nginx};

const LAST: &str = "bench/last.json";

pub fn write(figures: &Figures, folder: &Path, record: bool) -> Result<()> {
    let (table, json) = (table(figures), json(figures));
    println!("{table}");
    let file = folder.join("last.json");
    fs::write(&file, &json)?;
    println!("The same as JSON: {}", file.display());
    if record {
        marks::record(marks::COMPARISON, &table)?;
        fs::write(LAST, json)?;
    }
    Ok(())
}

fn about(figures: &Figures) -> String {
    let commit = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let commit = commit
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default();
    format!(
        "{}. {}. Overkey {commit}, log level {}. {} callers and {} overrides where there are many; blocks of {} s, {} repeats, {:.0} s \
         in all; load average at the end {:.1}.",
        machine::described(),
        nginx::version(),
        figures.log,
        figures.callers,
        figures.overrides,
        figures.block_seconds,
        figures.repeats,
        figures.seconds,
        machine::load_average(),
    )
}

fn table(figures: &Figures) -> String {
    let mut text = format!(
        "{}\n\n| goal | wanted | measured | |\n|---|---|---|---|\n",
        about(figures)
    );
    for goal in figures.goals() {
        let met = if goal.met { "met" } else { "**not met**" };
        let _ = writeln!(text, "| {} | {} | {} | {met} |", goal.what, goal.wanted, goal.measured);
    }
    let mut headline = String::new();
    for line in figures.lines() {
        let wanted = format!(
            "{}, {} connection{}",
            line.kind.name(),
            line.connections,
            if line.connections == 1 { "" } else { "s" }
        );
        if wanted != headline {
            let _ = write!(
                text,
                "\n{wanted}\n\n| target | calls/s | / nginx | p50 us | added | / nginx | p99 us | added | CPU us/call | / nginx | MB |\n\
                 |---|---|---|---|---|---|---|---|---|---|---|\n"
            );
            headline = wanted;
        }
        row(&mut text, &line);
    }
    let _ = write!(
        text,
        "\n| memory and start | |\n|---|---|\n| Overkey idle, one caller; many | {} MB; {} MB |\n\
         | per idle stream, Overkey; nginx | {:.1} kB; {:.1} kB |\n| start to first answered call | {:.0} ms |\n",
        megabytes(figures.idle_kib),
        megabytes(figures.idle_many_kib),
        figures.stream_kib * 1.024,
        figures.nginx_stream_kib * 1.024,
        figures.start_ms,
    );
    text
}

fn row(text: &mut String, line: &Line) {
    let (ratios, direct) = (&line.to_nginx, line.target == Target::Direct);
    let of_proxy = |value: String| if direct { "-".to_owned() } else { value };
    let _ = writeln!(
        text,
        "| {} | {:.0} | {:.2} | {:.0} | {} | {} | {:.0} | {} | {} | {} | {} |",
        line.target.name(),
        line.per_second,
        ratios.per_second,
        line.p50,
        of_proxy(format!("{:.0}", line.added_p50)),
        of_proxy(format!("{:.2}", ratios.added_p50)),
        line.p99,
        of_proxy(format!("{:.0}", line.added_p99)),
        of_proxy(format!("{:.1}", line.cpu)),
        of_proxy(format!("{:.2}", ratios.cpu)),
        of_proxy(megabytes(line.resident_kib)),
    );
}

fn megabytes(kib: u64) -> String {
    format!("{:.0}", kib as f64 * 1.024 / 1_000.0)
}

fn json(figures: &Figures) -> String {
    let value = json!({
        "about": about(figures),
        "callers": figures.callers,
        "overrides": figures.overrides,
        "block_seconds": figures.block_seconds,
        "repeats": figures.repeats,
        "goals": figures.goals(),
        "lines": figures.lines(),
        "start_ms": figures.start_ms,
        "idle_kib": figures.idle_kib,
        "idle_many_kib": figures.idle_many_kib,
        "stream_kib": figures.stream_kib,
        "nginx_stream_kib": figures.nginx_stream_kib,
    });
    format!("{value:#}\n")
}
