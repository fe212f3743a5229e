//! systemd's journal, by its own protocol: where commands tell what they did if the gateway's log has no file.

use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

/// The journal's socket.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// Sends a line. An error where there is no journal, or none that takes it.
pub(super) fn send(socket: &Path, line: &str) -> io::Result<()> {
    let entry = format!(
        "SYSLOG_IDENTIFIER=pontile\nPRIORITY=6\nMESSAGE={}\n",
        line.trim_end()
    );
    UnixDatagram::unbound()?
        .send_to(entry.as_bytes(), socket)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_entry_of_the_journal() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket");
        let journal = UnixDatagram::bind(&socket).expect("a socket");
        send(&socket, "{\"number\":1}\n").expect("sent");
        let mut entry = [0; 128];
        let length = journal.recv(&mut entry).expect("an entry");
        assert_eq!(
            &entry[..length],
            b"SYSLOG_IDENTIFIER=pontile\nPRIORITY=6\nMESSAGE={\"number\":1}\n"
        );
        assert!(send(&folder.path().join("nessuno"), "{}").is_err());
    }
}
