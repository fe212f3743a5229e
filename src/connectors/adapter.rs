//! An `adapters/` folder, read, checked and bound to its connector.
