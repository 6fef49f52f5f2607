-- What people and programs are to be told (webhook, mail): written with the change that it tells of, sent in the background.

CREATE TABLE notices (
    -- A UUID of version 7; receivers tell repetitions by it.
    id          TEXT PRIMARY KEY NOT NULL,
    -- 'webhook' or 'mail'.
    channel     TEXT NOT NULL,
    -- What it tells of: for one channel it is told once.
    once        TEXT NOT NULL,
    event       TEXT NOT NULL,
    -- A mail address; empty for a webhook.
    recipient   TEXT NOT NULL,
    -- JSON, as a webhook gets it. No secret.
    payload     TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    -- 'waiting', 'sent' or 'failed'.
    state       TEXT NOT NULL,
    -- How often it was taken up. Who settles it names the count that was seen: who took too long has no say.
    attempts    BIGINT NOT NULL,
    -- When it is taken up next. Taking it up moves that on, so that one replica sends it, and another one if that one dies.
    next_at     BIGINT NOT NULL,
    finished_at BIGINT,
    -- Why the last try failed.
    problem     TEXT,
    UNIQUE (once, channel)
);
CREATE INDEX notices_by_turn ON notices (state, next_at, id);

CREATE INDEX overrides_by_expiry ON overrides (expires_at, id) WHERE expires_at IS NOT NULL;
