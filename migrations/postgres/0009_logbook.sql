-- What operators did, at their door and by commands: each row holds the digest of the one before, so that none can be changed,
-- put between or taken out without all later ones telling it.
CREATE TABLE operator_logbook (
    number BIGINT NOT NULL PRIMARY KEY,
    -- Microseconds since 1970.
    at BIGINT NOT NULL,
    node TEXT NOT NULL,
    -- The operator's name in the configuration, or the account under which a command ran.
    operator TEXT NOT NULL,
    -- SHA-256 of the operator's certificate; a command shows none.
    certificate BYTEA,
    action TEXT NOT NULL,
    -- The ente that it is about, if it is one.
    ente TEXT,
    reason TEXT,
    outcome TEXT NOT NULL,
    -- The digest of the row before; 32 zeros in the first.
    previous BYTEA NOT NULL,
    -- SHA-256 of this row as JSON (src/store/logbook.rs).
    digest BYTEA NOT NULL
);

UPDATE schema SET version = 9;
