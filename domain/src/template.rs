//! `Bearer {{API_KEY}}`: what a header looks like before a subject's own value stands in it (S04, D03).

use std::fmt;

use crate::header;
use crate::secret::Secret;

const MAX_TEMPLATE_BYTES: usize = 1024;

/// A header value with at least one placeholder. `{{ NAME }}` and `{{NAME}}` are the same; a name is
/// `[A-Za-z_][A-Za-z0-9_]*`; everything else stands as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTemplate {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("Put a placeholder such as {{API_KEY}} where each person's value belongs.")]
    NoPlaceholder,
    #[error("A placeholder starts with {{ and ends with }}. One of them is not closed or not opened.")]
    Unbalanced,
    #[error("A placeholder's name has letters, digits and underscores, and does not start with a digit: {{API_KEY}}.")]
    BadName,
    #[error("The template holds a line break, a control character or a character outside ASCII.")]
    BadText,
    #[error("The template is longer than 1 KiB.")]
    TooLong,
}

impl HeaderTemplate {
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let text = text.trim();
        if text.len() > MAX_TEMPLATE_BYTES {
            return Err(TemplateError::TooLong);
        }
        if header::check_value(text).is_err() {
            return Err(TemplateError::BadText);
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or(TemplateError::Unbalanced)?;
            push_text(&mut parts, before)?;
            parts.push(Part::Placeholder(placeholder_name(name)?));
            rest = after;
        }
        push_text(&mut parts, rest)?;
        if parts.iter().any(|part| matches!(part, Part::Placeholder(_))) {
            Ok(Self { parts })
        } else {
            Err(TemplateError::NoPlaceholder)
        }
    }

    /// The placeholders' names, each once, in the order they stand.
    pub fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for part in &self.parts {
            if let Part::Placeholder(name) = part
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    /// Puts each value in its place, in one pass: a value that itself looks like a placeholder stays as it is.
    /// `None` when a value is missing.
    pub fn fill<'a>(&self, value_of: impl Fn(&str) -> Option<&'a Secret>) -> Option<Secret> {
        let mut filled = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Placeholder(name) => filled.push_str(value_of(name)?.expose()),
            }
        }
        Some(Secret::new(filled))
    }

    /// The template with one placeholder called differently: what D03 compares to know a rename.
    #[must_use]
    pub fn renamed(&self, from: &str, to: &str) -> Self {
        let rename = |part: &Part| match part {
            Part::Placeholder(name) if name == from => Part::Placeholder(to.to_owned()),
            Part::Text(_) | Part::Placeholder(_) => part.clone(),
        };
        Self {
            parts: self.parts.iter().map(rename).collect(),
        }
    }

    /// The text around the placeholders, trimmed: to warn when a value repeats it ("Bearer sk-…" inside `Bearer {{API_KEY}}`).
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            Part::Placeholder(_) => None,
        })
    }
}

impl fmt::Display for HeaderTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Placeholder(name) => write!(f, "{{{{{name}}}}}"),
        })
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) -> Result<(), TemplateError> {
    if text.contains("}}") {
        return Err(TemplateError::Unbalanced);
    }
    if !text.is_empty() {
        parts.push(Part::Text(text.to_owned()));
    }
    Ok(())
}

fn placeholder_name(text: &str) -> Result<String, TemplateError> {
    let name = text.trim_matches(' ');
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        Ok(name.to_owned())
    } else {
        Err(TemplateError::BadName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filled(template: &str, value: &str) -> String {
        let secret = Secret::new(value);
        HeaderTemplate::parse(template)
            .unwrap()
            .fill(|_| Some(&secret))
            .unwrap()
            .expose()
            .to_owned()
    }

    #[test]
    fn s04_the_value_stands_inside_the_template() {
        assert_eq!(filled("Bearer {{API_KEY}}", "sk-abc123"), "Bearer sk-abc123");
        assert_eq!(filled("Bearer {{ API_KEY }}", "sk-abc123"), "Bearer sk-abc123");
        assert_eq!(filled("{{A}}:{{A}}", "x"), "x:x");
    }

    #[test]
    fn c4_a_value_that_looks_like_a_placeholder_stays_literal() {
        assert_eq!(filled("Bearer {{API_KEY}}", "{{OTHER}}"), "Bearer {{OTHER}}");
        assert_eq!(filled("Bearer {{API_KEY}}", "$1\\0"), "Bearer $1\\0");
    }

    #[test]
    fn d03_names_what_is_wrong() {
        for (text, error) in [
            ("Bearer", TemplateError::NoPlaceholder),
            ("", TemplateError::NoPlaceholder),
            ("Bearer {{API_KEY", TemplateError::Unbalanced),
            ("Bearer API_KEY}}", TemplateError::Unbalanced),
            ("Bearer {{1KEY}}", TemplateError::BadName),
            ("Bearer {{A B}}", TemplateError::BadName),
            ("Bearer {{}}", TemplateError::BadName),
            ("Bearer {{{{A}}}}", TemplateError::BadName),
            ("Be\r\narer {{A}}", TemplateError::BadText),
        ] {
            assert_eq!(HeaderTemplate::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_missing_value_fills_nothing() {
        assert_eq!(HeaderTemplate::parse("{{A}}").unwrap().fill(|_| None), None);
    }

    proptest! {
        #[test]
        fn d03_what_parses_prints_and_parses_to_the_same(text in "[ -~]{0,20}(\\{\\{ ?[A-Za-z_][A-Za-z0-9_]{0,8} ?\\}\\}[ -z]{0,9}){1,3}") {
            if let Ok(template) = HeaderTemplate::parse(&text) {
                prop_assert_eq!(HeaderTemplate::parse(&template.to_string()), Ok(template));
            }
        }

        #[test]
        fn s04_the_filled_value_is_prefix_value_suffix(before in "[a-zA-Z ]{0,9}", value in "[!-~]{1,40}", after in "[a-zA-Z]{0,9}") {
            let text = format!("{before}{{{{KEY}}}}{after}");
            let expected = format!("{}{value}{after}", before.trim_start());
            prop_assert_eq!(filled(&text, &value), expected);
        }

        #[test]
        fn parsing_never_panics(text in any::<String>()) {
            let _ = HeaderTemplate::parse(&text);
        }
    }
}
