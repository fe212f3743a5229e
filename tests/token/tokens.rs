//! A SoftHSM token for one test, with keys made on it.
//!
//! A module is initialised once in a process, and finds its tokens by the environment of that process. So each test starts
//! its own program again, once to make the keys and once for itself.

use std::mem::discriminant;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use pontile::config::secret::SecretReference;
use pontile::signing::{KeyName, TokenKey, TokenName};

/// The user's PIN of every token here.
pub const PIN: &str = "123456";

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const LABEL: &str = "prova";
const STAGE: &str = "PONTILE_TOKEN_STAGE";
const FOLDER: &str = "PONTILE_TOKEN_FOLDER";

/// DER of the name of P-256.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A key to be made: as it should be, but for what is said.
pub struct Made {
    label: &'static str,
    bits: Option<u64>,
    but: Vec<Attribute>,
}

impl Made {
    pub fn p256(label: &'static str) -> Made {
        Made {
            label,
            bits: None,
            but: Vec::new(),
        }
    }

    pub fn rsa(label: &'static str) -> Made {
        Made::p256(label).of_bits(2048)
    }

    pub fn of_bits(self, bits: u64) -> Made {
        Made {
            bits: Some(bits),
            ..self
        }
    }

    /// With this attribute of the private key in the place of the usual one.
    pub fn but(mut self, attribute: Attribute) -> Made {
        self.but.push(attribute);
        self
    }

    fn make(&self, session: &Session) {
        let named = [
            Attribute::Token(true),
            Attribute::Label(self.label.into()),
            Attribute::Id(self.label.into()),
        ];
        let mut private = named.to_vec();
        private.extend([
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Decrypt(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            Attribute::AlwaysAuthenticate(false),
        ]);
        for other in &self.but {
            private.retain(|one| discriminant(one) != discriminant(other));
            private.push(other.clone());
        }
        let mut public = named.to_vec();
        let mechanism = if let Some(bits) = self.bits {
            public.push(Attribute::ModulusBits(bits.into()));
            public.push(Attribute::PublicExponent(vec![1, 0, 1]));
            Mechanism::RsaPkcsKeyPairGen
        } else {
            public.push(Attribute::EcParams(P256.to_vec()));
            Mechanism::EccKeyPairGen
        };
        session
            .generate_key_pair(&mechanism, &public, &private)
            .expect("a key");
    }
}

/// Where a test finds its token.
pub struct Place {
    folder: PathBuf,
}

impl Place {
    /// The key of that label, to be opened with that PIN.
    pub fn key(&self, label: &str, pin: &str) -> TokenKey {
        let file = self.folder.join(format!("pin-{pin}"));
        std::fs::write(&file, pin).expect("a file");
        TokenKey {
            name: label.to_owned(),
            certificate: None,
            module: PathBuf::from(MODULE),
            token: TokenName::Label(LABEL.to_owned()),
            key: KeyName::Label(label.to_owned()),
            pin: SecretReference::File(file),
            sessions: 2,
            queue: 16,
            deadline: Duration::from_secs(10),
        }
    }
}

impl Place {
    /// The module that passes on to SoftHSM what it is not told to spoil.
    #[expect(clippy::unused_self, reason = "it stands with what else is found here")]
    pub fn faulty_module(&self) -> PathBuf {
        let program = std::env::current_exe().expect("this program");
        program.with_file_name("libfaulty_token.so")
    }

    /// Names the faults that the module has from now on.
    pub fn faults(&self, words: &str) {
        std::fs::write(self.folder.join("faults"), words).expect("a file");
    }

    /// How often a PIN was given to the module.
    pub fn pins_tried(&self) -> usize {
        std::fs::read(self.folder.join("faults.pins")).map_or(0, |tries| tries.len())
    }
}

/// Runs the test of that name in a process of its own, with a token that holds the keys.
pub fn in_own_process(name: &str, keys: &[Made], test: impl FnOnce(&Place)) {
    match std::env::var(STAGE).as_deref() {
        Ok("make") => return make(keys),
        Ok(_) => {
            let folder = std::env::var_os(FOLDER).expect("a folder");
            return test(&Place {
                folder: folder.into(),
            });
        }
        Err(_) => {}
    }
    let folder = tempfile::tempdir().expect("a folder");
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).expect("a folder");
    let settings = format!("directories.tokendir = {}\n", tokens.display());
    std::fs::write(folder.path().join("softhsm2.conf"), settings).expect("a file");
    let initialised = ["--init-token", "--free", "--label", LABEL, "--pin", PIN];
    let mut command = Command::new("softhsm2-util");
    command.args(initialised).args(["--so-pin", "12345678"]);
    run(command, folder.path());
    for stage in ["make", "run"] {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args([name, "--exact", "--nocapture"]);
        command.env(STAGE, stage).env(FOLDER, folder.path());
        run(command, folder.path());
    }
}

fn run(mut command: Command, folder: &Path) {
    command.env("SOFTHSM2_CONF", folder.join("softhsm2.conf"));
    command.env("FAULTY_TOKEN", folder.join("faults"));
    let output = command.output().expect("started");
    let told = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&told)
    );
}

fn make(keys: &[Made]) {
    let pkcs11 = Pkcs11::new(MODULE).expect("a module");
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    pkcs11.initialize(arguments).expect("initialised");
    let slots = pkcs11
        .get_slots_with_initialized_token()
        .expect("the slots");
    let session = pkcs11.open_rw_session(slots[0]).expect("a session");
    let pin = AuthPin::from(PIN.to_owned());
    session.login(UserType::User, Some(&pin)).expect("a login");
    for key in keys {
        key.make(&session);
    }
}
