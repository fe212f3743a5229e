//! The gateway's own database: all SQL of ours is here and nowhere else.

pub mod record;
