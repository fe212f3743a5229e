//! A running province: simulators and gateway, each its own process, over a folder of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::clock;
use super::files::{BackEnds, Files};
use super::pki::Pki;
use super::portal::Portal;
use super::process::{Process, pause, program};
use super::simulators::{Simulators, seed_view};
use super::soft_hsm;

/// Simulators and gateway of one test.
pub struct Province {
    /// The simulated town halls.
    pub simulators: Simulators,
    /// The configuration as written.
    pub files: Files,
    /// The certificates, a copy of this test's own.
    pub pki: Pki,
    gateway: Process,
    /// How often the log had told of a configuration when the gateway was started.
    told_before_start: usize,
    doors: Doors,
    folder: tempfile::TempDir,
}

/// Another gateway on the same database, over a copy of the province's files.
pub struct Neighbour {
    _gateway: Process,
    doors: Doors,
    _folder: tempfile::TempDir,
}

impl Neighbour {
    /// A portal that shows the named certificate at this node's door.
    pub fn portal(&self, pki: &Pki, certificate: &str) -> Portal {
        Portal::new(pki, certificate, &self.doors.portals)
    }
}

/// Where the gateway listens.
#[derive(Debug, Clone)]
struct Doors {
    portals: String,
    operators: String,
    cards: String,
}

impl Province {
    /// Starts a province with the files as they are.
    pub fn start() -> Province {
        Province::with(|_| {})
    }

    /// Starts a province whose files a test revises first.
    pub fn with(revise: impl FnOnce(&mut Files)) -> Province {
        Province::over(tempfile::tempdir().expect("a folder"), revise)
    }

    /// The same with a gateway whose clock the test sets.
    pub fn with_clock(revise: impl FnOnce(&mut Files)) -> Province {
        let folder = tempfile::tempdir().expect("a folder");
        clock::put_into(folder.path());
        Province::over(folder, revise)
    }

    fn over(folder: tempfile::TempDir, revise: impl FnOnce(&mut Files)) -> Province {
        let simulators = Simulators::start();
        let view = folder.path().join("como.db");
        seed_view(&view);
        let pki = Pki::shared().copied_to(&folder.path().join("pki"));
        let back_ends = BackEnds {
            d1: simulators.address("d1"),
            d6: simulators.address("d6"),
            d8: simulators.address("d8"),
            pdnd: simulators.address("pdnd"),
            others: [
                (18100, "d0"),
                (18102, "d2"),
                (18103, "d3"),
                (18104, "d4"),
                (18105, "d5"),
                (18107, "d7"),
                (18108, "d8"),
                (18109, "d4b"),
            ]
            .map(|(port, dialect)| (port, simulators.address(dialect)))
            .into(),
            view: view.display().to_string(),
        };
        let mut files = Files::new(&pki, &back_ends);
        revise(&mut files);
        files.write(folder.path());
        let migrated = pontile(folder.path(), &["migrate"], "");
        assert!(
            migrated.status.success(),
            "pontile migrate: {}",
            String::from_utf8_lossy(&migrated.stderr)
        );
        let (gateway, doors) = serve(folder.path());
        Province {
            simulators,
            files,
            pki,
            gateway,
            told_before_start: 0,
            doors,
            folder,
        }
    }

    /// Starts another node of this name beside the first one.
    pub fn neighbour(&self, first: &str, name: &str) -> Neighbour {
        let folder = tempfile::tempdir().expect("a folder");
        let copied = Command::new("cp")
            .arg("-r")
            .arg(self.folder.path().join("."))
            .arg(folder.path())
            .status()
            .expect("cp starts");
        assert!(copied.success(), "the files could not be copied");
        let file = folder.path().join("pontile.toml");
        let text = std::fs::read_to_string(&file).expect("the configuration");
        let own = text.replace(
            &format!("name = \"{first}\""),
            &format!("name = \"{name}\""),
        );
        std::fs::write(&file, own).expect("the configuration");
        let (gateway, doors) = serve(folder.path());
        Neighbour {
            _gateway: gateway,
            doors,
            _folder: folder,
        }
    }

    /// The province's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The path of a file of the province.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A portal that shows the named certificate at the portals' door.
    pub fn portal(&self, certificate: &str) -> Portal {
        Portal::new(&self.pki, certificate, &self.doors.portals)
    }

    /// A client that shows the named certificate at the operators' door.
    pub fn operator(&self, certificate: &str) -> Portal {
        Portal::new(&self.pki, certificate, &self.doors.operators)
    }

    /// The address of the portals' door, `host:port`.
    pub fn portal_door(&self) -> &str {
        self.doors.portals.trim_start_matches("https://")
    }

    /// The gateway's process.
    pub fn gateway(&mut self) -> &mut Process {
        &mut self.gateway
    }

    /// Ends the gateway as a power cut would and starts it again over the same files.
    pub fn crash_and_restart(&mut self) {
        self.gateway.kill();
        self.told_before_start = self.configurations_told();
        let (gateway, doors) = serve(self.folder.path());
        (self.gateway, self.doors) = (gateway, doors);
    }

    /// Has the gateway read its configuration again, and waits until it has.
    pub fn reload(&mut self) {
        // The log is written by a thread of its own: the line of the start may come after the gateway is ready.
        self.until_told_more_than(self.told_before_start);
        let before = self.configurations_told();
        self.gateway.signal(libc::SIGHUP);
        self.until_told_more_than(before);
    }

    fn until_told_more_than(&self, before: usize) {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while self.configurations_told() <= before {
            assert!(
                std::time::Instant::now() < until,
                "start or reload left no line in the log"
            );
            pause();
        }
    }

    fn configurations_told(&self) -> usize {
        self.log().matches("configurazione").count()
    }

    /// Writes the revised files and has them read.
    pub fn rewrite_and_reload(&mut self) {
        self.files.write(self.folder.path());
        self.reload();
    }

    /// Runs a command of the gateway over this province's configuration.
    pub fn pontile(&self, arguments: &[&str]) -> Output {
        self.pontile_told(arguments, "")
    }

    /// The same with something on its standard input.
    pub fn pontile_told(&self, arguments: &[&str], input: &str) -> Output {
        pontile(self.folder.path(), arguments, input)
    }

    /// Runs a command of the gateway that asks its operators' door.
    pub fn pontile_at_the_door(&self, arguments: &[&str]) -> Output {
        let file = |name: &str| self.pki.path(name).display().to_string();
        let (certificate, key) = (file("operatore-uno.pem"), file("operatore-uno.key"));
        let door = [
            "--certificate",
            &certificate,
            "--key",
            &key,
            "--address",
            &self.doors.operators,
        ];
        self.pontile(&[arguments, &door].concat())
    }

    /// Where the login host listens; empty where there is none.
    pub fn cards(&self) -> &str {
        &self.doors.cards
    }

    /// The lines of the gateway's log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("pontile.log")).unwrap_or_default()
    }
}

fn pontile(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program("pontile"));
    command
        .arg("--config")
        .arg(folder.join("pontile.toml"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    soft_hsm::give(&mut command, folder);
    let mut running = command.spawn().expect("pontile runs");
    let mut stdin = running.stdin.take().expect("standard input is piped");
    // A command that reads nothing may be gone before this is written.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    running.wait_with_output().expect("pontile ends")
}

fn serve(folder: &Path) -> (Process, Doors) {
    let mut command = Command::new(program("pontile"));
    command
        .arg("--config")
        .arg(folder.join("pontile.toml"))
        .arg("serve");
    clock::give(&mut command, folder);
    soft_hsm::give(&mut command, folder);
    let (process, line) = Process::start("pontile", &mut command, |line| line.contains("https://"));
    let mut addresses = line
        .split_whitespace()
        .filter(|word| word.starts_with("https://"))
        .map(|word| {
            let port = word
                .trim_end_matches([',', '.', '/'])
                .rsplit(':')
                .next()
                .expect("a port");
            format!("https://localhost:{port}")
        });
    let portals = addresses
        .next()
        .unwrap_or_else(|| panic!("no address of the portals' door in {line:?}"));
    let operators = addresses
        .next()
        .unwrap_or_else(|| panic!("no address of the operators' door in {line:?}"));
    let doors = Doors {
        portals,
        operators,
        cards: addresses.next().unwrap_or_default(),
    };
    (process, doors)
}
