-- An exchange that asks several enti at once has a child exchange with each: the child names its parent.
ALTER TABLE exchange ADD COLUMN parent BYTEA;

UPDATE schema SET version = 3;
