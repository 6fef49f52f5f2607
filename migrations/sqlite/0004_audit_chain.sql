-- The audit trail becomes a chain, calls are kept as rows, and counted by the hour.
-- ../README.md says why columns are as they are; the other folder's file says the same.

-- Changes. The table is made anew, because SQLite adds no key to an old one; what was there keeps its order.
CREATE TABLE audit_chained (
    -- Its place in the chain: one more than the entry before.
    seq          INTEGER PRIMARY KEY NOT NULL,
    id           TEXT NOT NULL,
    at           BIGINT NOT NULL,
    actor_type   TEXT,
    actor_id     TEXT,
    actor_name   TEXT NOT NULL,
    action       TEXT NOT NULL,
    -- Names are given again after a server is gone, ids are not: who manages a server sees the entries with its id.
    server_id    TEXT,
    server       TEXT,
    subject_type TEXT,
    subject_id   TEXT,
    detail       TEXT NOT NULL,
    -- From where, and with what: a client's address, 'token' or 'session' and its id, the HTTP request.
    address      TEXT,
    via_type     TEXT,
    via_id       TEXT,
    request      TEXT,
    -- HMAC-SHA-256 of the entry and of the hash before. Empty: from before there was a chain; the next start links it.
    hash         BLOB NOT NULL
);
INSERT INTO audit_chained (seq, id, at, actor_type, actor_id, actor_name, action, server_id, server, subject_type, subject_id, detail, hash)
    SELECT ROW_NUMBER() OVER (ORDER BY at, id), id, at, actor_type, actor_id, actor_name, action,
        (SELECT s.id FROM servers s WHERE s.name = audit.server AND s.created_at <= audit.at),
        server, subject_type, subject_id, detail, x''
    FROM audit;
DROP TABLE audit;
ALTER TABLE audit_chained RENAME TO audit;
CREATE INDEX audit_by_time ON audit (at, seq);
CREATE INDEX audit_by_server ON audit (server_id, at, seq);

-- Calls of the gateway, each with the credential it was sent with: a chain of their own, because they are kept for another time
-- and must not make changes wait. No foreign keys: what happened stays, whoever is gone.
CREATE TABLE calls (
    seq             INTEGER PRIMARY KEY NOT NULL,
    at              BIGINT NOT NULL,
    actor_type      TEXT NOT NULL,
    actor_id        TEXT NOT NULL,
    actor_name      TEXT NOT NULL,
    -- 'credential.injected', 'call.forwarded' or 'call.refused'.
    action          TEXT NOT NULL,
    server_id       TEXT,
    server          TEXT,
    method          TEXT NOT NULL,
    -- A tool's or prompt's name; nothing that could be an argument.
    tool            TEXT,
    -- What the caller got, and what the upstream said.
    status          BIGINT NOT NULL,
    upstream_status BIGINT,
    outcome         TEXT NOT NULL,
    failed          BIGINT NOT NULL CHECK (failed IN (0, 1)),
    -- Until the answer began.
    latency_micros  BIGINT NOT NULL,
    -- Which kind of credential, and a keyed hash that tells it from others.
    credential      TEXT NOT NULL,
    fingerprint     TEXT,
    address         TEXT,
    via_type        TEXT,
    via_id          TEXT,
    request         TEXT,
    hash            BLOB NOT NULL
);
CREATE INDEX calls_by_time ON calls (at, seq);
CREATE INDEX calls_by_server ON calls (server_id, at, seq);
CREATE INDEX calls_by_server_name ON calls (server, at, seq);
CREATE INDEX calls_by_actor ON calls (actor_id, at, seq);

-- The ends of both chains: where the next entry goes, and the last one that retention removed.
CREATE TABLE chains (
    name        TEXT PRIMARY KEY NOT NULL,
    seq         BIGINT NOT NULL,
    hash        BLOB NOT NULL,
    anchor_seq  BIGINT NOT NULL,
    anchor_hash BLOB NOT NULL,
    -- HMAC of the anchor: only who has the key can say that entries were removed by right.
    anchor_mac  BLOB NOT NULL
);
INSERT INTO chains (name, seq, hash, anchor_seq, anchor_hash, anchor_mac)
    SELECT 'changes', COUNT(*), x'', 0, x'', x'' FROM audit;
INSERT INTO chains (name, seq, hash, anchor_seq, anchor_hash, anchor_mac) VALUES ('calls', 0, x'', 0, x'', x'');

-- Calls counted by hour, so that a page of a month is as quick as one of a day. One row per step of latency: counts of several
-- replicas add up in any order.
CREATE TABLE usage (
    server_id  TEXT NOT NULL,
    -- Its first second.
    hour       BIGINT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    method     TEXT NOT NULL,
    -- Empty: none.
    tool       TEXT NOT NULL,
    -- domain::latency; -1: refused before it was sent.
    step       BIGINT NOT NULL,
    calls      BIGINT NOT NULL,
    failed     BIGINT NOT NULL,
    PRIMARY KEY (server_id, hour, actor_type, actor_id, method, tool, step)
) WITHOUT ROWID;
CREATE INDEX usage_by_actor ON usage (actor_id, hour);
CREATE INDEX usage_by_hour ON usage (hour);
