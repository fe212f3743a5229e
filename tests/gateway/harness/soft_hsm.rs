//! A token of the gateway's own in SoftHSM, behind a module that has the faults that a test names.

use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::files::Files;
use super::pki::Pki;
use super::province::Province;

const PIN: &str = "246810";

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// Where a province's folder says that its gateway has a token.
const SETTINGS: &str = "softhsm2.conf";

/// A token that is initialised and empty.
pub struct SoftHsm {
    folder: tempfile::TempDir,
}

impl SoftHsm {
    pub fn new() -> SoftHsm {
        let hsm = SoftHsm {
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::create_dir(hsm.path("tokens")).expect("a folder");
        std::fs::write(hsm.path(SETTINGS), hsm.settings()).expect("a file");
        let initialised = ["--init-token", "--free", "--label", "provincia"];
        let output = Command::new("softhsm2-util")
            .args(initialised)
            .args(["--pin", PIN, "--so-pin", "12345678"])
            .env("SOFTHSM2_CONF", hsm.path(SETTINGS))
            .output()
            .expect("softhsm2-util runs");
        assert!(output.status.success(), "{output:?}");
        hsm.has_pin(PIN);
        hsm.has_faults("");
        hsm
    }

    /// What the gateway is given for its PIN.
    pub fn has_pin(&self, pin: &str) {
        let mut options = std::fs::File::options();
        let file = options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = file.open(self.path("pin")).expect("a file");
        std::io::Write::write_all(&mut file, pin.as_bytes()).expect("written");
    }

    /// The faults from now on, by the words of the module.
    pub fn has_faults(&self, words: &str) {
        std::fs::write(self.path("faults"), words).expect("a file");
    }

    /// How often a PIN was tried.
    pub fn pins_tried(&self) -> usize {
        std::fs::read(self.path("faults.pins")).map_or(0, |tries| tries.len())
    }

    /// Tells a province's gateway where the token is, and names keys on it: `[[key]]`, each with the certificate that is made later.
    pub fn give(&self, files: &mut Files, keys: &[&str]) {
        let settings = format!(
            "{}# faults: {}\n",
            self.settings(),
            self.path("faults").display()
        );
        files.put(SETTINGS, settings);
        for key in keys {
            files.append("pontile.toml", &self.key(key));
        }
    }

    /// Makes the keys on the token by the command for it, and has the configuration name a certificate of each, for that use.
    pub fn make_keys(&self, province: &mut Province, keys: &[&str], usage: &str) {
        for name in keys {
            let file = self.public_key(name);
            let file = file.to_str().expect("UTF-8");
            let make = ["keys", "create", name, "--output", file];
            let made = province.pontile(&[&make[..], &["--reason", "prova prot. 1"]].concat());
            assert!(made.status.success(), "{made:?}");
            let certificate = self.certify(&province.pki, name, usage);
            province.files.replace(
                "pontile.toml",
                &format!("name = \"{name}\"\n"),
                &format!(
                    "name = \"{name}\"\ncertificate = \"{}\"\n",
                    certificate.display()
                ),
            );
        }
    }

    fn key(&self, name: &str) -> String {
        let certificate = self.path(&format!("{name}.pem"));
        let certificate = match certificate.exists() {
            true => format!("certificate = \"{}\"\n", certificate.display()),
            false => String::new(),
        };
        format!(
            "[[key]]\nname = \"{name}\"\nmodule = \"{}\"\ntoken = {{ label = \"provincia\" }}\nkey = {{ label = \"{name}\" }}\n\
             pin = {{ file = \"{}\" }}\nsessions = 2\n{certificate}",
            module().display(),
            self.path("pin").display()
        )
    }

    /// Has a key reach its token by SoftHSM's own module: the faults do not touch it. A copy, since a module is initialised once.
    pub fn without_faults(&self, files: &mut Files, key: &str) {
        let own = self.path("own.so");
        std::fs::copy(MODULE, &own).expect("a copy of the module");
        let at = |module: &Path| {
            let key = format!("token = {{ label = \"provincia\" }}\nkey = {{ label = \"{key}\" }}");
            format!("module = \"{}\"\n{key}", module.display())
        };
        files.replace("pontile.toml", &at(&module()), &at(&own));
    }

    /// Has the PKI's root certify the public key that stands in `<name>.pub`, for that use.
    pub fn certify(&self, pki: &Pki, name: &str, usage: &str) -> PathBuf {
        let certificate = self.path(&format!("{name}.pem"));
        let subject = format!("/C=IT/O=Provincia di Como (sviluppo)/CN={name}");
        let extensions = self.path("extensions");
        std::fs::write(&extensions, format!("keyUsage = critical, {usage}\n")).expect("a file");
        let output = Command::new("openssl")
            .args(["x509", "-new", "-days", "30", "-subj", &subject])
            .arg("-extfile")
            .arg(extensions)
            .arg("-force_pubkey")
            .arg(self.public_key(name))
            .arg("-CA")
            .arg(pki.path("root.pem"))
            .arg("-CAkey")
            .arg(pki.path("root.key"))
            .arg("-out")
            .arg(&certificate)
            .output()
            .expect("openssl starts");
        assert!(output.status.success(), "{output:?}");
        certificate
    }

    /// Where the public key of a key is to be written.
    pub fn public_key(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.pub"))
    }

    /// What names the key on the token to the command that signs documents.
    pub fn named(&self, key: &str, certificate: &Path) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        [
            ("--module", path(&module())),
            ("--token", "provincia".to_owned()),
            ("--key", key.to_owned()),
            ("--certificate", path(certificate)),
            ("--pin-file", path(&self.path("pin"))),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
    }

    fn settings(&self) -> String {
        format!("directories.tokendir = {}\n", self.path("tokens").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Has the command find the token of a province, if there is one.
pub fn give(command: &mut Command, folder: &Path) {
    let settings = folder.join(SETTINGS);
    let Ok(text) = std::fs::read_to_string(&settings) else {
        return;
    };
    command.env("SOFTHSM2_CONF", settings);
    if let Some(faults) = text
        .lines()
        .find_map(|line| line.strip_prefix("# faults: "))
    {
        command.env("FAULTY_TOKEN", faults);
    }
}

/// The module that passes on to SoftHSM what it is not told to spoil.
fn module() -> PathBuf {
    let program = std::env::current_exe().expect("this program");
    program.with_file_name("libfaulty_token.so")
}
