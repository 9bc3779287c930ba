-- Moments are milliseconds since the Unix epoch, UTC. Identifiers are made by the application.

CREATE TABLE projects (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE phone_numbers (
    id          TEXT PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    number      TEXT NOT NULL UNIQUE, -- E.164 with its plus sign
    name        TEXT,
    status      TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'pending')),
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
    id               TEXT PRIMARY KEY,
    project_id       TEXT NOT NULL REFERENCES projects (id),
    token            TEXT NOT NULL,        -- kept, because the partner may copy the link again
    token_hash       BLOB NOT NULL UNIQUE, -- SHA-256: looked up instead of the token, so that timing tells nothing
    status           TEXT NOT NULL CHECK (status IN
                       ('pending', 'in_progress', 'completed', 'failed', 'expired', 'cancelled')),
    client_name      TEXT,
    client_email     TEXT,
    language         TEXT, -- ISO 639-1
    phone_number_id  TEXT REFERENCES phone_numbers (id),
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX invitations_by_project ON invitations (project_id, id);

-- A number serves at most one open invitation.
CREATE UNIQUE INDEX open_invitation_by_number ON invitations (phone_number_id)
    WHERE status IN ('pending', 'in_progress', 'failed');

CREATE TABLE calls (
    id               TEXT PRIMARY KEY,
    project_id       TEXT NOT NULL REFERENCES projects (id),
    phone_number_id  TEXT NOT NULL REFERENCES phone_numbers (id),
    invitation_id    TEXT NOT NULL REFERENCES invitations (id),
    trunk            TEXT NOT NULL,
    sip_call_id      TEXT NOT NULL,
    caller           TEXT,
    rang_at          INTEGER NOT NULL,
    answered_at      INTEGER,
    ended_at         INTEGER,
    outcome          TEXT, -- set together with ended_at
    confidence       REAL  -- of the code that was read, 0 to 1
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_invitation ON calls (invitation_id, id);
CREATE INDEX calls_going_on ON calls (id) WHERE ended_at IS NULL;

-- A row lives as long as its code is valid, then it is deleted and overwritten (secure_delete).
CREATE TABLE codes (
    call_id        TEXT PRIMARY KEY REFERENCES calls (id),
    invitation_id  TEXT NOT NULL REFERENCES invitations (id),
    code           TEXT NOT NULL,
    read_at        INTEGER NOT NULL,
    valid_until    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX codes_by_invitation ON codes (invitation_id, read_at);
CREATE INDEX codes_by_end ON codes (valid_until);

-- What happened, in order. An event with a stage changed what the invitation page shows.
CREATE TABLE events (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id     TEXT NOT NULL REFERENCES projects (id),
    invitation_id  TEXT NOT NULL REFERENCES invitations (id),
    call_id        TEXT REFERENCES calls (id),
    kind           TEXT NOT NULL,
    at             INTEGER NOT NULL,
    stage          TEXT,    -- JSON
    stage_dies_at  INTEGER  -- when the stage holds digits: the moment they are erased
) STRICT;

CREATE INDEX stages_by_invitation ON events (invitation_id, id) WHERE stage IS NOT NULL;
CREATE INDEX stages_by_end ON events (stage_dies_at) WHERE stage_dies_at IS NOT NULL;
