//! People.

use async_trait::async_trait;
use domain::actor::SubjectRef;
use domain::id::UserId;
use domain::role::PlatformRole;
use domain::timestamp::Timestamp;

use super::work::{Dialect, Tx, for_both, inserted, key, known};
use super::{Page, PageQuery, Place, StoreError, UserRow, Users, cursor};

const INSERT: &str = "INSERT INTO users
    (id, email, name, entity_key, password_hash, platform_role, disabled_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
const UPDATE: &str =
    "UPDATE users SET name = $2, entity_key = $3, password_hash = $4, platform_role = $5, disabled_at = $6
    WHERE id = $1";
/// The stored address is the one that counts: `update` does not change it.
const EMAIL: &str = "SELECT email FROM users WHERE id = $1";
const RENAME_IN_OVERRIDES: &str = "UPDATE overrides SET entity_key = $2 WHERE user_id = $1 AND entity_key <> $2";
/// What every read selects; `i` is the person's invitation.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT u.id, u.email, u.name, u.password_hash, u.platform_role, u.disabled_at, u.created_at,
            i.expires_at AS invited_until FROM users u LEFT JOIN invitations i ON i.user_id = u.id ",
            $rest
        )
    };
}
const FIND: &str = select!("WHERE u.id = $1");
const FIND_BY_EMAIL: &str = select!("WHERE u.email = $1");
const LIST: &str = select!("WHERE u.email > $1 AND u.entity_key LIKE $2 ESCAPE '\\' ORDER BY u.email LIMIT $3");
/// Always in the same order, so that two works do not wait for each other.
const ACTING_ADMINS: &str = "SELECT id FROM users WHERE platform_role = 'admin' AND disabled_at IS NULL ORDER BY id";
const COUNT: &str = "SELECT COUNT(*) FROM users";
const DELETE: &str = "DELETE FROM users WHERE id = $1";
const NAME: &str = "users";

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    email: String,
    name: String,
    password_hash: Option<String>,
    platform_role: String,
    disabled_at: Option<i64>,
    created_at: i64,
    invited_until: Option<i64>,
}

impl TryFrom<Record> for UserRow {
    type Error = StoreError;

    fn try_from(record: Record) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::new(record.id),
            email: record.email,
            name: record.name,
            password_hash: record.password_hash,
            platform_role: known(PlatformRole::parse(&record.platform_role), "platform_role")?,
            disabled_at: record.disabled_at.map(Timestamp),
            created_at: Timestamp(record.created_at),
            invited_until: record.invited_until.map(Timestamp),
        })
    }
}

/// Lower case here and not in SQL: SQLite's `lower()` knows only ASCII.
fn entity_key(user: &UserRow, email: &str) -> String {
    format!(
        "{}\n{email}\n{}",
        user.name.to_lowercase(),
        user.id.as_str().to_lowercase()
    )
}

macro_rules! stamp {
    ($db:ty) => {
        #[async_trait]
        impl Users for Tx<$db> {
            async fn insert(&mut self, user: &UserRow) -> Result<(), StoreError> {
                let email = user.email.to_lowercase();
                let insert = sqlx::query(INSERT)
                    .bind(user.id.as_str())
                    .bind(&email)
                    .bind(&user.name)
                    .bind(entity_key(user, &email))
                    .bind(user.password_hash.as_deref())
                    .bind(user.platform_role.as_str())
                    .bind(user.disabled_at.map(|at| at.0))
                    .bind(user.created_at.0);
                inserted(insert.execute(&mut *self.tx).await?.rows_affected())
            }

            async fn update(&mut self, user: &UserRow) -> Result<bool, StoreError> {
                let email: Option<String> = sqlx::query_scalar(EMAIL)
                    .bind(user.id.as_str())
                    .fetch_optional(&mut *self.tx)
                    .await?;
                let Some(email) = email else { return Ok(false) };
                let key = entity_key(user, &email);
                let update = sqlx::query(UPDATE)
                    .bind(user.id.as_str())
                    .bind(&user.name)
                    .bind(&key)
                    .bind(user.password_hash.as_deref())
                    .bind(user.platform_role.as_str())
                    .bind(user.disabled_at.map(|at| at.0));
                let updated = update.execute(&mut *self.tx).await?.rows_affected() == 1;
                sqlx::query(RENAME_IN_OVERRIDES)
                    .bind(user.id.as_str())
                    .bind(&key)
                    .execute(&mut *self.tx)
                    .await?;
                self.touch(Place::subject(&SubjectRef::user(&user.id)));
                self.mark_revocation().await?;
                Ok(updated)
            }

            async fn find(&mut self, id: &UserId) -> Result<Option<UserRow>, StoreError> {
                let found = sqlx::query_as(FIND).bind(key(id.as_str()));
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn find_by_email(&mut self, email: &str) -> Result<Option<UserRow>, StoreError> {
                let found = sqlx::query_as(FIND_BY_EMAIL).bind(key(email).to_lowercase());
                let found: Option<Record> = found.fetch_optional(&mut *self.tx).await?;
                found.map(TryInto::try_into).transpose()
            }

            async fn list(&mut self, query: &PageQuery) -> Result<Page<UserRow>, StoreError> {
                let after: Option<String> = cursor::place(NAME, query.cursor.as_deref())?;
                let records: Vec<Record> = sqlx::query_as(LIST)
                    .bind(after.unwrap_or_default())
                    .bind(cursor::pattern(query.search.as_deref()).unwrap_or_else(|| "%".to_owned()))
                    .bind(cursor::limits(query.limit).1)
                    .fetch_all(&mut *self.tx)
                    .await?;
                let rows: Vec<UserRow> = records
                    .into_iter()
                    .map(TryInto::try_into)
                    .collect::<Result<_, _>>()?;
                cursor::page(NAME, query, rows, |row| row.email.clone())
            }

            async fn count(&mut self) -> Result<i64, StoreError> {
                Ok(sqlx::query_scalar(COUNT).fetch_one(&mut *self.tx).await?)
            }

            async fn lock_acting_admins(&mut self) -> Result<Vec<UserId>, StoreError> {
                let found: Vec<String> = sqlx::query_scalar(&[ACTING_ADMINS, Self::FOR_UPDATE].concat())
                    .fetch_all(&mut *self.tx)
                    .await?;
                Ok(found.into_iter().map(UserId::new).collect())
            }

            async fn delete(&mut self, id: &UserId) -> Result<bool, StoreError> {
                let delete = sqlx::query(DELETE).bind(id.as_str()).execute(&mut *self.tx);
                let deleted = delete.await?.rows_affected() == 1;
                self.touch(Place::subject(&SubjectRef::user(id)));
                self.mark_revocation().await?;
                Ok(deleted)
            }
        }
    };
}
for_both!(stamp);
