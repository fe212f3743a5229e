//! The processor time of the server's processes, with all their threads and children.

use std::fs;
use std::path::Path;

/// On-CPU nanoseconds so far, as the scheduler counts them.
pub fn cpu_nanoseconds(processes: &[u32]) -> u64 {
    processes.iter().map(|process| of_process(*process)).sum()
}

/// Of this client itself.
pub fn own_cpu_nanoseconds() -> u64 {
    of_process(std::process::id())
}

fn of_process(process: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return 0;
    };
    threads
        .flatten()
        .map(|thread| of_thread(&thread.path()) + of_children(&thread.path()))
        .sum()
}

fn of_thread(thread: &Path) -> u64 {
    let text = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|first| first.parse().ok())
        .unwrap_or(0)
}

fn of_children(thread: &Path) -> u64 {
    let text = fs::read_to_string(thread.join("children")).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|child| child.parse().ok())
        .map(of_process)
        .sum()
}
