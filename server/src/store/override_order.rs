//! The order of a page of overrides, which is that of an index, and a row's place in it.

use domain::total::Total;
use serde::{Deserialize, Serialize};

use super::override_sql::Branch;
use super::{OverrideQuery, OverrideRow, OverrideSort, StoreError, cursor};

/// What an index sorts by before `entity_key, id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Key {
    Number(i64),
    Text(String),
}

/// A row's place in the order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Spot {
    pub key: Key,
    pub entity: String,
    pub id: String,
    /// Whether the page wanted lies before it.
    pub before: bool,
    #[serde(default)]
    pub known: Known,
}

/// What the first page has found out, which would cost more than a page to find out again.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Known {
    pub total: Option<Total>,
    /// So much is searched for that a page fills soon along its order.
    pub many: bool,
}

impl Spot {
    pub fn of(sort: OverrideSort, (row, entity): &(OverrideRow, String), before: bool, known: Known) -> Self {
        let key = match sort {
            OverrideSort::Entity => Key::Text(entity.clone()),
            OverrideSort::Kind => Key::Text(row.kind.as_str().to_owned()),
            OverrideSort::UpdatedAt => Key::Number(row.updated_at.0),
            OverrideSort::LastUsed => Key::Number(row.last_used_at.map_or(0, |at| at.0)),
        };
        Self {
            key,
            entity: entity.clone(),
            id: row.id.as_str().to_owned(),
            before,
            known,
        }
    }
}

/// How the pages of one query go.
pub(super) struct Order {
    /// Cursors of another order are none of this one's.
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub numeric: bool,
}

pub(super) fn order(query: &OverrideQuery) -> Order {
    let (up, down, columns, numeric): (_, _, &[_], _) = match query.sort {
        OverrideSort::Entity => ("overrides.entity", "overrides.-entity", &["entity_key", "id"], false),
        OverrideSort::Kind => (
            "overrides.kind",
            "overrides.-kind",
            &["kind", "entity_key", "id"],
            false,
        ),
        OverrideSort::UpdatedAt => (
            "overrides.updated",
            "overrides.-updated",
            &["updated_at", "entity_key", "id"],
            true,
        ),
        OverrideSort::LastUsed => (
            "overrides.used",
            "overrides.-used",
            &["last_used_key", "entity_key", "id"],
            true,
        ),
    };
    Order {
        name: if query.descending { down } else { up },
        columns,
        numeric,
    }
}

impl Order {
    pub fn spot(&self, cursor: Option<&str>) -> Result<Option<Spot>, StoreError> {
        let spot: Option<Spot> = cursor::place(self.name, cursor)?;
        match &spot {
            Some(spot) if matches!(spot.key, Key::Number(_)) != self.numeric => Err(StoreError::BadCursor),
            _ => Ok(spot),
        }
    }

    /// Within one standing the kind is one, and its index does not repeat it.
    pub fn within(&self, branch: &Branch) -> &'static [&'static str] {
        match self.columns {
            ["kind", rest @ ..] if branch.standing.is_some() => rest,
            columns => columns,
        }
    }
}

/// `updated_at DESC, entity_key DESC, id DESC`.
pub(super) fn by(columns: &[&str], descending: bool) -> String {
    let way = if descending { " DESC" } else { "" };
    let columns = columns.iter().map(|column| format!("{column}{way}"));
    columns.collect::<Vec<_>>().join(", ")
}
