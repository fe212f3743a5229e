//! What the gateway writes (record, log, keys, backups) is for its own user alone.

/// Has every file that this process makes from now on closed to others.
pub(super) fn close_our_files_to_others() {
    // SAFETY: umask(2) takes a number, touches no memory and cannot fail.
    #[expect(unsafe_code, reason = "the file mode mask has no safe binding")]
    unsafe {
        libc::umask(0o077);
    }
}
