-- What a tab of 100,000 overrides can be filtered by stands in each of its sorts, so that a filter that few rows pass reads one
-- index and not all rows. `overrides_by_entity` has had it from the beginning.
DROP INDEX overrides_by_kind;
DROP INDEX overrides_by_update;
DROP INDEX overrides_by_use;
CREATE INDEX overrides_by_kind ON overrides (server_id, kind, entity_key, id, subject_type, condition);
CREATE INDEX overrides_by_update ON overrides (server_id, updated_at, entity_key, id, subject_type, condition);
CREATE INDEX overrides_by_use ON overrides (server_id, last_used_key, entity_key, id, subject_type, condition);
