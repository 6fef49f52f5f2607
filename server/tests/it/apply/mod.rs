//! `overkey apply` (B08): on both databases in this process, and as the command that people type.

mod command;
mod rules;
mod size;

use std::collections::BTreeMap;

use domain::actor::{Actor, SubjectKind, SubjectRef};
use domain::role::PlatformRole;
use domain::via::By;
use server::apply::{Look, read, told};
use server::services::apply::{ApplyError, Options, Report, apply};
use server::startup::Overkey;

use crate::support::World;

/// Variables, and nothing else.
pub struct Variables(pub BTreeMap<&'static str, &'static str>);

impl Look for Variables {
    fn variable(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| (*value).to_owned())
    }

    fn file(&self, path: &str) -> Result<String, String> {
        Err(format!("There is no file {path}."))
    }
}

/// Whoever types the command.
pub fn operator(digest: &str) -> Actor {
    let subject = SubjectRef {
        kind: SubjectKind::User,
        id: "command-line".to_owned(),
    };
    Actor::new(subject, "Command line", PlatformRole::Admin).by(By::Apply(digest.to_owned()))
}

/// Reads and applies, as the command does; what is wrong comes back as the command tells it.
pub async fn run(overkey: &Overkey, text: &str, look: &Variables, options: &Options) -> Result<Report, String> {
    let read = read(text, look);
    assert_eq!(read.problems, [], "{text}");
    let actor = operator(&read.digest);
    let done = apply(&overkey.core, &overkey.services, &actor, &read.world, options).await;
    done.map_err(|error| match error {
        ApplyError::Problems(problems) => told("world.yaml", &problems, &read.lines),
        ApplyError::Service(error) => format!("{error:?}"),
    })
}

impl World {
    pub async fn apply(&self, text: &str) -> Result<Report, String> {
        self.apply_with(text, Options::default()).await
    }

    pub async fn apply_with(&self, text: &str, options: Options) -> Result<Report, String> {
        let look = Variables(BTreeMap::from([
            ("KEY", "sk-canary-shared-0001"),
            ("OTHER", "sk-canary-shared-9999"),
            ("SHORT", "short1"),
            ("SHORTER", "short2"),
            ("PASSWORD", "a canary of some length"),
        ]));
        run(&self.app.overkey, text, &look, &options).await
    }
}
