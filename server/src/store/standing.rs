//! What overrides are in the eyes of the rules, as one text that the database keeps (`standing`, a generated column): all with the same
//! text are in the same state, but for the clock and for access that is not their subject's own. There are few on a server.

use std::collections::BTreeSet;

use domain::actor::SubjectKind;
use domain::id::ServerId;
use domain::overrides::{Condition, Kind};
use domain::timestamp::Timestamp;

use super::StoreError;
use super::work::{Tx, for_both, known};

/// From one to the next greater: as many looks into an index as there are, of however many overrides.
const OF_SERVER: &str = "WITH RECURSIVE each (standing) AS (SELECT MIN(standing) FROM overrides WHERE server_id = $1
    UNION ALL SELECT (SELECT MIN(o.standing) FROM overrides o WHERE o.server_id = $1 AND o.standing > each.standing)
        FROM each WHERE each.standing IS NOT NULL)
    SELECT standing FROM each WHERE standing IS NOT NULL";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As it is stored.
    pub(super) text: String,
    pub subject_kind: SubjectKind,
    pub kind: Kind,
    pub condition: Condition,
    /// Whether the subject has a grant of its own on the server.
    pub granted: bool,
    /// Whether they have an end at all.
    pub ends: bool,
    /// The keys of the values they hold.
    pub fields: BTreeSet<String>,
}

/// Overrides of one standing; all of them, or those on one side of what it leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub standing: Standing,
    /// Only those whose end has come (or has not) at that time.
    pub ended: Option<(bool, Timestamp)>,
    /// Only those of people whom a team, or being an admin, gives access (or does not).
    pub reached: Option<bool>,
}

/// How `masks` says which values an override holds.
pub(super) fn fields<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    keys.map(String::as_str).collect::<Vec<_>>().join(",")
}

impl Standing {
    /// The server's id, and then `user manual good granted lasting API_KEY,header:x-tenant`.
    pub(super) fn parse(text: String) -> Result<Self, StoreError> {
        let parts: Vec<&str> = text.splitn(7, ' ').collect();
        let [_, subject, kind, condition, granted, ends, fields] = parts[..] else {
            return Err(StoreError::broken("a standing has seven parts"));
        };
        Ok(Self {
            subject_kind: known(SubjectKind::parse(subject), "standing")?,
            kind: known(Kind::parse(kind), "standing")?,
            condition: known(Condition::parse(condition), "standing")?,
            granted: granted == "granted",
            ends: ends == "ending",
            fields: fields
                .split(',')
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
            text,
        })
    }
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) async fn standings_of(&mut self, server: &ServerId) -> Result<Vec<Standing>, StoreError> {
                let found = sqlx::query_scalar(OF_SERVER).bind(server.as_str());
                let found: Vec<String> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(Standing::parse).collect()
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_read_as_it_is_stored() {
        let keys = ["API_KEY".to_owned(), "header:x-tenant".to_owned()];
        let text = format!(
            "s virtual_account manual rejected granted ending {}",
            fields(keys.iter())
        );
        let standing = Standing::parse(text.clone()).unwrap();
        assert_eq!(
            standing,
            Standing {
                text,
                subject_kind: SubjectKind::VirtualAccount,
                kind: Kind::Manual,
                condition: Condition::Rejected,
                granted: true,
                ends: true,
                fields: keys.into(),
            }
        );
        let bare = Standing::parse("s user oauth good other lasting ".to_owned()).unwrap();
        assert!(bare.fields.is_empty() && !bare.granted && !bare.ends);
        for odd in [
            "",
            "s user oauth good other lasting",
            "s team oauth good other lasting ",
        ] {
            assert!(Standing::parse(odd.to_owned()).is_err(), "{odd}");
        }
    }
}
