-- Why the last attempt to sign up failed; NULL when it did not.
ALTER TABLE invitations ADD COLUMN failure_reason TEXT;

CREATE INDEX open_invitations_by_end ON invitations (expires_at)
    WHERE status IN ('pending', 'in_progress', 'failed');

-- The audit log of invitations: which step was taken when, and by whom. Rows are only ever added.
CREATE TABLE invitation_steps (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    invitation_id   TEXT NOT NULL REFERENCES invitations (id),
    at              INTEGER NOT NULL,
    actor           TEXT NOT NULL CHECK (actor IN ('client', 'partner', 'daemon')),
    from_status     TEXT, -- NULL when it was made
    to_status       TEXT NOT NULL,
    failure_reason  TEXT
) STRICT;

CREATE INDEX steps_by_invitation ON invitation_steps (invitation_id, id);

CREATE TRIGGER steps_stay_as_they_are BEFORE UPDATE ON invitation_steps
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;

CREATE TRIGGER steps_stay BEFORE DELETE ON invitation_steps
BEGIN SELECT RAISE(ABORT, 'the audit log is only ever added to'); END;

-- Each time that Meta was asked to verify a number, as far as we can know: it allows only so many.
CREATE TABLE verification_attempts (
    id               INTEGER PRIMARY KEY,
    phone_number_id  TEXT NOT NULL REFERENCES phone_numbers (id),
    at               INTEGER NOT NULL
) STRICT;

CREATE INDEX attempts_by_number ON verification_attempts (phone_number_id, at);
