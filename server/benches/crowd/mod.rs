//! 100,000 others with an override on Ada's server, as SQL that both databases take: copies of her own. Nine of ten are people, and the
//! keys they are searched by are as long as people's. A few are in each state.

pub const ROWS: u32 = 100_000;

const NUMBERS: &str =
    "WITH RECURSIVE numbers (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < ";
/// Who a number is. In no order of theirs, as ids are.
const WHO: &str = ") , who (n, type, id, key) AS (SELECT n, CASE n % 10 WHEN 0 THEN 'virtual_account' ELSE 'user' END, \
    CASE n % 10 WHEN 0 THEN 'account-' || n ELSE '019a2b3c-1111-7222-8333-' || (100000000000 + n * 7919 % 100003) END, \
    CASE n % 10 WHEN 0 THEN 'account-' || n ELSE 'person ' || n || '\n' || 'person-' || n || '@example.test' || '\n' || \
        '019a2b3c-1111-7222-8333-' || (100000000000 + n * 7919 % 100003) END FROM numbers) ";
const PEOPLE: &str = "INSERT INTO users (id, email, name, entity_key, platform_role, created_at) \
    SELECT id, 'person-' || n || '@example.test', 'Person ' || n, key, 'member', 0 FROM who WHERE type = 'user'";
const ACCOUNTS: &str = "INSERT INTO virtual_accounts (id, entity_key, description, created_at) \
    SELECT id, key, '', 0 FROM who WHERE type = 'virtual_account'";
/// Four have none.
const GRANTS: &str = "INSERT INTO grants (server_id, grantee_type, grantee_id, role, granted_at) \
    SELECT s.id, type, who.id, 'user', 0 FROM who CROSS JOIN servers s WHERE n % 25000 <> 9";
/// One of a hundred is rejected, one in all suspended, ten have to reconnect, five lack a value, twenty have ended; a hundred will.
const OVERRIDES: &str = "INSERT INTO overrides (id, server_id, subject_type, subject_id, entity_key, kind, condition, sealed, origin, \
    masks, fields, granted, updated_by_type, updated_by_id, updated_by_name, created_at, updated_at, last_used_at, expires_at, \
    version) SELECT '019a2b3c-4444-7555-8666-' || (100000000000 + n * 104729 % 100003), server_id, type, who.id, key, \
    CASE n % 10000 WHEN 1 THEN 'oauth' ELSE kind END, \
    CASE WHEN n = 77 THEN 'suspended' WHEN n % 10000 = 1 THEN 'invalidated' WHEN n % 100 = 0 THEN 'rejected' ELSE condition END, \
    sealed, origin, CASE n % 20000 WHEN 7 THEN '{\"OTHER\":\"\"}' ELSE masks END, CASE n % 20000 WHEN 7 THEN 'OTHER' ELSE fields END, CASE n % 25000 WHEN 9 THEN 0 ELSE 1 END, \
    updated_by_type, updated_by_id, updated_by_name, created_at, created_at + n * 7919 % 1000003, \
    CASE n % 3 WHEN 0 THEN NULL ELSE created_at + n * 104729 % 1000003 END, \
    CASE WHEN n % 5000 = 3 THEN created_at - 1 WHEN n % 1000 = 2 THEN created_at + 86400000 END, version \
    FROM who CROSS JOIN overrides";

fn of_all(rows: &str) -> String {
    format!("{NUMBERS}{ROWS}{WHO}{rows}")
}

pub fn fill() -> Vec<String> {
    [PEOPLE, ACCOUNTS, GRANTS, OVERRIDES].map(of_all).into()
}

pub fn open_to_all() -> Vec<String> {
    let all = "INSERT INTO grants (server_id, grantee_type, grantee_id, role, granted_at) \
        SELECT id, 'everyone', 'all', 'user', 0 FROM servers";
    vec![all.to_owned()]
}

pub fn closed() -> Vec<String> {
    ["DELETE FROM grants", "UPDATE overrides SET granted = 0"]
        .map(str::to_owned)
        .into()
}

/// Of all people but one in a thousand.
pub fn through_a_team() -> Vec<String> {
    [
        "INSERT INTO teams (id, name, search_key, description, created_at) VALUES ('all-staff', 'all-staff', 'all-staff', '', 0)",
        "INSERT INTO team_members (team_id, user_id, added_at) SELECT 'all-staff', id, 0 FROM users WHERE id NOT LIKE '%99'",
        "INSERT INTO grants (server_id, grantee_type, grantee_id, role, granted_at) \
            SELECT id, 'team', 'all-staff', 'user', 0 FROM servers",
    ]
    .map(str::to_owned)
    .into()
}
