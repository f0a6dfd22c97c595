-- What every writing transaction reads first and writes last, in one value of a fixed length: see head.rs.
CREATE TABLE head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    head BLOB NOT NULL
) STRICT;

-- Up to which number the records of a lane that are done were moved to other lanes.
ALTER TABLE lane ADD COLUMN split INTEGER NOT NULL DEFAULT 0;

-- What was opened with version 2 finds no counters any more and can write nothing that version 3 would misread.
DROP TABLE last;
