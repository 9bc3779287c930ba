-- Verifications of our own: Meta calls a number of ours, we hear the code and hand it in.
CREATE TABLE verifications (
    number           INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were begun
    id               TEXT NOT NULL UNIQUE,
    phone_number_id  TEXT NOT NULL REFERENCES phone_numbers (id),
    sender_id        TEXT NOT NULL REFERENCES senders (id), -- by whose token Meta is asked
    number_id        TEXT NOT NULL, -- Meta's name of the phone number
    begun_at         INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    step             TEXT NOT NULL,
    waits_until      INTEGER, -- set when Meta is asked to call: for so long a call is waited for
    failure          TEXT     -- why, when it failed
) STRICT;

CREATE UNIQUE INDEX verification_under_way ON verifications (phone_number_id)
    WHERE step NOT IN ('verified', 'failed');

-- A call is for the client of an invitation, or for a verification.
CREATE TABLE calls_for_either (
    id               TEXT PRIMARY KEY,
    project_id       TEXT NOT NULL REFERENCES projects (id),
    phone_number_id  TEXT NOT NULL REFERENCES phone_numbers (id),
    invitation_id    TEXT REFERENCES invitations (id),
    verification_id  TEXT REFERENCES verifications (id),
    trunk            TEXT NOT NULL,
    sip_call_id      TEXT NOT NULL,
    caller           TEXT,
    rang_at          INTEGER NOT NULL,
    answered_at      INTEGER,
    ended_at         INTEGER,
    outcome          TEXT, -- set together with ended_at
    confidence       REAL, -- of the code that was read, 0 to 1
    CHECK ((invitation_id IS NULL) <> (verification_id IS NULL))
) STRICT, WITHOUT ROWID;

INSERT INTO calls_for_either
    SELECT id, project_id, phone_number_id, invitation_id, NULL, trunk, sip_call_id, caller, rang_at,
           answered_at, ended_at, outcome, confidence
    FROM calls;
DROP TABLE calls;
ALTER TABLE calls_for_either RENAME TO calls;

CREATE INDEX calls_by_invitation ON calls (invitation_id, id) WHERE invitation_id IS NOT NULL;
CREATE INDEX calls_by_verification ON calls (verification_id, id) WHERE verification_id IS NOT NULL;
CREATE INDEX calls_going_on ON calls (id) WHERE ended_at IS NULL;

-- A code belongs to its call, and so to whom the call is for.
CREATE TABLE codes_of_calls (
    call_id      TEXT PRIMARY KEY REFERENCES calls (id),
    code         TEXT NOT NULL,
    read_at      INTEGER NOT NULL,
    valid_until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO codes_of_calls SELECT call_id, code, read_at, valid_until FROM codes;
DROP TABLE codes;
ALTER TABLE codes_of_calls RENAME TO codes;

CREATE INDEX codes_by_end ON codes (valid_until);

-- What a call has told its page, and since when.
CREATE INDEX events_by_call ON events (call_id, id) WHERE call_id IS NOT NULL;
