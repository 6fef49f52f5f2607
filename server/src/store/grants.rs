//! Who has which role on which server.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::{ServerId, TeamId};
use domain::reach::Given;
use domain::role::ServerRole;
use domain::server::ServerName;
use domain::timestamp::Timestamp;

use super::work::{Tx, for_both, known, subject};
use super::{Grant, Grantee, Grants, Page, PageQuery, Place, ReachRow, StoreError};

const INSERT: &str =
    "INSERT INTO grants (server_id, grantee_type, grantee_id, role, granted_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING";
const REPLACE: &str = "UPDATE grants SET role = $4, granted_at = $5
    WHERE server_id = $1 AND grantee_type = $2 AND grantee_id = $3";
const REMOVE: &str = "DELETE FROM grants WHERE server_id = $1 AND grantee_type = $2 AND grantee_id = $3";
const LIST: &str =
    "SELECT g.grantee_type, g.grantee_id, g.role, g.granted_at, COALESCE(u.name, t.name, x.name) AS name,
    COALESCE(u.email, x.issuer) AS detail
    FROM grants g LEFT JOIN users u ON u.id = g.user_id LEFT JOIN teams t ON t.id = g.team_id
    LEFT JOIN external_identities x ON x.id = g.external_identity_id
    WHERE g.server_id = $1 ORDER BY g.grantee_type, g.grantee_id";
/// Each part is a look-up in an index: every call asks this. CROSS JOIN makes SQLite begin with the person's few teams.
const ROLES: &str = "SELECT role FROM grants WHERE server_id = $3 AND grantee_type = $1 AND grantee_id = $2
    UNION ALL SELECT role FROM grants WHERE server_id = $3 AND grantee_type = 'everyone' AND grantee_id = 'all'
    UNION ALL SELECT g.role FROM team_members m CROSS JOIN grants g
        WHERE $1 = 'user' AND m.user_id = $2 AND g.server_id = $3 AND g.grantee_type = 'team' AND g.grantee_id = m.team_id";
const ROLES_EVERYWHERE: &str = "SELECT server_id, role FROM grants WHERE grantee_type = $1 AND grantee_id = $2
    UNION ALL SELECT server_id, role FROM grants WHERE grantee_type = 'everyone' AND grantee_id = 'all'
    UNION ALL SELECT g.server_id, g.role FROM team_members m CROSS JOIN grants g
        WHERE $1 = 'user' AND m.user_id = $2 AND g.grantee_type = 'team' AND g.grantee_id = m.team_id
    ORDER BY server_id";
const EVERYONES: &str =
    "SELECT COUNT(*) FROM grants WHERE server_id = $1 AND grantee_type = 'everyone' AND grantee_id = 'all'";
/// What a filter of its overrides goes by.
const MARK_OVERRIDES: &str = "UPDATE overrides SET granted = $4
    WHERE server_id = $1 AND subject_type = $2 AND subject_id = $3 AND granted <> $4";
const TEAM: &str = "team";
const EVERYONE: &str = "everyone";

#[derive(sqlx::FromRow)]
struct Record {
    grantee_type: String,
    grantee_id: String,
    role: String,
    granted_at: i64,
    name: Option<String>,
    detail: Option<String>,
}

fn columns(grantee: &Grantee) -> (&'static str, &str) {
    match grantee {
        Grantee::Subject(subject) => (subject.kind.as_str(), &subject.id),
        Grantee::Team(id) => (TEAM, id.as_str()),
        Grantee::Everyone => (EVERYONE, "all"),
    }
}

impl Record {
    fn of(self, server: &ServerId) -> Result<Grant, StoreError> {
        let grantee_name = match (self.name, self.detail) {
            (Some(name), Some(detail)) => format!("{name} ({detail})"),
            (Some(team), None) => team,
            _ if self.grantee_type == EVERYONE => "Everyone".to_owned(),
            _ => self.grantee_id.clone(),
        };
        Ok(Grant {
            server: server.clone(),
            grantee: match self.grantee_type.as_str() {
                EVERYONE => Grantee::Everyone,
                TEAM => Grantee::Team(TeamId::new(self.grantee_id)),
                kind => Grantee::Subject(subject(kind, self.grantee_id)?),
            },
            role: known(ServerRole::parse(&self.role), "role")?,
            grantee_name,
            granted_at: Timestamp(self.granted_at),
        })
    }
}

/// Each server once, with its strongest role; the rows come ordered by server.
fn strongest(rows: Vec<(String, String)>) -> Result<Vec<(ServerId, ServerRole)>, StoreError> {
    let mut roles: Vec<(ServerId, ServerRole)> = Vec::new();
    for (server, role) in rows {
        let role = known(ServerRole::parse(&role), "role")?;
        match roles.last_mut() {
            Some((last, strongest)) if last.as_str() == server => *strongest = role.max(*strongest),
            _ => roles.push((ServerId::new(server), role)),
        }
    }
    Ok(roles)
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            async fn write_grant(&mut self, sql: &'static str, grant: &Grant) -> Result<u64, StoreError> {
                let (kind, id) = columns(&grant.grantee);
                let write = sqlx::query(sql)
                    .bind(grant.server.as_str())
                    .bind(kind)
                    .bind(id)
                    .bind(grant.role.as_str())
                    .bind(grant.granted_at.0);
                Ok(write.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn mark_overrides(
                &mut self,
                server: &ServerId,
                grantee: &Grantee,
                granted: bool,
            ) -> Result<(), StoreError> {
                if let Grantee::Subject(subject) = grantee {
                    let mark = sqlx::query(MARK_OVERRIDES)
                        .bind(server.as_str())
                        .bind(subject.kind.as_str())
                        .bind(&subject.id)
                        .bind(i64::from(granted));
                    mark.execute(&mut *self.tx).await?;
                }
                Ok(())
            }
        }

        #[async_trait]
        impl Grants for Tx<$db> {
            async fn put(&mut self, grant: &Grant) -> Result<bool, StoreError> {
                let is_new = self.write_grant(INSERT, grant).await? == 1;
                if !is_new {
                    self.write_grant(REPLACE, grant).await?;
                }
                self.mark_overrides(&grant.server, &grant.grantee, true).await?;
                self.touch(Place::server(&grant.server));
                Ok(is_new)
            }

            async fn remove(&mut self, server: &ServerId, grantee: &Grantee) -> Result<bool, StoreError> {
                let (kind, id) = columns(grantee);
                let remove = sqlx::query(REMOVE).bind(server.as_str()).bind(kind).bind(id);
                let removed = remove.execute(&mut *self.tx).await?.rows_affected() == 1;
                self.mark_overrides(server, grantee, false).await?;
                self.touch(Place::server(server));
                self.mark_revocation().await?;
                Ok(removed)
            }

            async fn list(&mut self, server: &ServerId) -> Result<Vec<Grant>, StoreError> {
                let found = sqlx::query_as(LIST).bind(server.as_str());
                let found: Vec<Record> = found.fetch_all(&mut *self.tx).await?;
                found.into_iter().map(|record| record.of(server)).collect()
            }

            async fn roles(&mut self, server: &ServerId, subject: &SubjectRef) -> Result<Vec<ServerRole>, StoreError> {
                let found = sqlx::query_scalar(ROLES)
                    .bind(subject.kind.as_str())
                    .bind(&subject.id)
                    .bind(server.as_str());
                let found: Vec<String> = found.fetch_all(&mut *self.tx).await?;
                let roles = found.iter().map(|role| known(ServerRole::parse(role), "role"));
                roles.collect()
            }

            async fn roles_everywhere(
                &mut self,
                subject: &SubjectRef,
            ) -> Result<Vec<(ServerId, ServerRole)>, StoreError> {
                let found = sqlx::query_as(ROLES_EVERYWHERE)
                    .bind(subject.kind.as_str())
                    .bind(&subject.id);
                strongest(found.fetch_all(&mut *self.tx).await?)
            }

            async fn everyone(&mut self, server: &ServerId) -> Result<bool, StoreError> {
                let grants = sqlx::query_scalar(EVERYONES).bind(server.as_str());
                let grants: i64 = grants.fetch_one(&mut *self.tx).await?;
                Ok(grants > 0)
            }

            async fn reached(
                &mut self,
                server: &ServerId,
                subjects: &[SubjectRef],
            ) -> Result<Vec<SubjectRef>, StoreError> {
                self.subjects_reached(server, subjects).await
            }

            async fn reach(&mut self, server: &ServerId, query: &PageQuery) -> Result<Page<ReachRow>, StoreError> {
                self.reach_page(server, query).await
            }

            async fn reach_of(&mut self, subject: &SubjectRef) -> Result<Vec<(ServerName, Vec<Given>)>, StoreError> {
                self.servers_reached(subject).await
            }
        }
    };
}
for_both!(stamp);

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{Connection, Row};

    /// What every call asks must not read a table from end to end.
    #[tokio::test]
    async fn roles_are_looked_up_in_indexes_alone() {
        let mut connection = sqlx::SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::migrate!("../migrations/sqlite")
            .run_direct(&mut connection)
            .await
            .unwrap();
        for sql in [ROLES, ROLES_EVERYWHERE] {
            let plan = sqlx::query(&["EXPLAIN QUERY PLAN ", sql].concat())
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let steps: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            let searches = steps.iter().filter(|step| step.starts_with("SEARCH")).count();
            assert!(searches >= 4, "{steps:#?}");
            assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:#?}");
            assert!(
                steps.iter().any(|step| step.contains("team_members_by_user")),
                "{steps:#?}"
            );
        }
    }
}
