-- Tokens that may be used once, shared by all nodes: remembered until nobody accepts them any more.
CREATE TABLE token_seen (
    digest BYTEA PRIMARY KEY,
    until BIGINT NOT NULL,
    first BYTEA NOT NULL
);
CREATE INDEX token_seen_until ON token_seen (until);

-- The tokens that an exchange came with: what they prove, under which key. The person in an evidence stands under a keyed digest.
-- Not cut by month: most exchanges come without tokens. Months that are dropped take their rows along.
CREATE TABLE exchange_token (
    scambio BYTEA NOT NULL,
    kind TEXT NOT NULL,
    pattern TEXT NOT NULL,
    token_id TEXT,
    key_id TEXT,
    thumbprint BYTEA NOT NULL,
    person BYTEA,
    person_key BIGINT,
    PRIMARY KEY (scambio, kind)
);

UPDATE schema SET version = 5;
