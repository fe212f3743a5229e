//! HTTP/1.1 load with client certificates, from one thread: closed loop, open loop, handshakes, idle connections.
//!
//! Prints a JSON object per slice of time, with the processor time that the server used in it. `run.py` starts two of these
//! for the same slices, one for each of the servers that are compared.

mod connection;
mod options;
mod pacer;
mod requests;
mod run;
mod server;
mod slices;

use std::error::Error;

use clap::Parser;

fn main() -> Result<(), Box<dyn Error>> {
    let options = options::Options::parse();
    let mut run = run::Run::prepare(&options)?;
    match options.mode {
        options::Mode::Idle => run.hold(),
        options::Mode::Closed | options::Mode::Open | options::Mode::Handshakes => run.measure(),
    }
}
