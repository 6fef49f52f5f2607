//! What a person entered for an override, against what the server asks for.

use std::collections::BTreeMap;

use domain::field::FieldError;
use domain::outbound::CredentialField;
use domain::secret::{Secret, parse_credential};

use super::vault::Values;

/// What a person entered.
#[derive(Debug)]
pub enum Entered {
    /// The one value of a server that asks for one.
    One(Secret),
    /// By name: a placeholder's, or a whole header's.
    Many(BTreeMap<String, Secret>),
}

/// The values to store: what was entered, and what stays of those that are `kept`. Errors are at `credential` or
/// `credentials.NAME`.
pub(super) fn values(fields: &[CredentialField], kept: &Values, entered: &Entered) -> Result<Values, Vec<FieldError>> {
    let given = by_field(fields, entered)?;
    let (mut values, mut errors) = (Values::new(), Vec::new());
    let one = is_one(fields, entered);
    for field in fields {
        let at = name(field, one);
        match (given.get(&field.key), kept.get(&field.key)) {
            (Some(typed), _) => match parse_credential(typed.expose()) {
                Ok(value) => drop(values.insert(field.key.clone(), value)),
                Err(error) => errors.push(FieldError::new(at, error.to_string())),
            },
            (None, Some(value)) => drop(values.insert(field.key.clone(), value.clone())),
            (None, None) => errors.push(FieldError::new(at, "Enter the credential.")),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// What errors call the fields.
pub(super) fn names(fields: &[CredentialField], entered: &Entered) -> Vec<String> {
    let one = is_one(fields, entered);
    fields.iter().map(|field| name(field, one)).collect()
}

const fn is_one(fields: &[CredentialField], entered: &Entered) -> bool {
    matches!(entered, Entered::One(_)) || fields.len() == 1
}

fn name(field: &CredentialField, one: bool) -> String {
    if one {
        "credential".to_owned()
    } else {
        format!("credentials.{}", field.label)
    }
}

/// What was entered, by field key; unknown names are errors. Empty values count as not given, so that an edit keeps them.
fn by_field<'a>(
    fields: &[CredentialField],
    entered: &'a Entered,
) -> Result<BTreeMap<String, &'a Secret>, Vec<FieldError>> {
    match entered {
        Entered::One(secret) => match fields {
            [_] if secret.expose().trim().is_empty() => Ok(BTreeMap::new()),
            [only] => Ok(BTreeMap::from([(only.key.clone(), secret)])),
            _ => {
                let names: Vec<&str> = fields.iter().map(|field| field.label.as_str()).collect();
                Err(vec![FieldError::new(
                    "credential",
                    format!("This server asks for several values: {}.", names.join(", ")),
                )])
            }
        },
        Entered::Many(named) => {
            let (mut found, mut errors) = (BTreeMap::new(), Vec::new());
            for (name, secret) in named {
                match fields
                    .iter()
                    .find(|field| field.key == *name || (field.whole_header && field.label.eq_ignore_ascii_case(name)))
                {
                    Some(field) if !secret.expose().trim().is_empty() => drop(found.insert(field.key.clone(), secret)),
                    Some(_) => {}
                    None => errors.push(FieldError::new(
                        format!("credentials.{name}"),
                        "The server's headers have no placeholder of this name.",
                    )),
                }
            }
            if errors.is_empty() { Ok(found) } else { Err(errors) }
        }
    }
}
