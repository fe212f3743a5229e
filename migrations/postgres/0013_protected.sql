-- Persons whom enti have marked as protected, under keyed digests. Marks that ended stay as long as what operators did.
CREATE TABLE protection (
    -- From 1, without a gap.
    number BIGINT NOT NULL PRIMARY KEY,
    -- The person, under a key of these marks alone.
    person BYTEA NOT NULL,
    key_version BIGINT NOT NULL,
    -- ISTAT code of the ente that marked them, and the operator who did it there.
    ente TEXT NOT NULL,
    operator TEXT NOT NULL,
    -- The deed that it rests on, without a name.
    deed TEXT NOT NULL,
    -- Microseconds since 1970: from then on, and until then where an end was set.
    since BIGINT NOT NULL,
    until BIGINT,
    -- When it was taken back, by whom and why.
    ended BIGINT,
    ended_by TEXT,
    ended_why TEXT
);

UPDATE schema SET version = 13;
