//! A whole province on this machine: real certificates, simulated town halls, the gateway as its own process.

pub mod chromium;
pub mod clock;
pub mod declaring;
pub mod files;
pub mod modi_gate;
pub mod officer;
pub mod pki;
pub mod platform;
pub mod portal;
pub mod process;
pub mod province;
pub mod simulators;
pub mod soft_card;
pub mod soft_hsm;
