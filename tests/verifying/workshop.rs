//! Authorities, signers and stampers of a test, and documents signed with `openssl cms`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use openssl::x509::{X509, X509Crl};
use pontile::contract::firma::{Firma, VerificaFirme};
use pontile::documents::verifying::grounds::Grounds;
use pontile::documents::verifying::{NotVerified, Submitted, verify};
use tempfile::TempDir;

/// What is signed.
pub const CONTENT: &[u8] = b"Domanda\r\nriga\n\x00\xff";

const CONFIGURATION: &str = "
[ca]
default_ca = this
[this]
database = index.txt
crlnumber = number
default_md = sha256
default_crl_days = 30
certificate = ca.pem
private_key = ca.key
[signer]
keyUsage = critical, nonRepudiation
[stamper]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = one
[one]
serial = serial
crypto_device = builtin
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
ordering = no
tsa_name = no
ess_cert_id_chain = no
";

/// A folder with an authority, the signers `anna` and `bruno`, and the stamper `tsa`.
pub struct Workshop {
    folder: TempDir,
}

impl Workshop {
    pub fn new() -> Workshop {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let workshop = Workshop { folder };
        workshop.write("openssl.cnf", CONFIGURATION.as_bytes());
        workshop.write("index.txt", b"");
        workshop.write("number", b"01\n");
        workshop.write("serial", b"01\n");
        workshop.write("content", CONTENT);
        workshop.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=Prova",
        );
        workshop.certify(
            "anna",
            "signer",
            "/CN=Anna/serialNumber=TINIT-RSSMRA80A01C933H",
        );
        workshop.certify("bruno", "signer", "/CN=Bruno");
        workshop.certify("tsa", "stamper", "/CN=Marche");
        workshop.openssl("ca -config openssl.cnf -gencrl -out ca.crl");
        workshop
    }

    fn certify(&self, name: &str, kind: &str, subject: &str) {
        self.openssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.csr -subj {subject}"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile openssl.cnf -extensions {kind} -out {name}.pem"
        ));
    }

    /// A certificate of the authority with another holder, but the same key and number as that of `name`.
    pub fn twin(&self, name: &str) -> X509 {
        let serial = self.certificate(name).serial_number().to_bn();
        let serial = serial.and_then(|number| number.to_hex_str().map(|hex| hex.to_string()));
        let serial = serial.expect("a number");
        self.openssl(&format!(
            "req -new -key {name}.key -out twin.csr -subj /CN=Altri"
        ));
        self.openssl(&format!(
            "x509 -req -in twin.csr -CA ca.pem -CAkey ca.key -set_serial 0x{serial} -days 20 -extfile openssl.cnf -extensions signer -out twin.pem"
        ));
        self.certificate("twin")
    }

    pub fn revoke(&self, name: &str) {
        self.openssl(&format!("ca -config openssl.cnf -revoke {name}.pem"));
        self.openssl("ca -config openssl.cnf -gencrl -out ca.crl");
    }

    /// Signs the content with the card of `anna`, and whatever else is told.
    pub fn signed(&self, more: &str) -> Vec<u8> {
        self.signed_by("anna", "content", more)
    }

    pub fn signed_by(&self, signer: &str, content: &str, more: &str) -> Vec<u8> {
        self.openssl(&format!(
            "cms -sign -binary -cades -in {content} -signer {signer}.pem -inkey {signer}.key -out signed {more}"
        ));
        self.read("signed")
    }

    /// A time stamp on some bytes.
    pub fn stamp(&self, signature: &[u8], stamper: &str) -> Vec<u8> {
        self.write("signature", signature);
        self.openssl("ts -query -data signature -sha256 -cert -out query");
        self.openssl(&format!(
            "ts -reply -config openssl.cnf -queryfile query -inkey {stamper}.key -signer {stamper}.pem -token_out -out token"
        ));
        self.read("token")
    }

    pub fn grounds(&self) -> Grounds {
        let list = X509Crl::from_pem(&self.read("ca.crl")).expect("a list");
        Grounds::new(vec![self.certificate("ca")], None, vec![list]).expect("grounds")
    }

    pub fn certificate(&self, name: &str) -> X509 {
        X509::from_pem(&self.read(&format!("{name}.pem"))).expect("a certificate")
    }

    pub fn judge(&self, file: &[u8]) -> VerificaFirme {
        judge(file, None, &self.grounds()).expect("a report")
    }

    /// The one signature of a file.
    pub fn one(&self, file: &[u8]) -> Firma {
        let mut report = self.judge(file);
        assert_eq!((report.buste.len(), report.buste[0].firme.len()), (1, 1));
        report.buste.remove(0).firme.remove(0)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).expect("written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect("read")
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl")
            .args(arguments.split(' ').filter(|part| !part.is_empty()))
            .current_dir(self.folder.path())
            .output()
            .expect("openssl runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {told}");
    }
}

pub fn judge(
    file: &[u8],
    content: Option<&[u8]>,
    grounds: &Grounds,
) -> Result<VerificaFirme, NotVerified> {
    let submitted = Submitted {
        file: file.to_vec(),
        content,
    };
    verify(submitted, grounds, now())
}

/// A little later, so that what was made within this second is no matter of the future.
pub fn now() -> DateTime<Utc> {
    Utc::now() + TimeDelta::seconds(2)
}
