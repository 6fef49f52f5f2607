-- What searches read from end to end: nothing but names, so that 100,000 of them are as few pages as can be.
CREATE INDEX overrides_by_name ON overrides (server_id, entity_key);
