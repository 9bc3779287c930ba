-- What the audio of a call was like; NULL when there was none.
ALTER TABLE calls ADD COLUMN lost_percent REAL;
ALTER TABLE calls ADD COLUMN jitter_ms REAL;
ALTER TABLE calls ADD COLUMN opinion_score REAL;

-- Partners look through the calls of their project, of one number, of one outcome, newest first.
CREATE INDEX calls_by_project ON calls (project_id, id);
CREATE INDEX calls_by_number ON calls (phone_number_id, id);
CREATE INDEX calls_by_outcome ON calls (project_id, outcome, id);

CREATE INDEX phone_numbers_by_project ON phone_numbers (project_id, id);

CREATE INDEX verifications_by_number ON verifications (phone_number_id, number);

-- What the partner calls a sender; NULL as long as it goes by the name that WhatsApp shows.
ALTER TABLE senders ADD COLUMN own_name TEXT;
-- A sender that was removed stays for what refers to it, without its secrets.
ALTER TABLE senders ADD COLUMN removed_at INTEGER;

CREATE INDEX senders_by_phone_number ON senders (project_id, phone_number);

-- What clients are spoken to in, unless their invitation says otherwise; NULL as their browser asks.
ALTER TABLE projects ADD COLUMN language TEXT; -- ISO 639-1
