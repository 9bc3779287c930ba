-- Each attempt of a client to go through Meta's sign-up, and how far it came.
CREATE TABLE signups (
    number         INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were begun
    id             TEXT NOT NULL UNIQUE,
    invitation_id  TEXT NOT NULL REFERENCES invitations (id),
    begun_at       INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    step           TEXT NOT NULL,
    waba_id        TEXT, -- Meta's name of the client's account
    number_id      TEXT, -- Meta's name of the phone number
    token          BLOB, -- sealed; gone when the attempt is over
    pin            BLOB, -- sealed; stays, since Meta asks for the same one when the number is registered again
    failure        TEXT  -- why, when it failed
) STRICT;

CREATE INDEX signups_by_invitation ON signups (invitation_id, number);
CREATE INDEX pins_by_number ON signups (number_id, number) WHERE pin IS NOT NULL;
CREATE INDEX signups_unfinished ON signups (number) WHERE step NOT IN ('begun', 'done', 'failed');

-- What messages are sent from: a phone number that is connected to WhatsApp.
CREATE TABLE senders (
    id             TEXT PRIMARY KEY,
    project_id     TEXT NOT NULL REFERENCES projects (id),
    name           TEXT NOT NULL,
    phone_number   TEXT NOT NULL, -- E.164 with its plus sign
    waba_id        TEXT NOT NULL,
    number_id      TEXT NOT NULL,
    token          BLOB NOT NULL, -- sealed
    pin            BLOB,          -- sealed; NULL where the WhatsApp Business App keeps its own
    is_default     INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    invitation_id  TEXT NOT NULL REFERENCES invitations (id), -- that connected it last
    created_at     INTEGER NOT NULL,
    UNIQUE (project_id, number_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX default_sender ON senders (project_id) WHERE is_default = 1;

ALTER TABLE invitations ADD COLUMN connection_type TEXT NOT NULL DEFAULT 'client_number'
    CHECK (connection_type IN ('client_number', 'preassigned', 'coexistence'));
UPDATE invitations SET connection_type = 'preassigned' WHERE phone_number_id IS NOT NULL;

-- The sender that was made when it was completed.
ALTER TABLE invitations ADD COLUMN sender_id TEXT REFERENCES senders (id);

-- Accounts of which Meta's webhook said that they were shared with our app.
CREATE TABLE shared_accounts (
    waba_id  TEXT PRIMARY KEY,
    told_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
