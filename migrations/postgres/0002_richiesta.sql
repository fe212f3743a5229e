-- Requests that outlive their call: asked of a back end that answers later, of an officer, or written with an outcome to be settled.
-- Not partitioned: a request may be open across the end of a month, and goes by itself when it is past its time.
CREATE TABLE richiesta (
    -- Random; what the portal is told. It alone opens nothing: the portal's certificate does.
    id BYTEA NOT NULL PRIMARY KEY,
    -- Random; what the back end is told. Never told to a portal.
    reference BYTEA NOT NULL,
    -- The exchange that opened it.
    scambio BYTEA NOT NULL,
    portal TEXT NOT NULL,
    ente TEXT NOT NULL,
    operation TEXT NOT NULL,
    way TEXT NOT NULL,
    state TEXT NOT NULL,
    opened BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    -- Given up then if it is still open; deleted then, whatever its state.
    gives_up BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    -- When it is looked at again; NULL: an officer or the portal comes next.
    due BIGINT,
    turns BIGINT NOT NULL,
    -- Raised by every change: who read an older one changes nothing.
    version BIGINT NOT NULL,
    -- The node that is at it, and until when the others leave it alone.
    holder TEXT,
    held_until BIGINT,
    -- Sealed: the question, what came of it so far, its answer or refusal.
    question BYTEA NOT NULL,
    progress BYTEA,
    outcome BYTEA,
    -- Of writes: digests of the portal's idempotency key and of the body sent under it.
    idempotency BYTEA UNIQUE,
    body_digest BYTEA,
    -- Delivery to the portal's own address: when it is tried next, and how often it was.
    push_due BIGINT,
    push_turns BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX richiesta_due ON richiesta (due);
CREATE INDEX richiesta_push_due ON richiesta (push_due);
CREATE INDEX richiesta_ente ON richiesta (ente, state);

UPDATE schema SET version = 2;
