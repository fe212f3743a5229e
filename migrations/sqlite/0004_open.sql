-- How many requests a portal has open, and how old the oldest are: only those that are open stand in the index.
CREATE INDEX richiesta_open ON richiesta (portal, way, state, opened)
    WHERE state IN ('accolta', 'inoltrata', 'esito_ignoto');

UPDATE schema SET version = 4;
