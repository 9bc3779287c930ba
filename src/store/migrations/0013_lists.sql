-- When the client opened the link that the invitation has now, for the first time.
ALTER TABLE invitations ADD COLUMN viewed_at INTEGER;

-- Names one sending of a form, so that a form that is sent twice makes one invitation.
ALTER TABLE invitations ADD COLUMN submission TEXT;
CREATE UNIQUE INDEX invitation_by_submission ON invitations (project_id, submission)
    WHERE submission IS NOT NULL;

-- A page of the list is a piece of one of these, whatever it is sorted by and filtered for. By time of
-- making they sort by id: `invitations_by_project`, `invitations_by_status`.
CREATE INDEX invitations_by_change ON invitations (project_id, updated_at, id);
CREATE INDEX invitations_by_end ON invitations (project_id, expires_at, id);
CREATE INDEX invitations_by_status_and_change ON invitations (project_id, status, updated_at, id);
CREATE INDEX invitations_by_status_and_end ON invitations (project_id, status, expires_at, id);

-- How many there are of each. Counting 100,000 rows takes longer than the rest of the page.
CREATE TABLE invitation_counts (
    project_id  TEXT NOT NULL REFERENCES projects (id),
    status      TEXT NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (project_id, status)
) STRICT, WITHOUT ROWID;

INSERT INTO invitation_counts SELECT project_id, status, count(*) FROM invitations GROUP BY 1, 2;

CREATE TRIGGER count_made AFTER INSERT ON invitations
BEGIN
    INSERT INTO invitation_counts VALUES (new.project_id, new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER count_moved AFTER UPDATE OF status ON invitations WHEN new.status <> old.status
BEGIN
    UPDATE invitation_counts SET count = count - 1
        WHERE project_id = old.project_id AND status = old.status;
    INSERT INTO invitation_counts VALUES (new.project_id, new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

-- What an invitation is found by, besides its id.
CREATE VIEW searched_words (invitation_id, project_id, words) AS
    SELECT invitations.id, invitations.project_id,
           concat_ws(char(10), client_name, client_email, phone_numbers.number, senders.phone_number)
    FROM invitations
    LEFT JOIN phone_numbers ON phone_numbers.id = invitations.phone_number_id
    LEFT JOIN senders ON senders.id = invitations.sender_id;

CREATE TABLE invitation_words (
    number         INTEGER PRIMARY KEY AUTOINCREMENT, -- the order in which they were made
    invitation_id  TEXT NOT NULL UNIQUE REFERENCES invitations (id),
    project_id     TEXT NOT NULL REFERENCES projects (id),
    tag            TEXT NOT NULL, -- the end of the project's id: one trigram, of 4096
    words          TEXT NOT NULL
) STRICT;

CREATE INDEX words_by_project ON invitation_words (project_id, number);

-- Finds parts of words, in any case and with or without accents. The tag keeps what is frequent with one
-- project from hiding what is rare with another.
CREATE VIRTUAL TABLE invitation_trigrams USING fts5 (
    tag, words, content = 'invitation_words', content_rowid = 'number',
    tokenize = 'trigram remove_diacritics 1'
);

CREATE TRIGGER words_of_made AFTER INSERT ON invitations
BEGIN
    INSERT INTO invitation_words (invitation_id, project_id, tag, words)
        SELECT invitation_id, project_id, substr(project_id, -3), words FROM searched_words
        WHERE invitation_id = new.id;
END;

CREATE TRIGGER words_of_changed AFTER UPDATE OF client_name, client_email, phone_number_id, sender_id
    ON invitations
BEGIN
    UPDATE invitation_words
        SET words = (SELECT words FROM searched_words WHERE invitation_id = new.id)
        WHERE invitation_id = new.id;
END;

CREATE TRIGGER trigrams_of_made AFTER INSERT ON invitation_words
BEGIN
    INSERT INTO invitation_trigrams (rowid, tag, words) VALUES (new.number, new.tag, new.words);
END;

CREATE TRIGGER trigrams_of_changed AFTER UPDATE OF words ON invitation_words
BEGIN
    INSERT INTO invitation_trigrams (invitation_trigrams, rowid, tag, words)
        VALUES ('delete', old.number, old.tag, old.words);
    INSERT INTO invitation_trigrams (rowid, tag, words) VALUES (new.number, new.tag, new.words);
END;

INSERT INTO invitation_words (invitation_id, project_id, tag, words)
    SELECT invitation_id, project_id, substr(project_id, -3), words FROM searched_words
    ORDER BY invitation_id;

-- What a timeline tells. Digits while they are heard are most of the rows, and no part of it.
CREATE INDEX events_of_note ON events (invitation_id, id) WHERE kind <> 'digits_heard';

-- A file that was looked at, and is made invitations of when the partner says so.
CREATE TABLE imports (
    id          TEXT PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id),
    read_at     INTEGER NOT NULL,
    file        BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX imports_by_age ON imports (read_at);
