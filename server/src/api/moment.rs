//! Times as the REST API writes them: RFC 3339 in UTC, whole seconds.

use domain::timestamp::Timestamp;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat, schema};

/// `2026-11-23T03:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

impl Moment {
    /// `None` for years that RFC 3339 cannot write.
    pub(super) fn text(self) -> Option<String> {
        let time = OffsetDateTime::from_unix_timestamp(self.0.0).ok()?;
        time.format(&Rfc3339).ok()
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        let moment = Self(Timestamp(time.unix_timestamp()));
        moment.text().map(|_| moment)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self
            .text()
            .ok_or_else(|| S::Error::custom("a time beyond the year 9999"))?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom("not a time, expected an RFC 3339 time such as 2026-11-23T03:00:00Z"))
    }
}

impl utoipa::PartialSchema for Moment {
    fn schema() -> RefOr<schema::Schema> {
        ObjectBuilder::new()
            .schema_type(schema::Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-11-23T03:00:00Z"])
            .into()
    }
}

impl utoipa::ToSchema for Moment {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_in_utc() {
        assert_eq!(Moment(Timestamp(0)).text().as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(
            Moment::parse("2026-11-23T04:00:00+01:00"),
            Moment::parse("2026-11-23T03:00:00Z")
        );
        for bad in ["", "2026-11-23", "tomorrow", "1764000000", "9999-12-31T23:59:59-10:00"] {
            assert_eq!(Moment::parse(bad), None, "{bad}");
        }
    }
}
