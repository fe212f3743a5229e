-- The record of exchanges, one file of this schema per calendar month (UTC).
-- Instants are microseconds since 1970 UTC, digests 32 bytes, exchange numbers the 16 bytes of a UUIDv7 (they sort by time).

CREATE TABLE schema (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL,
    -- The oldest version of the program's schema that still works with this one.
    works_with INTEGER NOT NULL
);
INSERT INTO schema (id, version, works_with) VALUES (1, 1, 1);

-- What many exchanges have in common, once. Its key is derived from its content, so nodes need not agree on it.
CREATE TABLE exchange_context (
    id INTEGER NOT NULL PRIMARY KEY,
    node TEXT NOT NULL,
    generation INTEGER NOT NULL,
    snapshot_digest BLOB NOT NULL,
    portal TEXT,
    certificate BLOB NOT NULL,
    ente TEXT,
    operation TEXT,
    purpose TEXT,
    purpose_origin TEXT,
    grant_id TEXT,
    grant_version INTEGER,
    adapter TEXT,
    adapter_version TEXT
);

CREATE TABLE exchange (
    scambio BLOB NOT NULL PRIMARY KEY,
    context INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    side TEXT,
    status INTEGER NOT NULL,
    time_admission INTEGER NOT NULL,
    time_limits INTEGER NOT NULL,
    time_cache INTEGER NOT NULL,
    time_dispatch INTEGER NOT NULL,
    cache TEXT,
    age_seconds INTEGER,
    origin BLOB,
    request_digest BLOB,
    request_bytes INTEGER,
    backend_request_digest BLOB,
    backend_request_bytes INTEGER,
    backend_answer_digest BLOB,
    backend_answer_bytes INTEGER,
    reply_digest BLOB,
    reply_bytes INTEGER,
    -- 1: recorded, but too late for its answer, which was not given.
    withheld INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Salts of the four digests, apart from them so that they can be erased. No key: an index would cost every exchange
-- what only an erasure needs.
CREATE TABLE exchange_salt (
    scambio BLOB NOT NULL,
    request BLOB,
    backend_request BLOB,
    backend_answer BLOB,
    reply BLOB
);

-- The persons asked about and disclosed; digests are per ente. The index by digest is made when the month is over: kept up to date row by
-- row it would cost more than the whole rest of the record, and a month is searched without it in the meantime.
CREATE TABLE exchange_subject (
    scambio BLOB NOT NULL,
    digest BLOB NOT NULL,
    role TEXT NOT NULL,
    key_version INTEGER NOT NULL,
    PRIMARY KEY (scambio, digest, role)
) WITHOUT ROWID;

-- What the exchanges of this file used of the daily quotas; a day (Europe/Rome) can reach into two files.
CREATE TABLE quota (
    portal TEXT NOT NULL,
    operation TEXT NOT NULL,
    ente TEXT NOT NULL,
    day TEXT NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (portal, operation, ente, day)
) WITHOUT ROWID;

-- Fingerprints of the master secrets under which subjects were digested.
CREATE TABLE subject_key (
    version INTEGER NOT NULL PRIMARY KEY,
    fingerprint BLOB NOT NULL
);

-- Written after a failure to learn whether the record can be written again.
CREATE TABLE probe (
    node TEXT NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL
);
