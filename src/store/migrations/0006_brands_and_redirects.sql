-- How a project shows itself to clients. Without a company of its own it goes by its name.
ALTER TABLE projects ADD COLUMN company TEXT;
ALTER TABLE projects ADD COLUMN colour TEXT; -- #rrggbb

-- Each is a row of its own: a page needs the version, and hardly ever the bytes.
CREATE TABLE logos (
    project_id  TEXT PRIMARY KEY REFERENCES projects (id),
    version     TEXT NOT NULL, -- the beginning of the SHA-256 of the bytes
    kind        TEXT NOT NULL CHECK (kind IN ('image/png', 'image/jpeg', 'image/webp')),
    bytes       BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Where clients of a project may be sent: scheme, host and port.
CREATE TABLE redirect_origins (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    origin      TEXT NOT NULL,
    PRIMARY KEY (project_id, origin)
) STRICT, WITHOUT ROWID;

-- Where the client is sent when WhatsApp is connected, and where back when that failed.
ALTER TABLE invitations ADD COLUMN success_url TEXT;
ALTER TABLE invitations ADD COLUMN failure_url TEXT;
ALTER TABLE invitations ADD COLUMN redirect_state TEXT; -- what whoever is there knows the client by
