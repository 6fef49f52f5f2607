//! Teams and who is in them.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::{TeamId, UserId};
use domain::role::ServerRole;
use domain::server::ServerName;
use domain::team::TeamName;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, inserted, key, known};
use super::{MemberRow, Page, PageQuery, Place, StoreError, TeamRow, Teams, cursor};

/// What every read selects.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.id, t.name, t.description, t.created_at,
            (SELECT COUNT(*) FROM team_members m WHERE m.team_id = t.id) AS members,
            (SELECT COUNT(*) FROM grants g WHERE g.team_id = t.id) AS servers FROM teams t ",
            $rest
        )
    };
}

const INSERT: &str = "INSERT INTO teams (id, name, search_key, description, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE teams SET name = $2, search_key = $3, description = $4 WHERE id = $1";
/// A name is never spelled like an id.
const FIND: &str = select!("WHERE t.id = $1 OR t.name = $1");
const LIST: &str = select!("WHERE t.name > $1 AND t.search_key LIKE $2 ESCAPE '\\' ORDER BY t.name LIMIT $3");
const OF_USER: &str = select!("JOIN team_members own ON own.team_id = t.id WHERE own.user_id = $1 ORDER BY t.name");
const DELETE: &str = "DELETE FROM teams WHERE id = $1";
const ADD_MEMBER: &str = "INSERT INTO team_members (team_id, user_id, added_at) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING";
const REMOVE_MEMBER: &str = "DELETE FROM team_members WHERE team_id = $1 AND user_id = $2";
const MEMBERS: &str = "SELECT u.id, u.email, u.name, u.disabled_at, m.added_at
    FROM team_members m JOIN users u ON u.id = m.user_id
    WHERE m.team_id = $1 AND u.email > $2 AND u.entity_key LIKE $3 ESCAPE '\\' ORDER BY u.email LIMIT $4";
const SERVERS: &str = "SELECT s.name, g.role FROM grants g JOIN servers s ON s.id = g.server_id
    WHERE g.team_id = $1 ORDER BY s.name";
const NAME: &str = "teams";
const OF_MEMBERS: &str = "members";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    name: String,
    description: String,
    created_at: i64,
    members: i64,
    servers: i64,
}

impl TryFrom<Record> for TeamRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            id: TeamId::new(record.id),
            name: known(TeamName::parse(&record.name).ok(), "name")?,
            description: record.description,
            created_at: Timestamp(record.created_at),
            members: record.members,
            servers: record.servers,
        })
    }
}

#[derive(sqlx::FromRow)]
struct Member {
    id: String,
    email: String,
    name: String,
    disabled_at: Option<i64>,
    added_at: i64,
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        Self {
            user: UserId::new(member.id),
            email: member.email,
            name: member.name,
            disabled: member.disabled_at.is_some(),
            added_at: Timestamp(member.added_at),
        }
    }
}

fn search_key(team: &TeamRow) -> String {
    format!("{}\n{}", team.name, team.description).to_lowercase()
}

fn all(records: Vec<Record>) -> Result<Vec<TeamRow>, StoreError> {
    records.into_iter().map(TryInto::try_into).collect()
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Teams for Tx<$db> {
            async fn insert(&mut self, team: &TeamRow) -> Result<(), StoreError> {
                let insert = sqlx::query(INSERT)
                    .bind(team.id.as_str())
                    .bind(team.name.as_str())
                    .bind(search_key(team))
                    .bind(&team.description)
                    .bind(team.created_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn update(&mut self, team: &TeamRow) -> Result<bool, StoreError> {
                let update = sqlx::query(UPDATE)
                    .bind(team.id.as_str())
                    .bind(team.name.as_str())
                    .bind(search_key(team))
                    .bind(&team.description);
                Ok(update.execute(&mut *self.tx).await?.rows_affected() == 1)
            }

            async fn find(&mut self, name: &str) -> Result<Option<TeamRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(name));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn list(&mut self, query: &PageQuery) -> Result<Page<TeamRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let records = sqlx::query_as(LIST)
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                cursor::page(NAME, query, all(records)?, |row| row.name.as_str().to_owned())
            }

            async fn of_user(&mut self, user: &UserId) -> Result<Vec<TeamRow>, StoreError> {
                let found = sqlx::query_as(OF_USER).bind(user.as_str());
                all(found.fetch_all(&mut *self.tx).await?)
            }

            async fn delete(&mut self, id: &TeamId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                let deleted = delete.await?.rows_affected() == 1;
                self.touch(Place::EVERYTHING);
                self.mark_revocation().await?;
                Ok(deleted)
            }

            async fn add_member(&mut self, team: &TeamId, user: &UserId, at: Timestamp) -> Result<bool, StoreError> {
                let add = sqlx::query(ADD_MEMBER)
                    .bind(team.as_str())
                    .bind(user.as_str())
                    .bind(at.0);
                let added = add.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::user(user)));
                Ok(added)
            }

            async fn remove_member(&mut self, team: &TeamId, user: &UserId) -> Result<bool, StoreError> {
                let remove = sqlx::query(REMOVE_MEMBER).bind(team.as_str()).bind(user.as_str());
                let removed = remove.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::user(user)));
                self.mark_revocation().await?;
                Ok(removed)
            }

            async fn members(&mut self, team: &TeamId, query: &PageQuery) -> Result<Page<MemberRow>, StoreError> {
                let after: Option<String> = cursor::place(OF_MEMBERS, query.cursor.as_deref())?;
                let found: Vec<Member> = sqlx::query_as(MEMBERS)
                    .bind(team.as_str())
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                let rows = found.into_iter().map(MemberRow::from).collect();
                cursor::page(OF_MEMBERS, query, rows, |row: &MemberRow| row.email.clone())
            }

            async fn servers(&mut self, team: &TeamId) -> Result<Vec<(ServerName, ServerRole)>, StoreError> {
                let found = sqlx::query_as(SERVERS).bind(team.as_str());
                let found: Vec<(String, String)> = found.fetch_all(&mut *self.tx).await?;
                let pair = |(name, role): (String, String)| {
                    let name = known(ServerName::parse(&name).ok(), "name")?;
                    Ok((name, known(ServerRole::parse(&role), "role")?))
                };
                found.into_iter().map(pair).collect()
            }
        }
    };
}
for_both!(stamp);
