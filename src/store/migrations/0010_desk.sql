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

-- What clients are spoken to in, unless their invitation says otherwise; NULL as their browser asks.
ALTER TABLE projects ADD COLUMN language TEXT; -- ISO 639-1
