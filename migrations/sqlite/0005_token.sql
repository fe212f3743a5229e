-- Tokens that may be used once, in the file of open requests: remembered until nobody accepts them any more.
CREATE TABLE token_seen (
    digest BLOB PRIMARY KEY NOT NULL,
    until INTEGER NOT NULL,
    first BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX token_seen_until ON token_seen (until);

-- The tokens that an exchange came with: what they prove, under which key. The person in an evidence stands under a keyed digest.
CREATE TABLE exchange_token (
    scambio BLOB NOT NULL,
    kind TEXT NOT NULL,
    pattern TEXT NOT NULL,
    token_id TEXT,
    key_id TEXT,
    thumbprint BLOB NOT NULL,
    person BLOB,
    person_key INTEGER,
    PRIMARY KEY (scambio, kind)
) WITHOUT ROWID;

UPDATE schema SET version = 5;
