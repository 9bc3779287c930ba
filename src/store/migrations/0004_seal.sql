-- A value that only the key of this database opens: with another key the daemon does not start.
CREATE TABLE seal_check (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    sealed  BLOB NOT NULL
) STRICT;
