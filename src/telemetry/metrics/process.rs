//! Memory, open files and processor time of the process, read from `/proc` when the page is asked for.

use prometheus::{Gauge, IntGauge};

use super::families::Families;

pub(super) struct ProcessMetrics {
    resident_bytes: IntGauge,
    open_files: IntGauge,
    cpu_seconds: Gauge,
}

impl ProcessMetrics {
    pub(super) fn new(families: &Families<'_>) -> ProcessMetrics {
        ProcessMetrics {
            resident_bytes: families
                .gauge("process_resident_bytes", "Memory of the process in RAM."),
            open_files: families.gauge(
                "process_open_files",
                "Open files and sockets of the process.",
            ),
            cpu_seconds: families.decimal_gauge(
                "process_cpu_seconds",
                "Processor time that the process has used.",
            ),
        }
    }

    /// Reads anew what can be read; what cannot keeps its last value.
    pub(super) fn read(&self) {
        if let Some(kibibytes) = resident_kibibytes() {
            self.resident_bytes.set(kibibytes * 1024);
        }
        if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
            // The directory itself is open while it is read.
            self.open_files
                .set(entries.count().cast_signed() as i64 - 1);
        }
        if let Some(hundredths) = cpu_hundredths() {
            self.cpu_seconds.set(hundredths as f64 / 100.0);
        }
    }
}

fn resident_kibibytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// User and system time, which the kernel tells in hundredths of a second whatever its own clock.
fn cpu_hundredths() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, which may hold blanks; these two are the 14th and 15th.
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let mut hundredths = || fields.next()?.parse::<u64>().ok();
    Some(hundredths()? + hundredths()?)
}
