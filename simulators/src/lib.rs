//! Simulated municipal systems: one synthetic population behind several dialects, with faults on demand.

mod amounts;
pub mod calls;
mod completion;
pub mod control;
mod delivery;
pub mod dialects;
pub mod faults;
mod gates;
pub mod population;
mod randomness;
pub mod serve;
mod soap;
pub mod world;
mod xml;
