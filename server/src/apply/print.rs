//! The words of `overkey apply`: what was or would be done, and what is wrong where.

use std::fmt::Write;

use domain::change::Effect;

use super::reader::Lines;
use crate::services::apply::{Entry, FieldChange, Overrides, Problem, Report, Verb};

/// More of them are only counted.
const NAMED: usize = 20;

/// The report, for people.
pub fn print(report: &Report) -> String {
    let mut text = String::new();
    for entry in &report.entries {
        show_entry(&mut text, entry);
    }
    let count = |verb| report.entries.iter().filter(|entry| entry.verb == verb).count();
    let same: usize = report.unchanged.values().sum();
    if report.is_empty() {
        let _ = writeln!(text, "Nothing to change: all {same} are as the file says.");
        return text;
    }
    let counted = [
        (count(Verb::Add), "to add", "added"),
        (count(Verb::Change), "to change", "changed"),
        (count(Verb::Remove), "to remove", "removed"),
    ];
    let counted =
        counted.map(|(count, planned, done)| format!("{count} {}", if report.applied { done } else { planned }));
    let _ = writeln!(text, "{}, {same} unchanged.", counted.join(", "));
    text
}

fn show_entry(text: &mut String, entry: &Entry) {
    let sign = match entry.verb {
        Verb::Add => '+',
        Verb::Change => '~',
        Verb::Remove => '-',
    };
    let _ = writeln!(text, "{sign} {} {}", entry.section.one(), entry.name);
    for field in &entry.fields {
        show_field(text, field);
    }
    if let Some(overrides) = entry
        .overrides
        .as_ref()
        .filter(|overrides| !overrides.affected.is_empty())
    {
        show_overrides(text, overrides);
    }
}

/// Line breaks and what a terminal obeys are written as escapes.
fn show_field(text: &mut String, change: &FieldChange) {
    let FieldChange { field, before, after } = change;
    let plain = |value: &String| {
        value
            .escape_debug()
            .to_string()
            .replace("\\'", "'")
            .replace("\\\"", "\"")
    };
    let _ = match (before.as_ref().map(plain), after.as_ref().map(plain)) {
        (Some(before), Some(after)) => writeln!(text, "    ~ {field}: {before} -> {after}"),
        (None, Some(after)) => writeln!(text, "    + {field}: {after}"),
        (Some(before), None) => writeln!(text, "    - {field}: {before}"),
        (None, None) => writeln!(text, "    ~ {field}"),
    };
}

/// D07: what a change does to credentials that people have entered.
fn show_overrides(text: &mut String, overrides: &Overrides) {
    let effects = [
        (Effect::Deleted, overrides.effect.deleted, "deleted"),
        (
            Effect::Invalidated,
            overrides.effect.invalidated,
            "invalidated, to be consented to again",
        ),
        (
            Effect::Suspended,
            overrides.effect.suspended,
            "suspended until confirmed",
        ),
        (
            Effect::NeedsUpdate,
            overrides.effect.needs_update,
            "in need of an update",
        ),
        (Effect::Kept, overrides.effect.kept, "kept"),
    ];
    for (effect, count, words) in effects.into_iter().filter(|(_, count, _)| *count > 0) {
        let of = overrides.affected.iter().filter(|one| one.effect == effect);
        let mut names: Vec<String> = of
            .take(NAMED)
            .map(|one| one.detail.clone().unwrap_or_else(|| one.name.clone()))
            .collect();
        let more = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(names.len());
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let _ = writeln!(text, "    ! overrides {words}: {count} ({})", names.join(", "));
    }
}

/// What is wrong, in the order of the file's lines.
pub fn told(file: &str, problems: &[Problem], lines: &Lines) -> String {
    let mut told: Vec<(Option<usize>, String)> = problems
        .iter()
        .map(|problem| {
            let line = lines.of(problem);
            let at = line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"));
            let section = problem.section.map(|section| section.key().to_owned());
            let parts = section.into_iter().chain([problem.name.clone(), problem.field.clone()]);
            let path: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
            let named = if path.is_empty() {
                String::new()
            } else {
                format!("{}: ", path.join("."))
            };
            (line, format!("{at}: {named}{}", problem.message))
        })
        .collect();
    told.sort();
    told.dedup();
    let told: Vec<String> = told.into_iter().map(|(_, text)| text).collect();
    told.join("\n")
}
