//! Makes another process's synchronizations of the disk slow or failing: a library loaded before libc's.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// The library and the file that it obeys.
pub struct Synchronization {
    folder: TempDir,
}

impl Synchronization {
    /// Compiles the library; synchronizations are as ever until told otherwise.
    pub fn new() -> Synchronization {
        let folder = tempfile::tempdir().expect("a folder");
        // A database server runs under another account.
        let everybody = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everybody).expect("permissions");
        let synchronization = Synchronization { folder };
        synchronization.order("");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/synchronization.c");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(synchronization.library())
            .args([source, "-ldl"])
            .status()
            .expect("a C compiler, which building needs too");
        assert!(compiled.success());
        synchronization
    }

    fn library(&self) -> PathBuf {
        self.folder.path().join("synchronization.so")
    }

    fn orders(&self) -> PathBuf {
        self.folder.path().join("order")
    }

    /// Says what synchronizations that begin from now on do: `delay <milliseconds>`, `fail`, or as ever.
    pub fn order(&self, order: &str) {
        let beside = self.folder.path().join("order.new");
        std::fs::write(&beside, order).expect("written");
        std::fs::rename(&beside, self.orders()).expect("renamed");
    }

    /// The environment of a process whose synchronizations obey.
    pub fn environment(&self) -> [(String, String); 2] {
        [
            (
                "LD_PRELOAD".to_owned(),
                self.library().display().to_string(),
            ),
            (
                "SYNCHRONIZATION".to_owned(),
                self.orders().display().to_string(),
            ),
        ]
    }
}
