-- MCP clients that sign people in here (B10): clients that registered themselves, what people allowed, and what was issued for it.

CREATE TABLE login_clients (
    id            TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name          TEXT,
    -- A JSON list.
    redirect_uris TEXT NOT NULL,
    refreshes     BIGINT NOT NULL CHECK (refreshes IN (0, 1)),
    created_at    BIGINT NOT NULL,
    -- When somebody last allowed it something; before that, when it registered.
    used_at       BIGINT NOT NULL
);
CREATE INDEX login_clients_by_use ON login_clients (used_at, id);

-- Good once, for a minute.
CREATE TABLE login_codes (
    -- SHA-256 of the code.
    hash         BYTEA PRIMARY KEY NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    server_id    TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    -- A registered client's id, or the address of a client's description.
    client_id    TEXT COLLATE "C" NOT NULL,
    client_name  TEXT NOT NULL,
    place        TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    refreshes    BIGINT NOT NULL CHECK (refreshes IN (0, 1)),
    expires_at   BIGINT NOT NULL
);
CREATE INDEX login_codes_by_expiry ON login_codes (expires_at);
CREATE INDEX login_codes_by_user ON login_codes (user_id);
CREATE INDEX login_codes_by_server ON login_codes (server_id);

-- One client's access to one server in one person's name: what a used code became. Everything issued for it goes with it.
CREATE TABLE login_grants (
    id           TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    server_id    TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    client_id    TEXT COLLATE "C" NOT NULL,
    client_name  TEXT NOT NULL,
    -- Where the client had its person sent back to, as people recognise it.
    place        TEXT NOT NULL,
    -- Whoever shows this code again has a copy.
    code_hash    BYTEA NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT,
    -- When the last of its tokens ends.
    expires_at   BIGINT NOT NULL
);
CREATE INDEX login_grants_by_user ON login_grants (user_id, created_at, id);
CREATE INDEX login_grants_by_server ON login_grants (server_id);
CREATE INDEX login_grants_by_client ON login_grants (client_id);
CREATE INDEX login_grants_by_expiry ON login_grants (expires_at);

CREATE TABLE login_tokens (
    -- SHA-256 of the token.
    hash       BYTEA PRIMARY KEY NOT NULL,
    grant_id   TEXT COLLATE "C" NOT NULL REFERENCES login_grants (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('access', 'refresh')),
    expires_at BIGINT NOT NULL,
    -- Of refresh tokens: when a newer one took its place. It stays, so that a copy is noticed.
    used_at    BIGINT
);
CREATE INDEX login_tokens_by_grant ON login_tokens (grant_id);
CREATE INDEX login_tokens_by_expiry ON login_tokens (expires_at);
