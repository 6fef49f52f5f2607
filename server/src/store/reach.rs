//! Whoever has a role on a server, and what gives it: the Access tab's second list, and a person's page.

use domain::actor::{SubjectKind, SubjectRef};
use domain::id::ServerId;
use domain::reach::{Given, Source};
use domain::role::{PlatformRole, ServerRole};
use domain::server::ServerName;
use sqlx::QueryBuilder;

use super::work::{Tx, for_both, known, subject};
use super::{Page, PageQuery, ReachRow, StoreError, cursor};

/// A user's and an external identity's key holds their id and a virtual account's is its id, so that no two are alike.
const SUBJECTS: &str = "SELECT subject_type, id, name, detail, disabled_at, platform_role, direct, entity_key FROM (
    SELECT 'user' AS subject_type, u.id, u.name, u.email AS detail, u.disabled_at, u.platform_role, g.role AS direct,
        u.entity_key
    FROM users u LEFT JOIN grants g ON g.server_id = $1 AND g.grantee_type = 'user' AND g.grantee_id = u.id
    WHERE u.platform_role = 'admin' OR g.role IS NOT NULL
        OR EXISTS (SELECT 1 FROM grants WHERE server_id = $1 AND grantee_type = 'everyone')
        OR u.id IN (SELECT m.user_id FROM grants t JOIN team_members m ON m.team_id = t.team_id WHERE t.server_id = $1)
    UNION ALL SELECT 'virtual_account' AS subject_type, v.id, v.id AS name, v.description AS detail, NULL AS disabled_at,
        'member' AS platform_role, g.role AS direct, v.entity_key
    FROM virtual_accounts v
    LEFT JOIN grants g ON g.server_id = $1 AND g.grantee_type = 'virtual_account' AND g.grantee_id = v.id
    WHERE g.role IS NOT NULL OR EXISTS (SELECT 1 FROM grants WHERE server_id = $1 AND grantee_type = 'everyone')
    UNION ALL SELECT 'external_identity' AS subject_type, x.id, x.name, x.issuer AS detail, NULL AS disabled_at,
        'member' AS platform_role, g.role AS direct, x.entity_key
    FROM external_identities x
    LEFT JOIN grants g ON g.server_id = $1 AND g.grantee_type = 'external_identity' AND g.grantee_id = x.id
    WHERE g.role IS NOT NULL OR EXISTS (SELECT 1 FROM grants WHERE server_id = $1 AND grantee_type = 'everyone')
    ) subjects WHERE entity_key > $2 AND entity_key LIKE $3 ESCAPE '\\' ORDER BY entity_key LIMIT $4";
const EVERYONES: &str = "SELECT role FROM grants WHERE server_id = $1 AND grantee_type = 'everyone'";
/// Of the people of one page of the list, which is a range of it.
const THROUGH_TEAMS: &str = "SELECT m.user_id, t.name, g.role FROM grants g JOIN teams t ON t.id = g.team_id
    JOIN team_members m ON m.team_id = t.id JOIN users u ON u.id = m.user_id
    WHERE g.server_id = $1 AND u.entity_key >= $2 AND u.entity_key <= $3";
/// Of the subjects that stand before it, as `asked`. Each is looked up: a server may have a grant for every one of 100,000.
const REACHED: &str = "SELECT asked.kind, asked.id FROM asked WHERE
    EXISTS (SELECT 1 FROM grants WHERE server_id = asked.server AND grantee_type = asked.kind AND grantee_id = asked.id)
    OR EXISTS (SELECT 1 FROM grants WHERE server_id = asked.server AND grantee_type = 'everyone' AND grantee_id = 'all')
    OR (asked.kind = 'user' AND (
        EXISTS (SELECT 1 FROM users WHERE id = asked.id AND platform_role = 'admin' AND disabled_at IS NULL)
        OR EXISTS (SELECT 1 FROM team_members m CROSS JOIN grants g WHERE m.user_id = asked.id
            AND g.server_id = asked.server AND g.grantee_type = 'team' AND g.grantee_id = m.team_id)))";
const REACH_OF: &str =
    "SELECT s.name, g.grantee_type, g.role, t.name AS team FROM grants g JOIN servers s ON s.id = g.server_id
    LEFT JOIN teams t ON t.id = g.team_id
    WHERE (g.grantee_type = $1 AND g.grantee_id = $2) OR g.grantee_type = 'everyone'
        OR ($1 = 'user' AND g.team_id IN (SELECT team_id FROM team_members WHERE user_id = $2))
    ORDER BY s.name";
/// At once; as many as a page has rows, most of the time.
const LOOKED_UP: usize = 200;
const NAME: &str = "reach";

#[derive(sqlx::FromRow)]
struct Record {
    subject_type: String,
    id: String,
    name: String,
    detail: String,
    disabled_at: Option<i64>,
    platform_role: String,
    direct: Option<String>,
    entity_key: String,
}

fn role(text: &str) -> Result<ServerRole, StoreError> {
    known(ServerRole::parse(text), "role")
}

/// The row with what its own record says, and its place in the list.
fn row(record: Record) -> Result<(ReachRow, String), StoreError> {
    let direct = record.direct.as_deref().map(role).transpose()?;
    let given = direct.map(|role| Given {
        role,
        source: Source::Direct,
    });
    let row = ReachRow {
        subject: subject(&record.subject_type, record.id)?,
        name: record.name,
        detail: record.detail,
        disabled: record.disabled_at.is_some(),
        platform_role: known(PlatformRole::parse(&record.platform_role), "platform_role")?,
        given: given.into_iter().collect(),
    };
    Ok((row, record.entity_key))
}

/// Servers with the grants that reach one subject; the rows come ordered by server.
fn by_server(rows: Vec<(String, String, String, Option<String>)>) -> Result<Vec<(ServerName, Vec<Given>)>, StoreError> {
    let mut servers: Vec<(ServerName, Vec<Given>)> = Vec::new();
    for (server, kind, given_role, team) in rows {
        let source = match (kind.as_str(), team) {
            ("everyone", _) => Source::Everyone,
            (_, Some(team)) => Source::Team(team),
            (_, None) => Source::Direct,
        };
        let given = Given {
            role: role(&given_role)?,
            source,
        };
        match servers.last_mut() {
            Some((last, grants)) if last.as_str() == server => grants.push(given),
            _ => servers.push((known(ServerName::parse(&server).ok(), "name")?, vec![given])),
        }
    }
    Ok(servers)
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            pub(super) async fn reach_page(
                &mut self,
                server: &ServerId,
                query: &PageQuery,
            ) -> Result<Page<ReachRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let found: Vec<Record> = sqlx::query_as(SUBJECTS)
                    .bind(server.as_str())
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                let rows: Vec<_> = found.into_iter().map(row).collect::<Result<_, _>>()?;
                let mut page = cursor::page(NAME, query, rows, |(_, key)| key.clone())?;
                self.add_others_grants(server, &mut page.items).await?;
                Ok(Page {
                    items: page.items.into_iter().map(|(row, _)| row).collect(),
                    next: page.next,
                })
            }

            /// What reaches them through teams and through everyone.
            async fn add_others_grants(
                &mut self,
                server: &ServerId,
                rows: &mut [(ReachRow, String)],
            ) -> Result<(), StoreError> {
                let (Some((_, first)), Some((_, last))) = (rows.first(), rows.last()) else {
                    return Ok(());
                };
                let through = sqlx::query_as(THROUGH_TEAMS).bind(server.as_str());
                let through: Vec<(String, String, String)> = through
                    .bind(first.clone())
                    .bind(last.clone())
                    .fetch_all(&mut *self.tx)
                    .await?;
                for (user, team, given_role) in through {
                    let of_user = |row: &&mut (ReachRow, String)| {
                        row.0.subject.kind == SubjectKind::User && row.0.subject.id == user
                    };
                    if let Some((row, _)) = rows.iter_mut().find(of_user) {
                        row.given.push(Given {
                            role: role(&given_role)?,
                            source: Source::Team(team),
                        });
                    }
                }
                let everyones = sqlx::query_scalar(EVERYONES).bind(server.as_str());
                let everyones: Option<String> = everyones.fetch_optional(&mut *self.tx).await?;
                if let Some(everyones) = everyones.as_deref().map(role).transpose()? {
                    for (row, _) in rows.iter_mut() {
                        row.given.push(Given {
                            role: everyones,
                            source: Source::Everyone,
                        });
                    }
                }
                Ok(())
            }

            pub(super) async fn subjects_reached(
                &mut self,
                server: &ServerId,
                subjects: &[SubjectRef],
            ) -> Result<Vec<SubjectRef>, StoreError> {
                let mut reached = Vec::with_capacity(subjects.len());
                for piece in subjects.chunks(LOOKED_UP) {
                    let mut sql = QueryBuilder::<$db>::new("WITH asked (server, kind, id) AS (");
                    sql.push_values(piece, |mut row, subject| {
                        row.push_bind(server.as_str())
                            .push_bind(subject.kind.as_str())
                            .push_bind(&subject.id);
                    });
                    sql.push(") ").push(REACHED);
                    let found: Vec<(String, String)> = sql
                        .build_query_as()
                        .persistent(false)
                        .fetch_all(&mut *self.tx)
                        .await?;
                    for (kind, id) in found {
                        reached.push(subject(&kind, id)?);
                    }
                }
                Ok(reached)
            }

            pub(super) async fn servers_reached(
                &mut self,
                subject: &SubjectRef,
            ) -> Result<Vec<(ServerName, Vec<Given>)>, StoreError> {
                let found = sqlx::query_as(REACH_OF)
                    .bind(subject.kind.as_str())
                    .bind(&subject.id);
                by_server(found.fetch_all(&mut *self.tx).await?)
            }
        }
    };
}
for_both!(stamp);
