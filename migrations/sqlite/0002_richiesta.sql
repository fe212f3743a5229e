-- Requests that outlive their call: asked of a back end that answers later, of an officer, or written with an outcome to be settled.
-- Every file has the table, and only richieste.sqlite uses it: a request may be open across the end of a month.
CREATE TABLE richiesta (
    -- Random; what the portal is told. It alone opens nothing: the portal's certificate does.
    id BLOB NOT NULL PRIMARY KEY,
    -- Random; what the back end is told. Never told to a portal.
    reference BLOB NOT NULL,
    -- The exchange that opened it.
    scambio BLOB NOT NULL,
    portal TEXT NOT NULL,
    ente TEXT NOT NULL,
    operation TEXT NOT NULL,
    way TEXT NOT NULL,
    state TEXT NOT NULL,
    opened INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    -- Given up then if it is still open; deleted then, whatever its state.
    gives_up INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    -- When it is looked at again; NULL: an officer or the portal comes next.
    due INTEGER,
    turns INTEGER NOT NULL,
    -- Raised by every change: who read an older one changes nothing.
    version INTEGER NOT NULL,
    -- The node that is at it, and until when the others leave it alone.
    holder TEXT,
    held_until INTEGER,
    -- Sealed: the question, what came of it so far, its answer or refusal.
    question BLOB NOT NULL,
    progress BLOB,
    outcome BLOB,
    -- Of writes: digests of the portal's idempotency key and of the body sent under it.
    idempotency BLOB UNIQUE,
    body_digest BLOB,
    -- Delivery to the portal's own address: when it is tried next, and how often it was.
    push_due INTEGER,
    push_turns INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX richiesta_due ON richiesta (due);
CREATE INDEX richiesta_push_due ON richiesta (push_due);
CREATE INDEX richiesta_ente ON richiesta (ente, state);

UPDATE schema SET version = 2;
