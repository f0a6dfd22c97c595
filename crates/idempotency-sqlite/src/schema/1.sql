-- Times are milliseconds since 1970. States are 0 ready, 1 leased, 2 done, 3 parked, 4 set aside (can't be read).

-- The last number and fence that were given, and how often the store was probed.
CREATE TABLE counter (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    seq   INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    probe INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES (1, 0, 0, 0);

-- What kinds of records there are; few, and never removed.
CREATE TABLE kind (
    id       INTEGER PRIMARY KEY,
    merchant TEXT NOT NULL,
    event    TEXT NOT NULL,
    variant  TEXT
) STRICT;
CREATE INDEX kind_name ON kind (merchant, event, variant);

-- Lanes, with how many of their records are in each state, and the bytes of the bodies that aren't done.
CREATE TABLE lane (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    ready  INTEGER NOT NULL DEFAULT 0,
    leased INTEGER NOT NULL DEFAULT 0,
    done   INTEGER NOT NULL DEFAULT 0,
    parked INTEGER NOT NULL DEFAULT 0,
    bytes  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE record (
    seq          INTEGER PRIMARY KEY,
    key          TEXT NOT NULL,
    fp_version   INTEGER NOT NULL,
    fp           BLOB NOT NULL,
    kind         INTEGER NOT NULL,
    id           TEXT,
    numbers      TEXT,             -- JSON: [[name, value], …]
    lane         INTEGER NOT NULL,
    grp          TEXT,
    sibling_of   INTEGER,
    keeps_mark   INTEGER NOT NULL,
    size         INTEGER NOT NULL, -- of the body
    accepted     INTEGER NOT NULL,
    -- from here on it changes
    state        INTEGER NOT NULL,
    generation   INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    fence        INTEGER,
    claim        BLOB,
    due          INTEGER NOT NULL,
    lease_until  INTEGER,
    wake         INTEGER,          -- ready: due; leased: lease_until
    seen         INTEGER NOT NULL,
    done         INTEGER,
    idle         INTEGER,          -- done: the later of done and seen
    flags        TEXT,             -- JSON: [flag, …]
    notes        TEXT,             -- JSON: [[at, change, actor, reason], …]
    error        TEXT,
    outcome      BLOB
) STRICT;
CREATE UNIQUE INDEX record_key ON record (key);
CREATE INDEX record_kind ON record (kind, state);
CREATE INDEX record_wake ON record (lane, wake) WHERE wake IS NOT NULL;
CREATE INDEX record_group ON record (lane, grp) WHERE grp IS NOT NULL AND wake IS NOT NULL;
CREATE INDEX record_claim ON record (claim) WHERE claim IS NOT NULL;
CREATE INDEX record_idle ON record (idle) WHERE idle IS NOT NULL;
CREATE INDEX record_sibling ON record (sibling_of) WHERE sibling_of IS NOT NULL;

-- Apart from the record, so that changing one and looking through many stay cheap.
CREATE TABLE body (
    seq  INTEGER PRIMARY KEY,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE alias (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_seq ON alias (seq);

-- What records are found by: 0 business number, 1 notification id, 2 flag. By chunks of numbers, so that new terms
-- share few pages however random they are; a search looks into each chunk.
CREATE TABLE term (
    chunk INTEGER NOT NULL,
    what  INTEGER NOT NULL,
    value TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (chunk, what, value, seq)
) STRICT, WITHOUT ROWID;

-- When the records of a chunk were accepted: an index by time that costs a row in thousands.
CREATE TABLE span (
    chunk    INTEGER PRIMARY KEY,
    earliest INTEGER NOT NULL,
    latest   INTEGER NOT NULL
) STRICT;

-- Purged records: SHA-256 of the key, the fingerprint.
CREATE TABLE mark (
    key     BLOB NOT NULL,
    version INTEGER NOT NULL,
    digest  BLOB NOT NULL,
    seq     INTEGER NOT NULL,
    put     INTEGER NOT NULL,
    PRIMARY KEY (key, version, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX mark_put ON mark (put, seq);
