-- The record of exchanges, in partitions by calendar month (UTC), which the gateway makes ahead and drops when they are too old.
-- Instants are microseconds since 1970 UTC, digests 32 bytes, exchange numbers the 16 bytes of a UUIDv7 (they sort by time).

CREATE TABLE schema (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    -- The oldest version of the program's schema that still works with this one.
    works_with BIGINT NOT NULL
);
INSERT INTO schema (id, version, works_with) VALUES (1, 1, 1);

-- What many exchanges have in common, once. Its key is derived from its content, so nodes need not agree on it.
CREATE TABLE exchange_context (
    id BIGINT NOT NULL PRIMARY KEY,
    node TEXT NOT NULL,
    generation BIGINT NOT NULL,
    snapshot_digest BYTEA NOT NULL,
    portal TEXT,
    certificate BYTEA NOT NULL,
    ente TEXT,
    operation TEXT,
    purpose TEXT,
    purpose_origin TEXT,
    grant_id TEXT,
    grant_version BIGINT,
    adapter TEXT,
    adapter_version TEXT
);

CREATE TABLE exchange (
    scambio BYTEA NOT NULL PRIMARY KEY,
    context BIGINT NOT NULL,
    begun BIGINT NOT NULL,
    ended BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    side TEXT,
    status BIGINT NOT NULL,
    time_admission BIGINT NOT NULL,
    time_limits BIGINT NOT NULL,
    time_cache BIGINT NOT NULL,
    time_dispatch BIGINT NOT NULL,
    cache TEXT,
    age_seconds BIGINT,
    origin BYTEA,
    request_digest BYTEA,
    request_bytes BIGINT,
    backend_request_digest BYTEA,
    backend_request_bytes BIGINT,
    backend_answer_digest BYTEA,
    backend_answer_bytes BIGINT,
    reply_digest BYTEA,
    reply_bytes BIGINT,
    -- 1: recorded, but too late for its answer, which was not given.
    withheld BIGINT NOT NULL DEFAULT 0
) PARTITION BY RANGE (scambio);

-- Salts of the four digests, apart from them so that they can be erased.
CREATE TABLE exchange_salt (
    scambio BYTEA NOT NULL PRIMARY KEY,
    request BYTEA,
    backend_request BYTEA,
    backend_answer BYTEA,
    reply BYTEA
) PARTITION BY RANGE (scambio);

-- The persons asked about and disclosed; digests are per ente.
CREATE TABLE exchange_subject (
    scambio BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    role TEXT NOT NULL,
    key_version BIGINT NOT NULL,
    PRIMARY KEY (scambio, digest, role)
) PARTITION BY RANGE (scambio);
CREATE INDEX exchange_subject_digest ON exchange_subject (digest);

-- What exchanges used of the daily quotas (Europe/Rome).
CREATE TABLE quota (
    portal TEXT NOT NULL,
    operation TEXT NOT NULL,
    ente TEXT NOT NULL,
    day TEXT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (portal, operation, ente, day)
);

-- Fingerprints of the master secrets under which subjects were digested: all nodes must have the same.
CREATE TABLE subject_key (
    version BIGINT NOT NULL PRIMARY KEY,
    fingerprint BYTEA NOT NULL
);

-- Written after a failure to learn whether the record can be written again.
CREATE TABLE probe (
    node TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);
