//! YAML as a tree in which everything knows its line: `overkey apply` says where something is wrong, all of it at once.
//!
//! Anchors, tags and several documents are left out: a file about who may do what should read as it stands.

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

/// Deeper than any file that means something.
const DEEPEST: usize = 16;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub line: usize,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Nothing,
    /// `plain`: without quotes, so that `true` may be a word of YAML.
    Text {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub line: usize,
    pub name: String,
}

/// What is no YAML, or none that is read here; never what was written there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotYaml {
    pub line: usize,
    pub message: String,
}

impl NotYaml {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            line: span.start.line(),
            message: message.into(),
        }
    }
}

impl From<ScanError> for NotYaml {
    fn from(error: ScanError) -> Self {
        // The parser's own words may quote the place.
        Self {
            line: error.marker().line(),
            message: "This is not YAML. Look at the indentation and the quotes here and just above.".to_owned(),
        }
    }
}

/// The one document of a file.
pub fn parse(text: &str) -> Result<Node, NotYaml> {
    let mut events = Events(Parser::new_from_str(text));
    let mut document = None;
    loop {
        match events.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
            (Event::StreamEnd, _) => break,
            (_, span) if document.is_some() => {
                return Err(NotYaml::new(span, "A second document begins here. Write one document."));
            }
            (event, span) => document = Some(events.node(event, span, 0)?),
        }
    }
    Ok(document.unwrap_or(Node {
        line: 1,
        value: Value::Nothing,
    }))
}

struct Events<'a>(Parser<'a, saphyr_parser::StrInput<'a>>);

impl<'a> Events<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), NotYaml> {
        match self.0.next() {
            Some(event) => Ok(event?),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, NotYaml> {
        if depth > DEEPEST {
            return Err(NotYaml::new(span, "This is nested too deeply."));
        }
        let value = match event {
            Event::Scalar(text, style, 0, None) => scalar(&text, style == ScalarStyle::Plain),
            Event::SequenceStart(0, None) => self.list(depth)?,
            Event::MappingStart(0, None) => self.map(depth)?,
            _ => {
                return Err(NotYaml::new(
                    span,
                    "Anchors, aliases and tags are not read here. Write it out.",
                ));
            }
        };
        Ok(Node {
            line: span.start.line(),
            value,
        })
    }

    fn list(&mut self, depth: usize) -> Result<Value, NotYaml> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::List(items)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, NotYaml> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Map(entries)),
                (Event::Scalar(name, _, 0, None), span) => Key {
                    line: span.start.line(),
                    name: name.into_owned(),
                },
                (_, span) => return Err(NotYaml::new(span, "A key is a plain word.")),
            };
            if let Some((first, _)) = entries.iter().find(|(known, _)| known.name == key.name) {
                return Err(NotYaml {
                    line: key.line,
                    message: format!("This key is there twice; the first is in line {}.", first.line),
                });
            }
            let (event, span) = self.next()?;
            let node = self.node(event, span, depth + 1)?;
            entries.push((key, node));
        }
    }
}

fn scalar(text: &str, plain: bool) -> Value {
    if plain && matches!(text, "" | "~" | "null") {
        return Value::Nothing;
    }
    Value::Text {
        text: text.to_owned(),
        plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_knows_its_line() {
        let Value::Map(entries) = parse("# first\nusers:\n  ada@a.test:\n    name: 'Ada'\n")
            .unwrap()
            .value
        else {
            panic!("a map");
        };
        let (users, ada) = &entries[0];
        assert_eq!((users.line, users.name.as_str()), (2, "users"));
        let Value::Map(people) = &ada.value else {
            panic!("a map")
        };
        assert_eq!((people[0].0.line, people[0].0.name.as_str()), (3, "ada@a.test"));
        let Value::Map(fields) = &people[0].1.value else {
            panic!("a map")
        };
        assert_eq!(fields[0].1.line, 4);
        assert!(matches!(&fields[0].1.value, Value::Text { text, plain: false } if text == "Ada"));
    }

    #[test]
    fn what_is_not_read_is_told_by_its_line_and_never_quoted() {
        for (text, line) in [
            ("a: 1\na: 2\n", 2),
            ("a: [canary\n", 2),
            ("a: &canary b\n", 1),
            ("a: *canary\n", 1),
            ("a: !canary b\n", 1),
            ("? [canary]\n: b\n", 1),
            ("a: b\n---\ncanary: d\n", 3),
            ("a:\n  'canary\n", 2),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.line.abs_diff(line) <= 1, "{text:?}: {error:?}");
            assert!(!error.message.contains("canary"), "{error:?}");
        }
        let deep = format!("a: {}{}", "[".repeat(30), "]".repeat(30));
        assert!(parse(&deep).unwrap_err().message.contains("too deeply"));
    }

    #[test]
    fn an_empty_file_is_nothing() {
        assert_eq!(parse("").unwrap().value, Value::Nothing);
        assert_eq!(parse("# only words\n").unwrap().value, Value::Nothing);
    }
}
