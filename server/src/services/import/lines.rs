//! The files that overrides are imported from: CSV with a line of names, or JSON, an array of objects or one object a line.
//!
//! What is wrong is told by line and field, and never quoted: it may be a credential in the wrong place.

use std::collections::BTreeMap;

use domain::actor::{SubjectKind, SubjectRef};
use domain::field::FieldError;
use domain::secret::Secret;
use domain::timestamp::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::services::entered::Entered;

const NAMED: &str = "credentials.";
const COLUMNS: &str = "The first line names the columns: subject_id and credential (or credentials.NAME for each value), and if you \
                       like subject_type and expires_at.";
const NO_TIME: &str = "Write a time as in 2027-01-31T00:00:00Z.";
const NO_CREDENTIAL: &str = "Enter the credential.";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl Format {
    /// Where nobody says which: JSON begins with a bracket.
    pub fn of(text: &str) -> Self {
        if text.trim_start().starts_with(['[', '{']) {
            Self::Json
        } else {
            Self::Csv
        }
    }
}

/// One line of a file: an override, or what is wrong with it.
#[derive(Debug)]
pub struct Line {
    pub number: u64,
    pub new: Result<NewOverride, Vec<FieldError>>,
}

#[derive(Debug)]
pub struct NewOverride {
    pub subject: SubjectRef,
    pub entered: Entered,
    /// `None` keeps what is stored.
    pub expires_at: Option<Timestamp>,
}

/// The lines of a file; an error when it is none.
pub fn parse(text: &str, format: Format) -> Result<Vec<Line>, FieldError> {
    // Spreadsheets put a mark before the first letter.
    let text = text.trim_start_matches('\u{feff}');
    let lines = match format {
        Format::Csv => csv(text)?,
        Format::Json => json(text)?,
    };
    if lines.is_empty() {
        return Err(FieldError::new("file", "There is no override in it."));
    }
    Ok(lines)
}

/// What a line says, before it is known to make sense.
#[derive(Default)]
struct Said {
    subject_type: Option<String>,
    subject_id: String,
    credential: Option<Secret>,
    credentials: BTreeMap<String, Secret>,
    expires_at: Option<String>,
}

impl Said {
    fn understood(self) -> Result<NewOverride, Vec<FieldError>> {
        let mut errors = Vec::new();
        let kind = match self.subject_type.as_deref().unwrap_or_default().trim() {
            "" => Some(SubjectKind::User),
            text => SubjectKind::parse(text),
        };
        if kind.is_none() {
            let known = SubjectKind::ALL.map(SubjectKind::as_str).join(", ");
            errors.push(FieldError::new("subject_type", format!("Choose one of: {known}.")));
        }
        let id = self.subject_id.trim().to_owned();
        if id.is_empty() {
            errors.push(FieldError::new(
                "subject_id",
                "Enter an e-mail address, a virtual account's name or an id.",
            ));
        }
        let expires_at = match self
            .expires_at
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
        {
            None => None,
            Some(text) => match OffsetDateTime::parse(text, &Rfc3339) {
                Ok(time) => Some(Timestamp(time.unix_timestamp())),
                Err(_) => {
                    errors.push(FieldError::new("expires_at", NO_TIME));
                    None
                }
            },
        };
        let entered = entered(self.credential, self.credentials)
            .map_err(|error| errors.push(error))
            .ok();
        match (kind, entered) {
            (Some(kind), Some(entered)) if errors.is_empty() => Ok(NewOverride {
                subject: SubjectRef { kind, id },
                entered,
                expires_at,
            }),
            _ => Err(errors),
        }
    }
}

fn entered(one: Option<Secret>, many: BTreeMap<String, Secret>) -> Result<Entered, FieldError> {
    let blank = |secret: &Secret| secret.expose().trim().is_empty();
    match (one, many.is_empty()) {
        (Some(_), false) => Err(FieldError::new(
            "credential",
            "Give credential or credentials, not both.",
        )),
        (Some(one), true) if !blank(&one) => Ok(Entered::One(one)),
        (None, false) => match many.iter().find(|(_, secret)| blank(secret)) {
            Some((name, _)) => Err(FieldError::new(format!("{NAMED}{name}"), NO_CREDENTIAL)),
            None => Ok(Entered::Many(many)),
        },
        (Some(_) | None, true) => Err(FieldError::new("credential", NO_CREDENTIAL)),
    }
}

enum Column {
    Type,
    Id,
    Credential,
    Named(String),
    Expiry,
}

fn column(name: &str) -> Option<Column> {
    Some(match name.trim() {
        "subject_type" => Column::Type,
        "subject_id" => Column::Id,
        "credential" => Column::Credential,
        "expires_at" => Column::Expiry,
        name => Column::Named(name.strip_prefix(NAMED).filter(|name| !name.is_empty())?.to_owned()),
    })
}

fn csv(text: &str) -> Result<Vec<Line>, FieldError> {
    // With line breaks of two characters, the reader would count lines otherwise.
    let text = &text.replace("\r\n", "\n");
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let unreadable = |line: Option<u64>| {
        let place = line.map(|line| format!(" in line {line}")).unwrap_or_default();
        FieldError::new("file", format!("This is not CSV{place}: look at the quotes."))
    };
    let heads = reader.headers().map_err(|_| unreadable(Some(1)))?.clone();
    let columns = columns(&heads)?;
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(error.position().map(::csv::Position::line)))?;
        let number = record.position().map_or(0, ::csv::Position::line);
        let new = if record.len() == columns.len() {
            let mut said = Said::default();
            columns
                .iter()
                .zip(&record)
                .for_each(|(column, value)| said.take(column, value));
            said.understood()
        } else {
            let text = format!("There are {} values here, and {} columns.", record.len(), columns.len());
            Err(vec![FieldError::new("line", text)])
        };
        lines.push(Line { number, new });
    }
    Ok(lines)
}

/// The names may be a first line of values: they are never repeated.
fn columns(heads: &::csv::StringRecord) -> Result<Vec<Column>, FieldError> {
    let mut columns = Vec::new();
    for (at, name) in heads.iter().enumerate() {
        let Some(column) = column(name) else {
            let text = format!("Column {} is none that is known. {COLUMNS}", at + 1);
            return Err(FieldError::new("file", text));
        };
        if heads.iter().take(at).any(|before| before.trim() == name.trim()) {
            return Err(FieldError::new("file", format!("Column {} is there twice.", at + 1)));
        }
        columns.push(column);
    }
    if columns.iter().any(|column| matches!(column, Column::Id)) {
        Ok(columns)
    } else {
        Err(FieldError::new("file", COLUMNS))
    }
}

impl Said {
    fn take(&mut self, column: &Column, value: &str) {
        match column {
            Column::Type => self.subject_type = Some(value.to_owned()),
            Column::Id => value.clone_into(&mut self.subject_id),
            Column::Credential => self.credential = Some(Secret::new(value)),
            Column::Named(name) => drop(self.credentials.insert(name.clone(), Secret::new(value))),
            Column::Expiry => self.expires_at = Some(value.to_owned()),
        }
    }
}

/// The same names as the routes and bodies of the REST API have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    subject_type: Option<String>,
    #[serde(default)]
    subject_id: String,
    credential: Option<Hidden>,
    #[serde(default)]
    credentials: BTreeMap<String, Hidden>,
    expires_at: Option<String>,
}

struct Hidden(Secret);

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

fn json(text: &str) -> Result<Vec<Line>, FieldError> {
    let no_json = |error: &serde_json::Error| {
        FieldError::new(
            "file",
            format!(
                "This is not JSON: see line {}, column {}.",
                error.line(),
                error.column()
            ),
        )
    };
    let items: Vec<&RawValue> = if text.trim_start().starts_with('[') {
        whole(text).map_err(|error| no_json(&error))?
    } else {
        let stream = serde_json::Deserializer::from_str(text).into_iter::<&RawValue>();
        stream.collect::<Result<_, _>>().map_err(|error| no_json(&error))?
    };
    Ok(items.into_iter().map(|item| object(text, item)).collect())
}

fn whole<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text)
}

fn object(text: &str, item: &RawValue) -> Line {
    let at = (item.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let number = 1 + memchr::memchr_iter(b'\n', before).count() as u64;
    // A list of values would be taken for the fields in their order.
    let parsed = item.get().starts_with('{').then(|| one::<Item>(item.get()));
    let new = match parsed {
        Some(Ok(item)) => said(item).understood(),
        Some(Err(error)) => Err(vec![error]),
        None => Err(vec![FieldError::new("line", "Expected an object.")]),
    };
    Line { number, new }
}

fn said(item: Item) -> Said {
    Said {
        subject_type: item.subject_type,
        subject_id: item.subject_id,
        credential: item.credential.map(|hidden| hidden.0),
        credentials: item
            .credentials
            .into_iter()
            .map(|(name, hidden)| (name, hidden.0))
            .collect(),
        expires_at: item.expires_at,
    }
}

fn one<T: DeserializeOwned>(text: &str) -> Result<T, FieldError> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let known = ["subject_type", "subject_id", "credential", "credentials", "expires_at"];
        let path = error.path().to_string();
        let field = path
            .split('.')
            .next()
            .filter(|field| known.contains(field))
            .unwrap_or("line");
        FieldError::new(field, format!("This does not fit. There are: {}.", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<(u64, String)> {
        let lines = parse(text, Format::of(text)).unwrap();
        let told = lines.into_iter().map(|line| {
            let text = match line.new {
                Ok(new) => format!("{} {:?}", new.subject, new.expires_at.map(|at| at.0)),
                Err(errors) => errors
                    .iter()
                    .map(|error| error.field.as_str())
                    .collect::<Vec<_>>()
                    .join(","),
            };
            (line.number, text)
        });
        told.collect()
    }

    #[test]
    fn b08_csv_and_json_say_the_same() {
        let wanted = [
            (2, "user/bob@demo.test None".to_owned()),
            (4, "virtual_account/ci-bot Some(1801353600)".to_owned()),
        ];
        let csv = "subject_id,subject_type,credential,expires_at\nbob@demo.test,,\"sk\n1\",\nci-bot,virtual_account,sk-2,2027-01-31T00:00:00Z\n";
        assert_eq!(told(csv), wanted);
        assert_eq!(told(&csv.replace('\n', "\r\n")), wanted, "as forms send it");
        let items = "\n{\"subject_id\":\"bob@demo.test\",\"credential\":\"sk-1\"}SEP\n\n{\"subject_id\":\"ci-bot\",\"subject_type\":\"virtual_account\",\"credentials\":{\"K\":\"sk-2\"},\"expires_at\":\"2027-01-31T00:00:00Z\"}";
        assert_eq!(told(&items.replace("SEP", "")), wanted, "one object a line");
        assert_eq!(told(&format!("[{}]", items.replace("SEP", ","))), wanted, "an array");
    }

    #[test]
    fn b08_what_is_wrong_is_told_by_line_and_field() {
        let csv = "subject_id,subject_type,credential,expires_at\n,,sk,\nbob,robot,sk,tomorrow\nbob,user,,\nbob\n";
        let told_csv = told(csv);
        let fields: Vec<_> = told_csv.iter().map(|(line, fields)| (*line, fields.as_str())).collect();
        assert_eq!(
            fields,
            [
                (2, "subject_id"),
                (3, "subject_type,expires_at"),
                (4, "credential"),
                (5, "line")
            ]
        );
        let json = "{\"subject_id\":1}\n[\"user\",\"bob\"]\n{\"subject_id\":\"b\",\"secret\":\"x\"}\n{\"subject_id\":\"b\",\"credential\":\"a\",\"credentials\":{\"K\":\"b\"}}";
        let told_json = told(json);
        let fields: Vec<_> = told_json
            .iter()
            .map(|(line, fields)| (*line, fields.as_str()))
            .collect();
        assert_eq!(fields, [(1, "subject_id"), (2, "line"), (3, "line"), (4, "credential")]);
    }

    #[test]
    fn s08_nothing_of_a_file_is_repeated() {
        for text in [
            "bob@demo.test,sk-canary\n",
            "subject_id,sk-canary\nbob,x\n",
            "subject_id,credential,credential\nsk-canary,sk-canary,x\n",
            "credential\nsk-canary\n",
            "{\"sk-canary\":1}",
            "{\"subject_id\":[\"sk-canary\"]}",
            "[{\"credential\":\"sk-canary\"",
            "{\"subject_id\":\"b\",\"expires_at\":\"sk-canary\"}",
            "[1, \"sk-canary\"]",
            "",
        ] {
            let parsed = parse(text, Format::of(text));
            let error = match parsed {
                Err(error) => format!("{error:?}"),
                Ok(lines) => lines
                    .into_iter()
                    .map(|line| format!("{:?}", line.new.unwrap_err()))
                    .collect(),
            };
            assert!(!error.contains("canary"), "{text:?}: {error}");
        }
    }
}
