-- Teams, invitations, owners of virtual accounts, tokens that are replaced, and what open streams look for.

CREATE TABLE teams (
    id          TEXT COLLATE "C" PRIMARY KEY NOT NULL,
    name        TEXT COLLATE "C" NOT NULL UNIQUE,
    -- Lower case name and description.
    search_key  TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE team_members (
    team_id  TEXT COLLATE "C" NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (team_id, user_id)
);
-- Every call asks for a person's teams.
CREATE INDEX team_members_by_user ON team_members (user_id, team_id);

ALTER TABLE grants ADD COLUMN team_id TEXT COLLATE "C" GENERATED ALWAYS AS (CASE WHEN grantee_type = 'team' THEN grantee_id END) STORED
    REFERENCES teams (id) ON DELETE CASCADE;
CREATE INDEX grants_by_team ON grants (team_id);

-- One for each person at most: a new link ends the one before.
CREATE TABLE invitations (
    user_id    TEXT PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the link's token, which is stored nowhere.
    hash       BYTEA NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Who answers for it, and may replace its tokens.
ALTER TABLE virtual_accounts ADD COLUMN owner_id TEXT REFERENCES users (id) ON DELETE SET NULL;
UPDATE virtual_accounts SET owner_id = created_by;
CREATE INDEX virtual_accounts_by_owner ON virtual_accounts (owner_id, id);

-- When it was replaced by another one (rotation): it goes on working until it expires, and is not replaced twice.
ALTER TABLE tokens ADD COLUMN replaced_at BIGINT;

-- Somebody lost a right just now: open streams look again. Rows are worth nothing after a few minutes.
CREATE TABLE revocations (
    -- A UUID of version 7: its time is in it.
    id TEXT COLLATE "C" PRIMARY KEY NOT NULL
);
