-- The grants as all nodes hold them: what the files said each time, numbered. The newest is in force; the others show what was.
CREATE TABLE grant_generation (
    generation BIGINT NOT NULL PRIMARY KEY,
    -- Microseconds since 1970.
    written BIGINT NOT NULL,
    -- The node whose files said it.
    node TEXT NOT NULL,
    -- SHA-256 of the documents.
    digest BYTEA NOT NULL,
    -- JSON: name and text of each document.
    documents TEXT NOT NULL
);

UPDATE schema SET version = 6;
