//! The clock: whether the kernel knows it synchronized, and whether files come from the future.

use std::path::Path;
use std::time::SystemTime;

use super::Finding;

/// A file may be newer than now by so much, for clocks of file servers.
const TOLERANCE_SECONDS: u64 = 60;

/// Looks at the clock; `witness` is a file that somebody wrote before now.
pub(super) fn look(witness: &Path) -> Vec<Finding> {
    let mut findings = vec![match is_synchronized() {
        Some(true) => Finding::good("orologio: sincronizzato"),
        Some(false) => Finding::warning(
            "orologio: il sistema non risulta sincronizzato (NTP): gli istanti delle registrazioni possono essere sbagliati",
        ),
        None => Finding::warning("orologio: non si può sapere se sia sincronizzato"),
    }];
    if let Some(seconds) = seconds_in_the_future(witness) {
        findings.push(Finding::error(format!(
            "orologio: {} è stato scritto {seconds} secondi nel futuro: l'orologio è indietro",
            witness.display()
        )));
    }
    findings
}

/// What the kernel's clock discipline says; asking changes nothing.
fn is_synchronized() -> Option<bool> {
    // SAFETY: `timex` is plain integers, for which zero is a value; with `modes` 0 the call only reads the clock's
    // state into it.
    #[expect(unsafe_code, reason = "adjtimex has no safe binding")]
    let state = unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        libc::adjtimex(&raw mut timex)
    };
    match state {
        libc::TIME_ERROR => Some(false),
        state if state >= 0 => Some(true),
        _ => None,
    }
}

fn seconds_in_the_future(file: &Path) -> Option<u64> {
    let written = file.metadata().ok()?.modified().ok()?;
    let ahead = written.duration_since(SystemTime::now()).ok()?.as_secs();
    (ahead > TOLERANCE_SECONDS).then_some(ahead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_from_the_future_is_told_and_an_old_one_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("witness");
        let file = std::fs::File::create(&path).expect("a file");
        assert_eq!(seconds_in_the_future(&path), None);
        let later = SystemTime::now() + std::time::Duration::from_hours(1);
        file.set_modified(later).expect("the time is set");
        assert!(seconds_in_the_future(&path).is_some_and(|seconds| seconds > 3500));
    }
}
