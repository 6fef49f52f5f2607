//! The text that tells whom teams, or being an admin, give access to a server.

use sqlx::QueryBuilder;

use super::override_page::FEW;
use super::override_sql::Branch;
use super::work::{Tx, for_both};
use super::{OverrideQuery, Part};

/// People who reach a server without a grant of their own. The server's id comes between the two.
const TEAMS: &str = "SELECT m.user_id AS id FROM grants g CROSS JOIN team_members m
    WHERE m.team_id = g.grantee_id AND g.grantee_type = 'team' AND g.server_id = ";
const ADMINS: &str = " UNION ALL SELECT id FROM users WHERE platform_role = 'admin' AND disabled_at IS NULL";
/// Whether the one that `o` is for is among them, looked up for each row: no database makes a table of such a subquery first. The
/// server's id comes between the two.
const REACHED: &str = "(COALESCE((SELECT 1 FROM team_members m CROSS JOIN grants g WHERE m.user_id = o.user_id
        AND g.grantee_type = 'team' AND g.grantee_id = m.team_id AND g.server_id = ";
const OR_ADMIN: &str = " LIMIT 1), 0) > 0 OR COALESCE((SELECT 1 FROM users u
        WHERE u.id = o.user_id AND u.platform_role = 'admin' AND u.disabled_at IS NULL LIMIT 1), 0) > 0)";
/// The same, of which PostgreSQL makes one if it expects to ask for many rows.
const TABLED: &str =
    "(EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id AND u.platform_role = 'admin' AND u.disabled_at IS NULL)
    OR EXISTS (SELECT 1 FROM team_members m CROSS JOIN grants g WHERE m.user_id = o.user_id
        AND g.grantee_type = 'team' AND g.grantee_id = m.team_id AND g.server_id = ";
/// Among so many it shows whether there are enough whom nothing gives access.
const SAMPLE: i64 = 300;

/// How to tell whom teams, or being an admin, give access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Any,
    /// From their overrides, or around them.
    Gathered(bool),
    /// Row by row.
    Asked(bool),
    /// All others, row by row, with a table of them.
    Tabled,
}

macro_rules! stamp {
    ($db:ty) => {
        impl Tx<$db> {
            /// The overrides of those whom they reach, as `reached`, before a page that asks for it.
            pub(super) fn gather(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery, branches: &[Branch]) {
                let gathered = |branch: &Branch| matches!(branch.access, Access::Gathered(_));
                if !branches.iter().any(gathered) {
                    return;
                }
                sql.push("WITH reached AS MATERIALIZED (SELECT DISTINCT x.id FROM (");
                Self::people(sql, query);
                sql.push(") people CROSS JOIN overrides x WHERE x.subject_type = 'user' AND x.subject_id = people.id");
                sql.push(" AND x.server_id = ")
                    .push_bind(query.server.as_str().to_owned());
                sql.push(") ");
            }

            pub(super) fn access(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery, branch: &Branch) {
                match branch.access {
                    // The second comes from there.
                    Access::Any | Access::Gathered(true) => {}
                    Access::Gathered(false) => {
                        sql.push(" AND id NOT IN (SELECT id FROM reached)");
                    }
                    Access::Asked(reached) => {
                        sql.push(if reached { " AND " } else { " AND NOT " });
                        Self::reached(sql, query);
                    }
                    Access::Tabled => {
                        let server = query.server.as_str().to_owned();
                        sql.push(" AND NOT ").push(TABLED).push_bind(server).push("))");
                    }
                }
            }

            fn reached(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery) {
                let server = query.server.as_str().to_owned();
                sql.push(REACHED).push_bind(server).push(OR_ADMIN);
            }

            /// How many people teams, or being an admin, give access, if they are few.
            pub(super) fn people_sql(before: &str, query: &OverrideQuery) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT COUNT(*) FROM (");
                Self::people(&mut sql, query);
                sql.push(format!(" LIMIT {}) few", FEW + 1));
                sql
            }

            /// 0: of some of a part, nobody is without access.
            pub(super) fn others_sql(before: &str, query: &OverrideQuery, part: &Part) -> QueryBuilder<'static, $db> {
                let mut sql = QueryBuilder::<$db>::new(before);
                sql.push("SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT user_id FROM overrides WHERE standing = ");
                sql.push_bind(part.standing.text.clone());
                sql.push(format!(" LIMIT {SAMPLE}) o WHERE NOT "));
                Self::reached(&mut sql, query);
                sql.push(" LIMIT 1) other");
                sql
            }

            fn people(sql: &mut QueryBuilder<'_, $db>, query: &OverrideQuery) {
                sql.push(TEAMS)
                    .push_bind(query.server.as_str().to_owned())
                    .push(ADMINS);
            }
        }
    };
}
for_both!(stamp);
