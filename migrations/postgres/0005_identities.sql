-- Callers that identity providers name: people who signed on, and external identities (B02).

-- Whom an issuer and a subject stand for. An e-mail address never does.
CREATE TABLE user_identities (
    issuer     TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_at  BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    -- One provider knows a person once.
    UNIQUE (user_id, issuer)
);

CREATE TABLE external_identities (
    id         TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    issuer     TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    name       TEXT NOT NULL,
    -- Lower case name, issuer, subject and id, one per line: what lists sort by and search in.
    entity_key TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX external_identities_by_key ON external_identities (entity_key);

ALTER TABLE grants ADD COLUMN external_identity_id TEXT COLLATE "C" GENERATED ALWAYS AS
    (CASE WHEN grantee_type = 'external_identity' THEN grantee_id END) STORED REFERENCES external_identities (id) ON DELETE CASCADE;
CREATE INDEX grants_by_external_identity ON grants (external_identity_id);
ALTER TABLE overrides ADD COLUMN external_identity_id TEXT COLLATE "C" GENERATED ALWAYS AS
    (CASE WHEN subject_type = 'external_identity' THEN subject_id END) STORED REFERENCES external_identities (id) ON DELETE CASCADE;
CREATE INDEX overrides_by_external_identity ON overrides (external_identity_id);

-- Sign-ons whose answer came: what a browser holds of one is good once, at every replica.
CREATE TABLE used_sign_ons (
    -- SHA-256 of the state.
    state_hash BYTEA PRIMARY KEY NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_sign_ons_by_expiry ON used_sign_ons (expires_at);
