//! A database server's process: run as nobody where the test runs as root, ready before it is used, stopped by its id.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Debian's `nobody` and `nogroup`.
const NOBODY: u32 = 65534;
const TO_START: Duration = Duration::from_mins(1);

/// A server with its folder.
pub struct Server {
    folder: TempDir,
    command: Vec<String>,
    ready: &'static str,
    running: Option<Child>,
}

impl Server {
    /// A server that is not started yet; its log says `ready` when it takes connections.
    pub fn new(folder: TempDir, command: Vec<String>, ready: &'static str) -> Server {
        Server {
            folder,
            command,
            ready,
            running: None,
        }
    }

    /// Starts the server and waits until it takes connections.
    pub fn start(&mut self) {
        let log_path = self.folder.path().join("log");
        let log = File::create(&log_path).expect("a log");
        let mut command = unprivileged(&self.command, self.folder.path());
        let child = command
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn();
        self.running = Some(child.expect("the server's program starts"));
        let until = Instant::now() + TO_START;
        loop {
            let log = fs::read_to_string(&log_path).unwrap_or_default();
            if log.contains(self.ready) {
                return;
            }
            let running = self.running.as_mut().expect("it was started");
            let ended = running.try_wait().expect("a child").is_some();
            assert!(
                !ended && Instant::now() < until,
                "{} did not start:\n{log}",
                self.command[0]
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stops the server in good order, without waiting for its clients.
    pub fn stop(&mut self, signal: libc::c_int) {
        let Some(mut child) = self.running.take() else {
            return;
        };
        let id = i32::try_from(child.id()).expect("a process id");
        // SAFETY: kill(2) touches no memory of ours; the child is ours and not yet waited for.
        #[allow(unsafe_code, reason = "the standard library can only kill at once")]
        unsafe {
            libc::kill(id, signal);
        }
        let until = Instant::now() + TO_START;
        while Instant::now() < until {
            if child.try_wait().expect("a child").is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A folder in which a server may write.
pub fn folder() -> TempDir {
    let folder = tempfile::Builder::new()
        .prefix("pontile-test-")
        .tempdir()
        .expect("a folder");
    give(folder.path());
    folder
}

/// Gives a file or folder to the account under which servers run.
pub fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give files away");
    }
}

/// Runs a program of the server's package to its end.
pub fn run(command: &[String], folder: &Path) {
    let output = unprivileged(command, folder).output();
    let output = output.expect("the program starts");
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Where a program is; `None` is said on the error stream, and where tests must be complete (`CI`) it is an error.
pub fn program(name: &str, folders: &[PathBuf]) -> Option<String> {
    let found = folders.iter().map(|folder| folder.join(name));
    if let Some(path) = found.clone().find(|path| path.exists()) {
        return Some(path.display().to_string());
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "{name} is not installed: scripts/install-debian-packages.sh test"
    );
    eprintln!("skipped: {name} is not installed (scripts/install-debian-packages.sh test)");
    None
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn unprivileged(command: &[String], folder: &Path) -> Command {
    let mut process = Command::new(&command[0]);
    process
        .args(&command[1..])
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", folder)
        // A MariaDB that starts throws away what it takes for left over in there: another one's, where several share it.
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    // Database servers refuse to run as root.
    if is_root() {
        process.uid(NOBODY).gid(NOBODY);
    }
    process
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
