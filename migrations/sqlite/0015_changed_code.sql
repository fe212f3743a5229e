-- Every file has this table, and only richieste.sqlite uses it.
-- Fiscal codes of one person, of which the second took the place of the first, as officers of enti attest it: found by keyed digests, and
-- sealed, since the register searches each ente's exchanges under a digest of its own. What a change says never changes; it ends, and stays
-- as long as what operators did.
CREATE TABLE changed_code (
    -- From 1, without a gap.
    number INTEGER NOT NULL PRIMARY KEY,
    -- Both under a key of the changes alone.
    former BLOB NOT NULL,
    present BLOB NOT NULL,
    key_version INTEGER NOT NULL,
    -- Both codes with a space between, sealed under the requests' keys for this row.
    codes BLOB NOT NULL,
    -- ISTAT code of the ente that attests it, and the operator who did so there.
    ente TEXT NOT NULL,
    operator TEXT NOT NULL,
    -- The deed: kind, number, date and authority, without a name.
    deed TEXT NOT NULL,
    -- Microseconds since 1970.
    since INTEGER NOT NULL,
    -- When it was taken back as wrong, by whom and why.
    ended INTEGER,
    ended_by TEXT,
    ended_why TEXT
);
CREATE INDEX changed_code_former ON changed_code (former);
CREATE INDEX changed_code_present ON changed_code (present);

UPDATE schema SET version = 15;
