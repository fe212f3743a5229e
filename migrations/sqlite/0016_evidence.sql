-- The series of the exchanges of a node and month, whose places the evidence counts (decision 0025), and the roots of its trees.

-- An exchange's place in the series, from 1; absent in one of an earlier program, which has no receipt.
ALTER TABLE exchange ADD COLUMN place INTEGER;

-- One row per transaction: the exchanges that it wrote, in the order of their places.
CREATE TABLE exchange_place (
    node TEXT NOT NULL,
    -- 2026-11
    month TEXT NOT NULL,
    -- The place of the first one.
    first INTEGER NOT NULL,
    -- Their numbers, 16 bytes each.
    scambi BLOB NOT NULL,
    -- The leaves of their receipts, 32 bytes each.
    leaves BLOB NOT NULL,
    PRIMARY KEY (node, month, first)
) WITHOUT ROWID;

-- The last place that was given.
CREATE TABLE evidence_series (
    node TEXT NOT NULL,
    month TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (node, month)
) WITHOUT ROWID;

-- Every file has this table, and only richieste.sqlite uses it. The roots, one per batch, as they are sealed.
CREATE TABLE evidence_root (
    node TEXT NOT NULL,
    -- From 1, without a gap.
    batch INTEGER NOT NULL,
    month TEXT NOT NULL,
    -- The places that the batch holds.
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    -- Canonical JSON.
    document BLOB NOT NULL,
    -- Microseconds since 1970.
    made INTEGER NOT NULL,
    -- The seal (CMS, DER), which the document may have to wait for, and since when it has it.
    seal BLOB,
    sealed INTEGER,
    PRIMARY KEY (node, batch)
);
CREATE INDEX evidence_root_place ON evidence_root (node, month, last);
CREATE INDEX evidence_root_waiting ON evidence_root (node, batch) WHERE seal IS NULL;

-- Every file has this table, and only richieste.sqlite uses it. Each node's newest root, which its next one and those of other nodes name.
CREATE TABLE evidence_chain (
    node TEXT NOT NULL PRIMARY KEY,
    batch INTEGER NOT NULL,
    -- SHA-256 of its document.
    digest BLOB NOT NULL
);

UPDATE schema SET version = 16;
