-- Every file has the table, and only richieste.sqlite uses it: the numbers go on across the end of a month.
-- The grants as all nodes hold them: what the files said each time, numbered. The newest is in force; the others show what was.
CREATE TABLE grant_generation (
    generation INTEGER NOT NULL PRIMARY KEY,
    -- Microseconds since 1970.
    written INTEGER NOT NULL,
    -- The node whose files said it.
    node TEXT NOT NULL,
    -- SHA-256 of the documents.
    digest BLOB NOT NULL,
    -- JSON: name and text of each document.
    documents TEXT NOT NULL
);

UPDATE schema SET version = 6;
