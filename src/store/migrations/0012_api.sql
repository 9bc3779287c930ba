-- What programs of partners say of an invitation, besides what the admin does.
ALTER TABLE invitations ADD COLUMN client_phone TEXT;      -- E.164
ALTER TABLE invitations ADD COLUMN allowed_countries TEXT; -- ISO 3166-1, with blanks between them
ALTER TABLE invitations ADD COLUMN theme TEXT CHECK (theme IN ('light', 'dark'));

CREATE INDEX invitations_by_status ON invitations (project_id, status, id);

ALTER TABLE phone_numbers ADD COLUMN updated_at INTEGER;

-- A sender may be named before its number is connected to WhatsApp, and stays known when it is removed,
-- since invitations and messages go on telling of it.
CREATE TABLE senders_before_and_after (
    id             TEXT PRIMARY KEY,
    project_id     TEXT NOT NULL REFERENCES projects (id),
    name           TEXT NOT NULL,
    phone_number   TEXT NOT NULL, -- E.164 with its plus sign
    waba_id        TEXT,          -- this one and the next two: NULL while it is not connected
    number_id      TEXT,
    token          BLOB,          -- sealed
    pin            BLOB,          -- sealed; NULL where the WhatsApp Business App keeps its own
    is_default     INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    invitation_id  TEXT REFERENCES invitations (id), -- that connected it last
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    removed_at     INTEGER,
    UNIQUE (project_id, number_id)
) STRICT, WITHOUT ROWID;

INSERT INTO senders_before_and_after
    SELECT id, project_id, name, phone_number, waba_id, number_id, token, pin, is_default, invitation_id,
           created_at, created_at, NULL
    FROM senders;
DROP TABLE senders;
ALTER TABLE senders_before_and_after RENAME TO senders;

CREATE UNIQUE INDEX default_sender ON senders (project_id) WHERE is_default = 1;
CREATE INDEX senders_by_project ON senders (project_id, id);
CREATE INDEX senders_by_phone_number ON senders (project_id, phone_number);

-- Where a partner's programs are told of changes: of the invitations of a project, or of a sender.
CREATE TABLE webhooks (
    id                TEXT PRIMARY KEY,
    project_id        TEXT NOT NULL REFERENCES projects (id),
    sender_id         TEXT REFERENCES senders (id), -- NULL: that of the project's invitations
    url               TEXT NOT NULL,
    events            TEXT NOT NULL, -- names with blanks between them
    is_active         INTEGER NOT NULL CHECK (is_active IN (0, 1)),
    signatures        TEXT NOT NULL CHECK (signatures IN ('v1', 'v1+v2', 'v2')),
    secret            BLOB NOT NULL, -- sealed
    earlier_secret    BLOB,          -- sealed; signs as well until
    earlier_until     INTEGER,
    paused_at         INTEGER,       -- nobody answered there for too long
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX webhook_of_invitations ON webhooks (project_id) WHERE sender_id IS NULL;
CREATE UNIQUE INDEX webhook_of_sender ON webhooks (sender_id) WHERE sender_id IS NOT NULL;

-- What has to be told: written in the transaction of the change that it tells of.
CREATE TABLE webhook_events (
    number       INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which it happened
    id           TEXT NOT NULL UNIQUE,
    webhook_id   TEXT NOT NULL REFERENCES webhooks (id),
    project_id   TEXT NOT NULL REFERENCES projects (id),
    subject      TEXT NOT NULL, -- the invitation or message: told of in order
    kind         TEXT NOT NULL,
    body         TEXT NOT NULL, -- the JSON that is sent, each time the same bytes
    at           INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'given_up')),
    tries        INTEGER NOT NULL,
    next_try_at  INTEGER NOT NULL,
    settled_at   INTEGER -- since when it waits no more
) STRICT;

CREATE INDEX webhook_events_waiting ON webhook_events (webhook_id, subject, number)
    WHERE state = 'waiting';
CREATE INDEX webhook_events_by_project ON webhook_events (project_id, number);
CREATE INDEX webhook_events_settled ON webhook_events (settled_at) WHERE settled_at IS NOT NULL;

-- Each try, and what came of it.
CREATE TABLE webhook_tries (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    event_number  INTEGER NOT NULL REFERENCES webhook_events (number) ON DELETE CASCADE,
    at            INTEGER NOT NULL,
    took_ms       INTEGER NOT NULL,
    status        INTEGER, -- of the answer; NULL when there was none
    failure       TEXT     -- why it does not count as delivered
) STRICT;

CREATE INDEX webhook_tries_by_event ON webhook_tries (event_number, number);

CREATE TABLE messages (
    id           TEXT PRIMARY KEY,
    project_id   TEXT NOT NULL REFERENCES projects (id),
    sender_id    TEXT NOT NULL REFERENCES senders (id),
    is_inbound   INTEGER NOT NULL CHECK (is_inbound IN (0, 1)),
    other_end    TEXT NOT NULL, -- E.164: to whom, or from whom
    text         TEXT NOT NULL,
    metadata     TEXT,          -- JSON, the partner's own
    status       TEXT NOT NULL,
    provider_id  TEXT UNIQUE,   -- Meta's name of it
    error_code   TEXT,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX messages_by_project ON messages (project_id, id);
CREATE INDEX messages_to_send ON messages (id) WHERE status IN ('queued', 'sending');

-- What was answered to a request that may be sent again, so that it is done once (Idempotency-Key).
CREATE TABLE api_answers (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    key         TEXT NOT NULL,
    request     BLOB NOT NULL, -- SHA-256
    status      INTEGER NOT NULL,
    body        BLOB NOT NULL, -- sealed: it may hold a secret
    at          INTEGER NOT NULL,
    PRIMARY KEY (project_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_answers_by_age ON api_answers (at);
