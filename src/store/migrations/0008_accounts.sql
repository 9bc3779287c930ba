-- People who sign in to the admin.
CREATE TABLE partners (
    id          TEXT PRIMARY KEY,
    email       TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password    TEXT,    -- argon2id, as a PHC string; NULL until it was first set
    totp        BLOB,    -- sealed; NULL without a second factor
    totp_step   INTEGER, -- whose code was used last: each opens once (RFC 6238 section 5.2)
    language    TEXT,    -- ISO 639-1; NULL for what the browser asks for
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a partner may do in a project.
CREATE TABLE memberships (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    role        TEXT NOT NULL CHECK (role IN ('owner', 'member', 'viewer')),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (project_id, partner_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX memberships_by_partner ON memberships (partner_id);

-- Links by which a password is set, once. Of all tokens here only the SHA-256 is kept.
CREATE TABLE password_links (
    token_hash  BLOB PRIMARY KEY,
    partner_id  TEXT NOT NULL REFERENCES partners (id),
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX password_links_by_partner ON password_links (partner_id);

-- Browsers in which somebody is signed in: a partner, or whoever was let into one project by a link of the
-- project's own backend.
CREATE TABLE logins (
    id          TEXT PRIMARY KEY,
    token_hash  BLOB NOT NULL UNIQUE,
    partner_id  TEXT REFERENCES partners (id),
    project_id  TEXT REFERENCES projects (id),
    role        TEXT CHECK (role IN ('owner', 'member', 'viewer')),
    theme       TEXT,    -- of an embedded one: light or dark
    is_whole    INTEGER NOT NULL CHECK (is_whole IN (0, 1)), -- 0 while the second factor is missing
    address     TEXT NOT NULL,
    browser     TEXT NOT NULL,
    begun_at    INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    CHECK ((partner_id IS NULL) = (project_id IS NOT NULL)),
    CHECK ((project_id IS NULL) = (role IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX logins_by_partner ON logins (partner_id) WHERE partner_id IS NOT NULL;
CREATE INDEX logins_by_end ON logins (expires_at);

-- Wrong passwords and wrong second factors of late, by account and by address. Of both only a hash.
CREATE TABLE login_failures (
    subject  BLOB NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX login_failures_by_subject ON login_failures (subject, at);
CREATE INDEX login_failures_by_time ON login_failures (at);

-- Links that open the admin of one project inside of another site, once.
CREATE TABLE embed_links (
    token_hash  BLOB PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    role        TEXT NOT NULL CHECK (role IN ('owner', 'member', 'viewer')),
    theme       TEXT,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX embed_links_by_end ON embed_links (expires_at);

-- Sites that may have the admin of a project inside of them: scheme, host and port.
CREATE TABLE embed_origins (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    origin      TEXT NOT NULL,
    PRIMARY KEY (project_id, origin)
) STRICT, WITHOUT ROWID;

-- Who did what in a project. Rows are only ever added.
CREATE TABLE audit_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    at          INTEGER NOT NULL,
    actor_kind  TEXT NOT NULL CHECK (actor_kind IN ('partner', 'key', 'embed', 'operator')),
    actor       TEXT, -- a partner's e-mail as it was then, or the id of a key
    action      TEXT NOT NULL,
    subject     TEXT -- the id or name of what it was done to
) STRICT;

CREATE INDEX audit_log_by_project ON audit_log (project_id, id);

CREATE TRIGGER audit_log_stays_as_it_is BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;

CREATE TRIGGER audit_log_stays BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;
