-- What programs of a partner prove themselves with. The key itself is kept nowhere.
CREATE TABLE api_keys (
    id            TEXT PRIMARY KEY,
    project_id    TEXT NOT NULL REFERENCES projects (id), -- the live one, for a test key as well
    mode          TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    name          TEXT NOT NULL,
    key_hash      BLOB NOT NULL UNIQUE, -- SHA-256
    last_four     TEXT NOT NULL,        -- of the key, for people to tell it by
    scopes        TEXT NOT NULL,        -- names with blanks between them
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER,              -- to the minute
    revoked_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_project ON api_keys (project_id, id);

-- The project that this one is the test of: what test keys see lies in a project of its own, made
-- when the first of them is used, so that nothing of it can be taken for something real.
ALTER TABLE projects ADD COLUMN test_of TEXT REFERENCES projects (id);
CREATE UNIQUE INDEX test_projects ON projects (test_of) WHERE test_of IS NOT NULL;
