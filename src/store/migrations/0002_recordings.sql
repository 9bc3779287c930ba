-- Which calls have a recording. The files lie outside of the database; a row goes after its file.
CREATE TABLE recordings (
    call_id        TEXT PRIMARY KEY REFERENCES calls (id),
    invitation_id  TEXT NOT NULL REFERENCES invitations (id),
    kept_until     INTEGER -- NULL while the call goes on
) STRICT, WITHOUT ROWID;

-- When each has to be erased: nobody listens any more once the invitation is closed.
CREATE VIEW recording_ends (call_id, ends_at) AS
    SELECT call_id,
           CASE WHEN kept_until IS NULL THEN NULL
                WHEN status IN ('pending', 'in_progress', 'failed') THEN min(kept_until, expires_at)
                ELSE 0 END
    FROM recordings JOIN invitations ON invitations.id = recordings.invitation_id;
