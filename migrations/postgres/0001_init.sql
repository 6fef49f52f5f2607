-- The schema of the first release. ../README.md says why columns are as they are; the other folder's file says the same.

CREATE TABLE users (
    id            TEXT PRIMARY KEY NOT NULL,
    email         TEXT COLLATE "C" NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    -- Lower case name, e-mail address and id, one per line: what lists sort by and search in.
    entity_key    TEXT COLLATE "C" NOT NULL,
    password_hash TEXT,
    platform_role TEXT NOT NULL,
    disabled_at   BIGINT,
    created_at    BIGINT NOT NULL
);

CREATE TABLE virtual_accounts (
    -- Its name.
    id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    -- The id in lower case.
    entity_key  TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    created_by  TEXT REFERENCES users (id) ON DELETE SET NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE servers (
    id             TEXT PRIMARY KEY NOT NULL,
    name           TEXT COLLATE "C" NOT NULL UNIQUE,
    -- Lower case name, description and URL.
    search_key     TEXT COLLATE "C" NOT NULL,
    url            TEXT NOT NULL,
    description    TEXT NOT NULL,
    mode           TEXT NOT NULL,
    outbound       TEXT NOT NULL,
    secrets        BYTEA,
    allow_optional BIGINT NOT NULL CHECK (allow_optional IN (0, 1)),
    revision       BIGINT NOT NULL,
    created_by     TEXT REFERENCES users (id) ON DELETE SET NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL
);

CREATE TABLE grants (
    server_id          TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    -- 'user', 'virtual_account', ... or 'everyone' with the id 'all'.
    grantee_type       TEXT COLLATE "C" NOT NULL,
    grantee_id         TEXT COLLATE "C" NOT NULL,
    user_id            TEXT GENERATED ALWAYS AS (CASE WHEN grantee_type = 'user' THEN grantee_id END) STORED
                       REFERENCES users (id) ON DELETE CASCADE,
    virtual_account_id TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN grantee_type = 'virtual_account' THEN grantee_id END) STORED
                       REFERENCES virtual_accounts (id) ON DELETE CASCADE,
    role               TEXT NOT NULL,
    granted_at         BIGINT NOT NULL,
    PRIMARY KEY (server_id, grantee_type, grantee_id)
);
CREATE INDEX grants_by_grantee ON grants (grantee_type, grantee_id, server_id, role);
CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX grants_by_virtual_account ON grants (virtual_account_id);

CREATE TABLE overrides (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    server_id          TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    subject_type       TEXT COLLATE "C" NOT NULL,
    subject_id         TEXT COLLATE "C" NOT NULL,
    user_id            TEXT GENERATED ALWAYS AS (CASE WHEN subject_type = 'user' THEN subject_id END) STORED
                       REFERENCES users (id) ON DELETE CASCADE,
    virtual_account_id TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN subject_type = 'virtual_account' THEN subject_id END) STORED
                       REFERENCES virtual_accounts (id) ON DELETE CASCADE,
    -- The subject's entity_key, copied: sorting and searching 100,000 rows by a joined table's column would read and sort them
    -- all for every page; copied, it stands in the indexes below. Renaming a user renews the copies in the same transaction.
    entity_key         TEXT COLLATE "C" NOT NULL,
    kind               TEXT COLLATE "C" NOT NULL,
    condition          TEXT NOT NULL,
    sealed             BYTEA NOT NULL,
    origin             TEXT NOT NULL,
    masks              TEXT NOT NULL,
    updated_by_type    TEXT NOT NULL,
    updated_by_id      TEXT NOT NULL,
    updated_by_name    TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    last_used_at       BIGINT,
    -- Never counts as longest ago: NULL cannot be compared in a keyset.
    last_used_key      BIGINT NOT NULL GENERATED ALWAYS AS (COALESCE(last_used_at, 0)) STORED,
    last_verified_at   BIGINT,
    expires_at         BIGINT,
    version            BIGINT NOT NULL,
    -- D02. Also what a gateway call looks up.
    UNIQUE (server_id, subject_type, subject_id, kind)
);
-- One index per sort, unique by its last column, so that a page is one range of it. entity_key stands in each for the search;
-- the two trailing columns of the first let it count the matches of every filter without reading rows.
CREATE INDEX overrides_by_entity ON overrides (server_id, entity_key, id, subject_type, condition);
CREATE INDEX overrides_by_kind ON overrides (server_id, kind, entity_key, id);
CREATE INDEX overrides_by_update ON overrides (server_id, updated_at, entity_key, id);
CREATE INDEX overrides_by_use ON overrides (server_id, last_used_key, entity_key, id);
CREATE INDEX overrides_by_subject ON overrides (subject_type, subject_id);
CREATE INDEX overrides_by_user ON overrides (user_id);
CREATE INDEX overrides_by_virtual_account ON overrides (virtual_account_id);

CREATE TABLE tokens (
    id                 TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    owner_type         TEXT NOT NULL,
    owner_id           TEXT NOT NULL,
    user_id            TEXT GENERATED ALWAYS AS (CASE WHEN owner_type = 'user' THEN owner_id END) STORED
                       REFERENCES users (id) ON DELETE CASCADE,
    virtual_account_id TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN owner_type = 'virtual_account' THEN owner_id END) STORED
                       REFERENCES virtual_accounts (id) ON DELETE CASCADE,
    name               TEXT NOT NULL,
    -- SHA-256 of the token, which is stored nowhere.
    hash               BYTEA NOT NULL UNIQUE,
    hint               TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT,
    last_used_at       BIGINT
);
CREATE INDEX tokens_by_owner ON tokens (owner_type, owner_id, created_at);
CREATE INDEX tokens_by_user ON tokens (user_id);
CREATE INDEX tokens_by_virtual_account ON tokens (virtual_account_id);

CREATE TABLE sessions (
    -- SHA-256 of the id in the cookie.
    id_hash    BYTEA PRIMARY KEY NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    data       TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX sessions_by_user ON sessions (user_id);

-- No foreign keys: what happened stays, whoever is gone.
CREATE TABLE audit (
    id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    at           BIGINT NOT NULL,
    actor_type   TEXT,
    actor_id     TEXT,
    actor_name   TEXT NOT NULL,
    action       TEXT NOT NULL,
    server       TEXT,
    subject_type TEXT,
    subject_id   TEXT,
    detail       TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at, id);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
);
