//! Takes the tree of a file apart, and collects everything that is wrong with it, each at its place.

use std::collections::BTreeMap;

use domain::secret::Secret;

use super::references::{Look, secret};
use super::yaml::{Key, Node, Value};
use crate::services::apply::{Problem, Section};

/// Similar enough to be meant.
const NEAR: f64 = 0.7;

/// Which part of the file is being read.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub section: Option<Section>,
    pub name: String,
    pub field: String,
}

impl Place {
    pub fn of(section: Section, name: &str) -> Self {
        Self {
            section: Some(section),
            name: name.to_owned(),
            field: String::new(),
        }
    }

    pub fn at(&self, field: &str) -> Self {
        let path = if self.field.is_empty() {
            field.to_owned()
        } else {
            format!("{}.{field}", self.field)
        };
        Self {
            field: path,
            ..self.clone()
        }
    }
}

/// Where everything stands.
#[derive(Debug, Default)]
pub struct Lines(BTreeMap<(Option<Section>, String, String), usize>);

impl Lines {
    /// The line of a problem, or of the nearest thing around it.
    pub fn of(&self, problem: &Problem) -> Option<usize> {
        let mut field = problem.field.as_str();
        loop {
            let key = (problem.section, problem.name.clone(), field.to_owned());
            if let Some(line) = self.0.get(&key) {
                return Some(*line);
            }
            match field.rsplit_once('.') {
                Some((around, _)) => field = around,
                None if field.is_empty() => return None,
                None => field = "",
            }
        }
    }
}

pub(super) struct Reader<'a> {
    pub look: &'a dyn Look,
    pub lines: Lines,
    pub problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub fn new(look: &'a dyn Look) -> Self {
        Self {
            look,
            lines: Lines::default(),
            problems: Vec::new(),
        }
    }

    pub fn mark(&mut self, place: &Place, line: usize) {
        let key = (place.section, place.name.clone(), place.field.clone());
        self.lines.0.entry(key).or_insert(line);
    }

    pub fn problem(&mut self, place: &Place, message: impl Into<String>) {
        self.problems.push(Problem {
            section: place.section,
            name: place.name.clone(),
            field: place.field.clone(),
            message: message.into(),
        });
    }

    /// A map's entries; nothing counts as an empty one.
    pub fn entries<'n>(&mut self, place: &Place, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Nothing => &[],
            Value::Text { .. } | Value::List(_) => {
                self.problem(place, format!("Write {what} here, as keys and values."));
                &[]
            }
        }
    }

    /// A map whose keys are known: the others are problems that name the nearest one.
    pub fn fields<'n>(&mut self, place: &Place, node: &'n Node, known: &[&str]) -> Fields<'n> {
        let mut fields = Fields(BTreeMap::new());
        for (key, node) in self.entries(place, node, "settings") {
            let here = place.at(&key.name);
            self.mark(&here, key.line);
            if known.contains(&key.name.as_str()) {
                fields.0.insert(&key.name, node);
            } else {
                self.problem(&here, unknown(&key.name, known));
            }
        }
        fields
    }

    pub fn text(&mut self, place: &Place, node: Option<&Node>) -> Option<String> {
        match &node?.value {
            Value::Text { text, .. } => return Some(text.clone()),
            Value::Nothing => self.problem(place, "Write a text here, or leave the key out."),
            Value::List(_) | Value::Map(_) => self.problem(place, "Write a text here."),
        }
        None
    }

    pub fn yes_or_no(&mut self, place: &Place, node: Option<&Node>) -> Option<bool> {
        match &node?.value {
            Value::Text { text, plain: true } if text == "true" => return Some(true),
            Value::Text { text, plain: true } if text == "false" => return Some(false),
            _ => self.problem(place, "Write true or false here."),
        }
        None
    }

    /// One of a few words.
    pub fn word<T>(&mut self, place: &Place, node: Option<&Node>, known: &[(&str, T)]) -> Option<T>
    where
        T: Copy,
    {
        let text = self.text(place, Some(node?))?;
        let found = known.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
            self.problem(place, format!("Choose one of: {}.", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    pub fn list<'n>(&mut self, place: &Place, node: Option<&'n Node>) -> Option<&'n [Node]> {
        match &node?.value {
            Value::List(items) => Some(items),
            Value::Nothing => Some(&[]),
            Value::Text { .. } | Value::Map(_) => {
                self.problem(place, "Write a list here.");
                None
            }
        }
    }

    /// What a reference leads to; the value itself is a problem.
    pub fn secret(&mut self, place: &Place, node: Option<&Node>) -> Option<Secret> {
        let text = self.text(place, Some(node?))?;
        match secret(self.look, &text) {
            Ok(value) => Some(value),
            Err(message) => {
                self.problem(place, message);
                None
            }
        }
    }
}

pub(super) struct Fields<'n>(BTreeMap<&'n str, &'n Node>);

impl<'n> Fields<'n> {
    pub fn get(&self, name: &str) -> Option<&'n Node> {
        self.0.get(name).copied()
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|known| (strsim::jaro_winkler(key, known), *known));
    let nearest = scored
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(score, _)| *score > NEAR);
    match nearest {
        Some((_, near)) => format!("There is no such key; did you mean `{near}`?"),
        None => format!("There is no such key. There are: {}.", known.join(", ")),
    }
}
