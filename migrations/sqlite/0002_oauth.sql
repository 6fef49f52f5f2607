-- OAuth tokens that the gateway got for a subject, consents on their way, and the clients that providers registered for us.

-- JSON for oauth overrides, NULL for manual ones: issuer, scopes, end of the access token, id of the consent. No secret.
ALTER TABLE overrides ADD COLUMN consent TEXT;
-- Scopes that the upstream missed in a call (403 insufficient_scope), separated by spaces: the next consent asks for them too.
ALTER TABLE overrides ADD COLUMN wanted_scopes TEXT;
-- One renewal per token at a time, over all replicas: who claims the row renews, everybody else waits for its new version. A
-- claim ends by itself, so that a replica that died meanwhile stops nobody.
ALTER TABLE overrides ADD COLUMN renewing_until BIGINT;

CREATE TABLE consents (
    -- SHA-256 of the state in the provider's address.
    state_hash   BLOB PRIMARY KEY NOT NULL,
    -- The browser session that began it; signing out ends it.
    session_hash BLOB NOT NULL REFERENCES sessions (id_hash) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    server_id    TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    -- The PKCE verifier and what the answer is held against.
    sealed       BLOB NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX consents_by_expiry ON consents (expires_at);
CREATE INDEX consents_by_session ON consents (session_hash);
CREATE INDEX consents_by_user ON consents (user_id);
CREATE INDEX consents_by_server ON consents (server_id);

CREATE TABLE oauth_clients (
    server_id  TEXT NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
    issuer     TEXT NOT NULL,
    -- Client id and secret, as the provider registered them (RFC 7591).
    sealed     BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (server_id, issuer)
);
