-- The newest row of the logbook: a logbook whose end was cut off, or that was emptied, does not hold it any more.
CREATE TABLE logbook_end (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    -- 0 where nothing was ever noted.
    number BIGINT NOT NULL,
    digest BYTEA NOT NULL
);

INSERT INTO logbook_end (id, number, digest) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

UPDATE logbook_end SET
    number = (SELECT MAX(number) FROM operator_logbook),
    digest = (SELECT digest FROM operator_logbook ORDER BY number DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM operator_logbook);

-- What all nodes are to forget of the answers that each keeps in memory; persons are not named.
CREATE TABLE purge (
    -- From 1, without a gap.
    number BIGINT NOT NULL PRIMARY KEY,
    -- Microseconds since 1970.
    at BIGINT NOT NULL,
    -- The node that has already forgotten it.
    node TEXT NOT NULL,
    -- Of this ente alone, if it is one.
    ente TEXT,
    -- Of this operation alone, if it is one.
    operation TEXT
);

UPDATE schema SET version = 12;
