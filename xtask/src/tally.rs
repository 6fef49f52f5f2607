//! Runs a test program in full view, and counts what passed and what failed.

use std::io::{BufRead as _, BufReader, IsTerminal as _, Read, Write};
use std::ops::AddAssign;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result};

/// What test programs report in their summaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs to the end. A program that fails without naming a failed test counts as one failure.
pub fn run(command: &mut Command) -> Result<Tally> {
    if std::io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("could not start {}", command.get_program().display()))?;
    let out = child.stdout.take().context("no output")?;
    let err = child.stderr.take().context("no output")?;
    let errors = thread::spawn(move || show(err, std::io::stderr()));
    let mut tally = show(out, std::io::stdout());
    tally += errors.join().unwrap_or_default();
    if !child.wait()?.success() && tally.failed == 0 {
        tally.failed = 1;
    }
    Ok(tally)
}

fn show(pipe: impl Read, mut screen: impl Write) -> Tally {
    let mut tally = Tally::default();
    for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        // A reader that has gone away is no reason to stop testing.
        let _ = writeln!(screen, "{line}");
        tally += count(&without_colour(&line));
    }
    tally
}

/// Reads the summary lines of `cargo test`, cargo-nextest and Playwright; any other line counts nothing.
fn count(line: &str) -> Tally {
    let line = line.trim();
    let words: Vec<&str> = line.split_whitespace().collect();
    let playwright =
        matches!(words.as_slice(), [number, "passed" | "failed" | "flaky", ..] if number.parse::<u32>().is_ok());
    let mut tally = Tally::default();
    if !(playwright || line.starts_with("test result:") || line.starts_with("Summary [")) {
        return tally;
    }
    for pair in words.windows(2) {
        let Ok(number) = pair[0].parse::<u32>() else { continue };
        match pair[1].trim_end_matches([',', ';', ':']) {
            "passed" => tally.passed += number,
            "failed" | "flaky" | "timed" => tally.failed += number,
            _ => {}
        }
    }
    tally
}

fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        let sequence = &rest[start + 2..];
        let end = sequence
            .find(|c: char| c.is_ascii_alphabetic())
            .map_or(sequence.len(), |end| end + 1);
        rest = &sequence[end..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u32, failed: u32) -> Tally {
        Tally { passed, failed }
    }

    #[test]
    fn reads_the_three_summaries() {
        assert_eq!(
            count("test result: FAILED. 5 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out"),
            tally(5, 2)
        );
        assert_eq!(
            count("     Summary [   0.123s] 10 tests run: 8 passed (1 slow), 2 failed, 4 skipped"),
            tally(8, 2)
        );
        assert_eq!(
            count("     Summary [   9.0s] 3 tests run: 2 passed, 1 timed out, 0 skipped"),
            tally(2, 1)
        );
        assert_eq!(count("  48 passed (1.2m)"), tally(48, 0));
        assert_eq!(count("  2 failed"), tally(0, 2));
    }

    #[test]
    fn ignores_every_other_line() {
        for line in [
            "running 3 tests",
            "test a ... ok",
            "3 tests passed through",
            "  ✓  1 a test named 4 passed",
        ] {
            assert_eq!(count(line), tally(0, 0), "{line}");
        }
    }

    #[test]
    fn sees_through_colour() {
        assert_eq!(
            without_colour("\u{1b}[32m  48 passed\u{1b}[39m (2s)"),
            "  48 passed (2s)"
        );
    }

    #[test]
    fn shows_every_line_and_adds_up() {
        let mut screen = Vec::new();
        let said = "test result: ok. 2 passed; 0 failed;\nnoise\n  1 failed\n";
        assert_eq!(show(said.as_bytes(), &mut screen), tally(2, 1));
        assert_eq!(String::from_utf8(screen).unwrap(), said);
    }

    #[test]
    fn a_program_that_dies_early_is_a_failure() {
        assert_eq!(run(Command::new("sh").args(["-c", "exit 0"])).unwrap(), tally(0, 0));
        assert_eq!(run(Command::new("sh").args(["-c", "exit 3"])).unwrap(), tally(0, 1));
    }
}
