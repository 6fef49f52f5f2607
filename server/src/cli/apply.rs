//! `overkey apply`: reads the file, has it applied, and says what came of it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use domain::via::By;

use super::{operator, say, told};
use crate::apply::{self, Read};
use crate::services::apply::{ApplyError, Options, Problem, Report};
use crate::startup::Overkey;

/// With `--exit-code`: something is not, or was not, as the file says.
const DIFFERENT: u8 = 2;

#[derive(Args)]
pub(super) struct Command {
    /// The file that says what should be there; - reads standard input.
    #[arg(short, long, value_name = "FILE", required_unless_present = "schema")]
    pub file: Option<PathBuf>,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Also remove servers, teams, virtual accounts, members and access that the file's sections do not name. People are never
    /// removed.
    #[arg(long)]
    pub prune: bool,
    /// Take away what the dry run of this id showed. Without it, nothing is done that removes something or makes overrides unusable.
    #[arg(long, value_name = "ID")]
    pub confirm: Option<String>,
    /// End with 2 when something is, or was, not as the file says; with 0 when there is nothing to change.
    #[arg(long)]
    pub exit_code: bool,
    /// Print the file's JSON Schema, for editors, and end.
    #[arg(long, conflicts_with_all = ["file", "dry_run", "prune", "confirm", "exit_code"])]
    pub schema: bool,
}

pub(super) async fn run(overkey: &Overkey, command: Command) -> anyhow::Result<ExitCode> {
    let path = command.file.unwrap_or_default();
    let (text, look) = apply::load(&path)?;
    let read = apply::read(&text, &look);
    let options = Options {
        // All that is wrong is told at once: the rest is looked at, too.
        dry_run: command.dry_run || !read.problems.is_empty(),
        prune: command.prune,
        confirmed: command.confirm,
    };
    let report = applied(overkey, &path, read, &options).await?;
    say(apply::print(&report).trim_end());
    if report.loses() && !report.applied {
        let id = report.id();
        if !command.dry_run {
            bail!(
                "nothing was changed: this takes something away, see the lines with - and !. If that is meant, add --confirm {id}"
            );
        }
        say(&format!(
            "This takes something away, see the lines with - and !. To do it, add --confirm {id}"
        ));
    }
    Ok(match command.exit_code && !report.is_empty() {
        true => ExitCode::from(DIFFERENT),
        false => ExitCode::SUCCESS,
    })
}

/// What was done, or one error that lists everything that is wrong.
async fn applied(overkey: &Overkey, path: &Path, read: Read, options: &Options) -> anyhow::Result<Report> {
    let Read {
        world,
        mut problems,
        lines,
        digest,
    } = read;
    let actor = operator().by(By::Apply(digest));
    let outcome = crate::services::apply::apply(&overkey.core, &overkey.services, &actor, &world, options).await;
    match outcome {
        Ok(report) if problems.is_empty() => return Ok(report),
        Ok(_) => {}
        Err(ApplyError::Problems(found)) => {
            // Where something could not be read, what follows from that is not told as well.
            let same = |one: &Problem, other: &Problem| (one.section, &one.name) == (other.section, &other.name);
            let new: Vec<Problem> = found
                .into_iter()
                .filter(|one| !problems.iter().any(|known| same(known, one)))
                .collect();
            problems.extend(new);
        }
        Err(ApplyError::Service(error)) => return Err(told(error)),
    }
    let file = path.display().to_string();
    bail!("nothing was changed:\n{}", apply::told(&file, &problems, &lines))
}
