-- Where clients of a project may be sent, and the sites that may have its admin inside of them: scheme, host
-- and port. They were two tables of one form.
CREATE TABLE origins (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    purpose     TEXT NOT NULL CHECK (purpose IN ('redirect', 'embed')),
    origin      TEXT NOT NULL,
    PRIMARY KEY (project_id, purpose, origin)
) STRICT, WITHOUT ROWID;

INSERT INTO origins SELECT project_id, 'redirect', origin FROM redirect_origins;
INSERT INTO origins SELECT project_id, 'embed', origin FROM embed_origins;
DROP TABLE redirect_origins;
DROP TABLE embed_origins;
