//! The vectors of the patterns, and each way in which a message is refused.
