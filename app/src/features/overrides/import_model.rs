//! What the page of an import shows (B08).

use domain::outbound::CredentialField;
use serde::{Deserialize, Serialize};

use crate::ui::badge::Tone;

/// What the form needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportPage {
    pub server: String,
    /// What stands where overrides are not supported.
    pub unsupported: Option<String>,
    /// The values that the server asks for.
    pub fields: Vec<CredentialField>,
}

impl ImportPage {
    /// The first lines of a file that fits.
    pub fn example(&self) -> String {
        let one = matches!(self.fields.as_slice(), [_]);
        let columns: Vec<String> = if one {
            vec!["credential".to_owned()]
        } else {
            self.fields
                .iter()
                .map(|field| format!("credentials.{}", field.label))
                .collect()
        };
        let values: Vec<&str> = columns.iter().map(|_| "…").collect();
        let (columns, values) = (columns.join(","), values.join(","));
        format!("subject_type,subject_id,{columns}\nuser,bob@example.com,{values}\nvirtual_account,ci-bot,{values}\n")
    }
}

/// What was brought: looked at, or stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportOutcome {
    pub server: String,
    pub new: usize,
    pub replaced: usize,
    pub refused: usize,
    pub applied: bool,
    pub lines: Vec<ImportLine>,
    /// Sealed: what the confirmation brings back.
    pub kept: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportLine {
    pub number: u64,
    /// Nobody where the line was refused before somebody was found.
    pub name: Option<String>,
    pub result: ImportResult,
    pub problems: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportResult {
    New,
    Replaced,
    Refused,
}

impl ImportResult {
    pub const fn label(self) -> &'static str {
        match self {
            Self::New => "New",
            Self::Replaced => "Replaces one",
            Self::Refused => "Refused",
        }
    }

    pub const fn tone(self) -> Tone {
        match self {
            Self::New => Tone::Good,
            Self::Replaced => Tone::Attention,
            Self::Refused => Tone::Bad,
        }
    }
}

impl ImportOutcome {
    /// One sentence that says it all.
    pub fn sentence(&self) -> String {
        let (new, replaced) = (self.new, self.replaced);
        match (self.applied, self.refused) {
            (true, _) => format!("Imported: {new} new, {replaced} replaced. The next requests use them."),
            (false, 0) => format!("{new} new, {replaced} replaced. Nothing is stored yet."),
            (false, 1) => {
                "1 line is refused, so nothing can be stored. Correct it and bring the file again.".to_owned()
            }
            (false, refused) => {
                format!("{refused} lines are refused, so nothing can be stored. Correct them and bring the file again.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(label: &str) -> CredentialField {
        CredentialField {
            key: label.to_owned(),
            label: label.to_owned(),
            whole_header: false,
        }
    }

    #[test]
    fn the_example_has_the_columns_that_the_server_asks_for() {
        let example = |fields: &[&str]| {
            let page = ImportPage {
                server: "notes".to_owned(),
                unsupported: None,
                fields: fields.iter().map(|label| field(label)).collect(),
            };
            page.example().lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(example(&["API_KEY"]), "subject_type,subject_id,credential");
        assert_eq!(
            example(&["USER", "KEY"]),
            "subject_type,subject_id,credentials.USER,credentials.KEY"
        );
    }
}
