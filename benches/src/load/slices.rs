//! What happened in each slice of time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hdrhistogram::Histogram;

use crate::options::Options;
use crate::server;

/// The slice under way, and those to come.
pub struct Slices {
    processes: Vec<u32>,
    length: Duration,
    ends: Instant,
    left: usize,
    begun: Instant,
    server_cpu: u64,
    own_cpu: u64,
    counts: Counts,
    warming_up: bool,
}

struct Counts {
    latency: Histogram<u64>,
    refused: u64,
    errors: u64,
    resumed: u64,
    bytes: usize,
}

impl Counts {
    fn none() -> Counts {
        let latency =
            Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in order");
        Counts {
            latency,
            refused: 0,
            errors: 0,
            resumed: 0,
            bytes: 0,
        }
    }
}

impl Slices {
    /// Warms up until the first slice begins.
    pub fn plan(options: &Options) -> Slices {
        let now = Instant::now();
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64();
        Slices {
            processes: options.server.clone(),
            length: Duration::from_secs_f64(options.slice),
            ends: now + Duration::from_secs_f64((options.start_at - unix).max(0.0)),
            left: options.slices,
            begun: now,
            server_cpu: 0,
            own_cpu: 0,
            counts: Counts::none(),
            warming_up: true,
        }
    }

    /// Ends the slice if its time has come; `false` when there is no further one.
    pub fn go_on(&mut self, now: Instant) -> bool {
        if now < self.ends {
            return true;
        }
        let (server_cpu, own_cpu) = (
            server::cpu_nanoseconds(&self.processes),
            server::own_cpu_nanoseconds(),
        );
        if !self.warming_up {
            self.print(now, server_cpu, own_cpu);
            self.left -= 1;
        }
        self.warming_up = false;
        self.begun = now;
        self.ends += self.length;
        self.server_cpu = server_cpu;
        self.own_cpu = own_cpu;
        self.counts = Counts::none();
        self.left > 0
    }

    /// When the slice ends.
    pub fn end(&self) -> Instant {
        self.ends
    }

    /// Counts an answer.
    pub fn answered(&mut self, status: u16, bytes: usize, took: Duration) {
        self.counts.bytes = bytes;
        if !(200..300).contains(&status) {
            self.counts.refused += 1;
        }
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.counts.latency.saturating_record(microseconds.max(1));
    }

    /// Counts a session that was resumed.
    pub fn resumed(&mut self) {
        self.counts.resumed += 1;
    }

    /// Counts a connection that broke; too many end the run.
    pub fn failed(&mut self) -> bool {
        self.counts.errors += 1;
        self.counts.errors < 10_000
    }

    fn print(&self, now: Instant, server_cpu: u64, own_cpu: u64) {
        let Counts {
            latency,
            refused,
            errors,
            resumed,
            bytes,
        } = &self.counts;
        let quantile = |share| latency.value_at_quantile(share);
        println!(
            "{{\"seconds\":{:.4},\"answers\":{},\"server_cpu_ns\":{},\"client_cpu_ns\":{},\"p50_us\":{},\"p90_us\":{},\"p99_us\":{},\
             \"refused\":{refused},\"errors\":{errors},\"resumed\":{resumed},\"bytes\":{bytes}}}",
            (now - self.begun).as_secs_f64(),
            latency.len(),
            server_cpu.saturating_sub(self.server_cpu),
            own_cpu - self.own_cpu,
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
        );
    }
}
