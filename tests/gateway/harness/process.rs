//! Programs that a test starts and stops by their process id.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A started program; stopped when it goes out of scope.
pub struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a program and waits for the first line on its standard output that `ready` accepts.
    pub fn start(
        name: &str,
        command: &mut Command,
        ready: impl Fn(&str) -> bool,
    ) -> (Process, String) {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        let output = BufReader::new(child.stdout.take().expect("standard output is piped"));
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut process = Process {
            child,
            name: name.to_owned(),
        };
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if ready(&line) => return (process, line),
                Ok(_) => {}
                Err(_) => {
                    let status = process.child.try_wait().ok().flatten();
                    panic!("{name} was not ready in time; its status is {status:?}");
                }
            }
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: i32) {
        let id = i32::try_from(self.child.id()).expect("a process id");
        // SAFETY: kill(2) touches no memory of ours; the child is ours and not yet waited for.
        #[expect(unsafe_code, reason = "the standard library can only kill at once")]
        let result = unsafe { libc::kill(id, signal) };
        assert_eq!(result, 0, "{} cannot be signalled", self.name);
    }

    /// Waits for the end, at most so long; the exit code if it ended by itself.
    pub fn wait(&mut self, at_most: Duration) -> Option<i32> {
        let until = Instant::now() + at_most;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().expect("the child can be waited for") {
                return status.code();
            }
            pause();
        }
        panic!("{} did not end in time", self.name);
    }

    /// Ends the program as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A moment between two looks at something that takes its time.
#[expect(
    clippy::disallowed_methods,
    reason = "tests wait on a thread of their own"
)]
pub fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The path of a program of this workspace, beside the test's own.
pub fn program(name: &str) -> std::path::PathBuf {
    let mut folder = std::env::current_exe().expect("the test's own path");
    folder.pop();
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo build --workspace --bins` first (make test does)",
        path.display()
    );
    path
}
