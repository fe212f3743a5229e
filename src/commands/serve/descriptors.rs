//! The bound on open files: shells give 1,024, which is fewer than the doors' connections.

/// Raises our own bound to the highest that the system lets us have; a refusal leaves it as it was.
pub(super) fn allow_as_many_as_possible() {
    let mut bound = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls only read or write the struct that they are handed, for the length of the call.
    #[expect(unsafe_code, reason = "resource limits have no safe binding")]
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut bound) == 0 {
            bound.rlim_cur = bound.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const bound);
        }
    }
}
