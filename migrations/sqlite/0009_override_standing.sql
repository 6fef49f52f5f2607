-- Every filter of the overrides tab as a range of an index. ../README.md says why columns are as they are.

-- Made anew below; until then they would only be kept up.
DROP INDEX overrides_by_entity;
DROP INDEX overrides_by_kind;
DROP INDEX overrides_by_update;
DROP INDEX overrides_by_use;

-- The keys of `masks`, separated by commas: which values the override holds.
ALTER TABLE overrides ADD COLUMN fields TEXT NOT NULL DEFAULT '';
UPDATE overrides SET fields = COALESCE((SELECT group_concat(key, ',') FROM (SELECT key FROM json_each(masks) ORDER BY key)), '');
-- Whether its subject has a grant of its own on the server. Written with the grant and with the override, both under the server's lock.
ALTER TABLE overrides ADD COLUMN granted BIGINT NOT NULL DEFAULT 0 CHECK (granted IN (0, 1));
UPDATE overrides SET granted = 1 WHERE EXISTS (SELECT 1 FROM grants g
    WHERE g.server_id = overrides.server_id AND g.grantee_type = overrides.subject_type AND g.grantee_id = overrides.subject_id);
-- All that decides the state to show, but for the clock, everyone's access and that through teams. There are few of these on a
-- server; which of them a state consists of is asked of the rule (`domain::overrides`), so that SQL repeats none of it.
ALTER TABLE overrides ADD COLUMN standing TEXT GENERATED ALWAYS AS (
    server_id || ' ' || subject_type || ' ' || kind || ' ' || condition || ' '
    || CASE granted WHEN 1 THEN 'granted' ELSE 'other' END || ' '
    || CASE WHEN expires_at IS NULL THEN 'lasting' ELSE 'ending' END || ' ' || fields) VIRTUAL;

-- One index per sort for all there are, and one for each standing: kinds do not differ within one. The server's id is in the standing, so
-- that no database takes an index of all for one of these.
CREATE INDEX overrides_by_entity ON overrides (server_id, entity_key, id);
CREATE INDEX overrides_by_kind ON overrides (server_id, kind, entity_key, id);
CREATE INDEX overrides_by_update ON overrides (server_id, updated_at, entity_key, id);
CREATE INDEX overrides_by_use ON overrides (server_id, last_used_key, entity_key, id);
CREATE INDEX overrides_standing_by_entity ON overrides (standing, entity_key, id, kind, expires_at);
CREATE INDEX overrides_standing_by_update ON overrides (standing, updated_at, entity_key, id, expires_at);
CREATE INDEX overrides_standing_by_use ON overrides (standing, last_used_key, entity_key, id, expires_at);
-- What there is, how many, and which end soonest: small, so that counting 100,000 takes few pages.
CREATE INDEX overrides_by_standing ON overrides (server_id, standing, expires_at);

-- They reach every server without a grant.
CREATE INDEX users_acting_admins ON users (id) WHERE platform_role = 'admin' AND disabled_at IS NULL;
