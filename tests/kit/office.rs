//! An integrator's workplace: a folder with a configuration and adapters of its own, and the program.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::pki;

/// A folder with `pontile.toml` and `adapters/`.
pub struct Office(tempfile::TempDir);

impl Office {
    /// A workplace with copies of these adapters of the project.
    pub fn new(adapters: &[&str]) -> Office {
        let office = Office(tempfile::tempdir().unwrap());
        fs::create_dir(office.path("adapters")).unwrap();
        fs::create_dir(office.path("tmp")).unwrap();
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
        for adapter in adapters {
            copy(
                &project.join(adapter),
                &office.path("adapters").join(adapter),
            );
        }
        office.configure("");
        office
    }

    /// A path below the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes the configuration, with these instances and enti.
    pub fn configure(&self, more: &str) {
        let pki = pki::shared();
        let door = format!(
            "address = \"127.0.0.1:0\"\ncertificate = \"{pki}/server.pem\"\nkey = \"{pki}/server.key\"\n\
             authorities = [\"{pki}/root.pem\"]\nrevocations = [\"{pki}/root.crl.pem\"]\n",
            pki = pki.display()
        );
        let text = format!(
            "[files]\nadapters = \"adapters\"\n[portal_door]\n{door}\n[operator_door]\n{door}\n\
             [record]\ndatabase = \"sqlite:record\"\nsubject_key = \"subject.key\"\nfree_disk = \"1MiB\"\n{more}"
        );
        fs::write(self.path("pontile.toml"), text).unwrap();
    }

    /// Runs the program in the folder, with this on its standard input.
    pub fn pontile(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pontile"))
            .current_dir(self.0.path())
            .env("TMPDIR", self.path("tmp"))
            .args(["--config", "pontile.toml", "adapter"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may be gone before this is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// The same, which must succeed; what it printed.
    pub fn done(&self, arguments: &[&str], input: &str) -> String {
        let output = self.pontile(arguments, input);
        let told = String::from_utf8(output.stderr).unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}: {told}{said}");
        said
    }

    /// The same, which must fail with that code; all that it printed.
    pub fn refused(&self, arguments: &[&str], input: &str, code: i32) -> String {
        let output = self.pontile(arguments, input);
        let told =
            String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        told
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Every file below a folder with its text.
pub fn texts(folder: &Path) -> Vec<(PathBuf, String)> {
    let files = bytes(folder).into_iter();
    // Files of the night are not all of UTF-8.
    files
        .map(|(path, bytes)| (path, String::from_utf8_lossy(&bytes).into_owned()))
        .collect()
}

/// Every file below a folder with its bytes.
pub fn bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(bytes(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found
}
