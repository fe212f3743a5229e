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

    /// A card (CNS) of a citizen, issued by the root: `NAME.pem` and `NAME.key`.
    pub fn card(&self, name: &str, code: &str) {
        self.card_of(name, code, ("MARIO", "ROSSI"));
    }

    /// The same for somebody of that name.
    pub fn card_of(&self, name: &str, code: &str, (given, family): (&str, &str)) {
        let subject = format!(
            "/C=IT/CN={code}\\/7430010024925855.lsKV\\/lNtBAmc8x5lzSb+cxx2UzE=/SN={family}/GN={given}"
        );
        let extensions = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n\
             certificatePolicies=1.3.76.16.2.1\nauthorityKeyIdentifier=keyid:always\n";
        fs::write(self.path(&format!("{name}.ext")), extensions).expect("a file");
        let serial = format!("0x{}", hex::encode(uuid::Uuid::now_v7().as_bytes()));
        let new =
            format!("req -new -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj");
        let signed = format!(
            "x509 -req -in {name}.csr -CA root.pem -CAkey root.key -set_serial {serial} -days 30 -sha256 -extfile {name}.ext -out {name}.pem"
        );
        let new: Vec<&str> = new.split(' ').chain([subject.as_str()]).collect();
        for arguments in [new, signed.split(' ').collect()] {
            let output = Command::new("openssl")
                .args(&arguments)
                .current_dir(&self.folder)
                .output()
                .expect("openssl starts");
            let words = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "openssl {arguments:?}: {words}");
        }
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
