//! The throw-away PKI of `certs/make.sh`, made once per run and copied where a test changes it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with the development PKI.
#[derive(Clone)]
pub struct Pki {
    folder: PathBuf,
}

impl Pki {
    /// The PKI that all tests share and none changes.
    pub fn shared() -> Pki {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pki");
        fs::create_dir_all(&folder).expect("a folder for the PKI");
        let lock = File::create(folder.with_extension("lock")).expect("a lock file");
        lock.lock().expect("the lock of the PKI");
        run(&[folder.to_str().expect("UTF-8 path")]);
        Pki { folder }
    }

    /// A copy that a test may change.
    pub fn copied_to(&self, folder: &Path) -> Pki {
        let status = Command::new("cp")
            .arg("-r")
            .arg(&self.folder)
            .arg(folder)
            .status()
            .expect("cp runs");
        assert!(status.success(), "the PKI could not be copied");
        Pki {
            folder: folder.to_owned(),
        }
    }

    /// Adds a certificate to the root's revocation list.
    pub fn revoke(&self, name: &str) {
        run(&["--revoke", name, self.folder.to_str().expect("UTF-8 path")]);
    }

    /// One of the PKI's files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of one of the PKI's files.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

fn run(arguments: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("certs/make.sh");
    let output = Command::new(script)
        .args(arguments)
        .output()
        .expect("certs/make.sh runs");
    assert!(
        output.status.success(),
        "certs/make.sh: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
