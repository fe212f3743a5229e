//! Simulated municipal systems: one synthetic population behind several dialects, with faults on demand.

pub mod calls;
mod control;
mod delivery;
pub mod dialects;
pub mod faults;
pub mod population;
mod randomness;
pub mod serve;
pub mod world;
