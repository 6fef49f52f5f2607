-- What searches look through: the names of a server's overrides, in their order and some fifty in a row, for a row costs more than
-- the names in it. A block holds the names from `low` to the next block's. ../README.md says how it is kept.
CREATE TABLE override_name_blocks (
    server_id TEXT COLLATE "C" NOT NULL,
    low       TEXT COLLATE "C" NOT NULL,
    names     TEXT COLLATE "C" NOT NULL,
    many      BIGINT NOT NULL,
    PRIMARY KEY (server_id, low)
) WITH (toast_tuple_target = 8160);

-- Which names a work has added or taken away. Its blocks are written anew before it is saved; of a program that knows no blocks (an
-- older replica) these rows stay, and until another one's work the server is searched without.
CREATE TABLE override_name_changes (
    server_id  TEXT COLLATE "C" NOT NULL,
    entity_key TEXT COLLATE "C" NOT NULL
);
CREATE INDEX override_name_changes_by_server ON override_name_changes (server_id);

CREATE FUNCTION note_override_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO override_name_changes VALUES (OLD.server_id, OLD.entity_key);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO override_name_changes VALUES (NEW.server_id, NEW.entity_key);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER overrides_note_name AFTER INSERT OR DELETE OR UPDATE OF entity_key ON overrides
    FOR EACH ROW EXECUTE FUNCTION note_override_name();

-- The program writes the blocks of what is there when it has migrated.
INSERT INTO override_name_changes SELECT DISTINCT server_id, '' FROM overrides;
DROP INDEX overrides_by_name;
