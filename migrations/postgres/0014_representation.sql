-- Who may ask about whom in a role of the law, as officers of enti attest it: persons under keyed digests. What a representation says never
-- changes; it ends, and stays as long as what operators did.
CREATE TABLE representation (
    -- From 1, without a gap.
    number BIGINT NOT NULL PRIMARY KEY,
    -- genitore, delegato, tutore, amministratore_di_sostegno, erede
    role TEXT NOT NULL,
    -- Both under a key of the representations alone.
    representative BYTEA NOT NULL,
    represented BYTEA NOT NULL,
    key_version BIGINT NOT NULL,
    -- ISTAT code of the ente that attests it, the operator who did so there, and the SHA-256 of the certificate.
    ente TEXT NOT NULL,
    operator TEXT NOT NULL,
    certificate BYTEA NOT NULL,
    -- The title: kind, number, date and authority, without a name.
    deed TEXT NOT NULL,
    -- The operations that it covers, by name, with a space between.
    operations TEXT NOT NULL,
    -- 1: at every ente; 0: at the one that attests it.
    everywhere BIGINT NOT NULL,
    -- Microseconds since 1970: from then on, and until then where it has an end.
    since BIGINT NOT NULL,
    until BIGINT,
    -- When it was revoked, by whom and why.
    ended BIGINT,
    ended_by TEXT,
    ended_why TEXT
);
CREATE INDEX representation_of ON representation (represented);

UPDATE schema SET version = 14;
