//! A citizen's card in SoftHSM, and the home folder of a citizen whose browser knows its reader.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::pki::Pki;

/// The PIN of every card here.
pub const PIN: &str = "654321";

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// How a PIN gets to the card.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The browser asks for it.
    Plain,
    /// It is typed at the reader: the browser asks for none.
    WithPinPad,
}

/// A home folder with the browser's certificates, and the card beside it.
pub struct SoftCard {
    folder: tempfile::TempDir,
}

impl SoftCard {
    /// Puts a card of the PKI into SoftHSM, where its key then lives alone, and tells NSS of the reader.
    pub fn new(pki: &Pki, name: &str, reader: Reader) -> SoftCard {
        let card = SoftCard {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let nss = card.home().join(".pki/nssdb");
        for folder in [&nss, &card.path("tokens")] {
            std::fs::create_dir_all(folder).expect("a folder");
        }
        let settings = format!("directories.tokendir = {}\n", card.path("tokens").display());
        std::fs::write(card.settings(), settings).expect("a file");
        card.fill(pki, name);
        let module = match reader {
            Reader::Plain => PathBuf::from(MODULE),
            Reader::WithPinPad => card.pin_pad(),
        };
        let (module, nss) = (module.display(), nss.display());
        let root = pki.path("root.pem");
        card.run(&format!("certutil -d sql:{nss} -N --empty-password"));
        card.run(&format!(
            "certutil -d sql:{nss} -A -t CT,, -n root -i {}",
            root.display()
        ));
        card.run(&format!(
            "modutil -dbdir sql:{nss} -add reader -libfile {module} -force"
        ));
        card
    }

    /// The citizen's home folder.
    pub fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// SoftHSM's settings, which it finds by `SOFTHSM2_CONF`.
    pub fn settings(&self) -> PathBuf {
        self.path("softhsm2.conf")
    }

    /// Lets the browser choose the card by itself at a host, as an administrator's policy `AutoSelectCertificateForUrls` does.
    pub fn choose_at(&self, host: &str) {
        let profile = self.home().join("profile/Default");
        std::fs::create_dir_all(&profile).expect("a folder");
        let exceptions = serde_json::json!({
            "auto_select_certificate": { format!("{host},*"): { "setting": { "filters": [{}] } } }
        });
        let preferences =
            serde_json::json!({ "profile": { "content_settings": { "exceptions": exceptions } } });
        std::fs::write(profile.join("Preferences"), preferences.to_string()).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fill(&self, pki: &Pki, name: &str) {
        let (key, certificate) = (self.path("card.p8"), self.path("card.der"));
        let file = |end: &str| pki.path(&format!("{name}.{end}")).display().to_string();
        let (key, certificate) = (key.display(), certificate.display());
        self.run(&format!(
            "openssl pkcs8 -topk8 -nocrypt -in {} -out {key}",
            file("key")
        ));
        self.run(&format!(
            "openssl x509 -in {} -outform DER -out {certificate}",
            file("pem")
        ));
        self.run(&format!(
            "softhsm2-util --init-token --free --label CNS --pin {PIN} --so-pin 12345678"
        ));
        self.run(&format!(
            "softhsm2-util --import {key} --token CNS --label carta --id a1 --pin {PIN}"
        ));
        self.run(&format!(
            "pkcs11-tool --module {MODULE} --login --pin {PIN} --token-label CNS --write-object {certificate} --type cert --id a1 --label carta"
        ));
        for gone in [self.path("card.p8"), pki.path(&format!("{name}.key"))] {
            std::fs::remove_file(gone).expect("the key's file");
        }
    }

    /// The module of a reader with keys of its own.
    fn pin_pad(&self) -> PathBuf {
        let library = self.path("pin_pad.so");
        let source = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/gateway/harness/pin_pad.c"
        );
        self.run(&format!(
            "cc -shared -fPIC -O1 -DMODULE={MODULE} -DPIN={PIN} -o {} {source} -ldl",
            library.display()
        ));
        library
    }

    fn run(&self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env("SOFTHSM2_CONF", self.settings());
        let output = command
            .output()
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{line}: {told}");
    }
}

/// Whether all those programs are here; told where one is missing, and a failure in CI.
pub fn are_installed(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = |name: &str| {
        let mut folders = std::env::split_paths(&path);
        folders.any(|folder| folder.join(name).is_file()) || Path::new(name).is_file()
    };
    let missing: Vec<_> = programs.iter().filter(|name| !is_there(name)).collect();
    if !missing.is_empty() {
        assert!(std::env::var_os("CI").is_none(), "{missing:?} are missing");
        eprintln!("skipped: {missing:?} are missing (scripts/install-debian-packages.sh test)");
    }
    missing.is_empty()
}

/// What a browser with a card needs.
pub const PROGRAMS: [&str; 6] = [
    "chromium",
    "certutil",
    "modutil",
    "softhsm2-util",
    "pkcs11-tool",
    MODULE,
];
