-- What searches look through: the names of a server's overrides, in their order and some fifty in a row, for a row costs more than
-- the names in it. A block holds the names from `low` to the next block's. ../README.md says how it is kept.
CREATE TABLE override_name_blocks (
    server_id TEXT NOT NULL,
    low       TEXT NOT NULL,
    names     TEXT NOT NULL,
    many      BIGINT NOT NULL,
    PRIMARY KEY (server_id, low)
);

-- Which names a work has added or taken away. Its blocks are written anew before it is saved; of a program that knows no blocks (an
-- older one) these rows stay, and until another one's work the server is searched without.
CREATE TABLE override_name_changes (
    server_id  TEXT NOT NULL,
    entity_key TEXT NOT NULL
);
CREATE INDEX override_name_changes_by_server ON override_name_changes (server_id);

CREATE TRIGGER overrides_note_added AFTER INSERT ON overrides BEGIN
    INSERT INTO override_name_changes VALUES (NEW.server_id, NEW.entity_key);
END;
CREATE TRIGGER overrides_note_deleted AFTER DELETE ON overrides BEGIN
    INSERT INTO override_name_changes VALUES (OLD.server_id, OLD.entity_key);
END;
CREATE TRIGGER overrides_note_renamed AFTER UPDATE OF entity_key ON overrides BEGIN
    INSERT INTO override_name_changes VALUES (OLD.server_id, OLD.entity_key), (NEW.server_id, NEW.entity_key);
END;

-- The program writes the blocks of what is there when it has migrated.
INSERT INTO override_name_changes SELECT DISTINCT server_id, '' FROM overrides;
DROP INDEX overrides_by_name;
