//! Sealed documents before a judge of others: `openssl cms -verify -cades`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::cms::CmsContentInfo;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, KeyUsage};
use openssl::x509::{X509, X509Name};
use pontile::documents::creating::{Placement, SealError, seal};
use pontile::jose::{Algorithm, PublicKey};
use pontile::signing::{PemSigner, Signer, SigningError};
use tempfile::TempDir;

/// Line ends of both kinds and a byte that is no text: nothing may be changed on the way.
const CONTENT: &[u8] = b"Ricevuta\r\nriga\n\x00\xffdopo";

/// A serial number whose highest bit is set.
const SERIAL: [u8; 4] = [0xfe, 1, 2, 3];

struct Authority {
    key: PKey<Private>,
    certificate: X509,
    folder: TempDir,
}

impl Authority {
    fn new() -> Authority {
        let key = elliptic(Nid::X9_62_PRIME256V1);
        let (from, until) = around(Utc::now());
        let certificate = certificate(&key, "Autorità di prova", None, &[1], from, until);
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let pem = certificate.to_pem().expect("PEM");
        fs::write(folder.path().join("ca.pem"), pem).expect("written");
        Authority {
            key,
            certificate,
            folder,
        }
    }

    fn certify(&self, key: &PKey<Private>, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<u8> {
        let issuer = Some((self.certificate.subject_name(), &self.key));
        let issued = certificate(key, "Sigillo di prova", issuer, &SERIAL, from, until);
        issued.to_der().expect("DER")
    }

    fn signer(&self, key: &PKey<Private>) -> PemSigner {
        let (from, until) = around(Utc::now());
        self.signer_from(key, from, until)
    }

    fn signer_from(
        &self,
        key: &PKey<Private>,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> PemSigner {
        let leaf = self.certify(key, from, until);
        let root = self.certificate.to_der().expect("DER");
        PemSigner::of_pem(&pem(key), vec![leaf, root], None).expect("a signer")
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path
    }

    /// What `openssl cms -verify -cades` says, and the content that it found.
    fn judge(&self, sealed: &[u8], beside: Option<&[u8]>) -> Result<Vec<u8>, String> {
        let sealed = self.file("sealed.der", sealed);
        let found = self.folder.path().join("found");
        let mut command = Command::new("openssl");
        command
            .args([
                "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in",
            ])
            .arg(&sealed)
            .arg("-CAfile")
            .arg(self.folder.path().join("ca.pem"))
            .arg("-out")
            .arg(&found);
        if let Some(beside) = beside {
            command.arg("-content").arg(self.file("content", beside));
        }
        let said = command.output().expect("openssl starts");
        let words = words(&said);
        match said.status.success() {
            true => {
                assert!(words.contains("CAdES Verification successful"), "{words}");
                Ok(fs::read(found).expect("the content"))
            }
            false => Err(words),
        }
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn around(now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
    (now - TimeDelta::days(1), now + TimeDelta::days(20))
}

fn rsa() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key")
}

fn elliptic(curve: Nid) -> PKey<Private> {
    let group = EcGroup::from_curve_name(curve).expect("a curve");
    PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key")
}

fn pem(key: &PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().expect("a PEM text")
}

fn certificate(
    key: &PKey<Private>,
    name: &str,
    issuer: Option<(&openssl::x509::X509NameRef, &PKey<Private>)>,
    serial: &[u8],
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> X509 {
    let mut subject = X509Name::builder().expect("a name");
    subject
        .append_entry_by_nid(Nid::COMMONNAME, name)
        .expect("a name");
    let subject = subject.build();
    let instant = |at: DateTime<Utc>| Asn1Time::from_unix(at.timestamp()).expect("an instant");
    let serial = BigNum::from_slice(serial).and_then(|number| number.to_asn1_integer());
    let mut made = X509::builder().expect("a certificate");
    made.set_version(2).expect("v3");
    made.set_serial_number(&serial.expect("a number"))
        .expect("a number");
    made.set_subject_name(&subject).expect("a name");
    made.set_issuer_name(issuer.map_or(&subject, |(name, _)| name))
        .expect("a name");
    made.set_not_before(&instant(from)).expect("an instant");
    made.set_not_after(&instant(until)).expect("an instant");
    made.set_pubkey(key).expect("a key");
    let (basic, usage) = match issuer {
        None => (
            BasicConstraints::new().critical().ca().build(),
            KeyUsage::new().critical().key_cert_sign().build(),
        ),
        Some(_) => (
            BasicConstraints::new().build(),
            KeyUsage::new().critical().non_repudiation().build(),
        ),
    };
    made.append_extension(basic.expect("an extension"))
        .expect("appended");
    made.append_extension(usage.expect("an extension"))
        .expect("appended");
    let by = issuer.map_or(key, |(_, key)| key);
    made.sign(by, MessageDigest::sha256()).expect("signed");
    made.build()
}

fn keys() -> [(&'static str, PKey<Private>); 4] {
    [
        ("RSA-2048", rsa()),
        ("P-256", elliptic(Nid::X9_62_PRIME256V1)),
        ("P-384", elliptic(Nid::SECP384R1)),
        ("P-521", elliptic(Nid::SECP521R1)),
    ]
}

#[tokio::test]
async fn openssl_accepts_what_every_kind_of_key_seals() {
    let authority = Authority::new();
    for (name, key) in keys() {
        let signer = authority.signer(&key);
        for content in [CONTENT, b"".as_slice()] {
            let attached = seal(&signer, content, Placement::Attached, Utc::now()).await;
            let found = authority.judge(&attached.expect("sealed"), None);
            assert_eq!(found.as_deref(), Ok(content), "{name} attached");
            let detached = seal(&signer, content, Placement::Detached, Utc::now()).await;
            let found = authority.judge(&detached.expect("sealed"), Some(content));
            assert_eq!(found.as_deref(), Ok(content), "{name} detached");
        }
    }
}

#[tokio::test]
async fn seals_of_ecdsa_verify_whatever_zeros_their_numbers_begin_with() {
    let authority = Authority::new();
    let signer = authority.signer(&elliptic(Nid::X9_62_PRIME256V1));
    for _ in 0..600 {
        seal(&signer, CONTENT, Placement::Detached, Utc::now())
            .await
            .expect("sealed and verified");
    }
}

#[tokio::test]
async fn openssl_refuses_what_was_changed() {
    let authority = Authority::new();
    for (name, key) in keys() {
        let signer = authority.signer(&key);
        let attached = seal(&signer, CONTENT, Placement::Attached, Utc::now()).await;
        let mut changed = attached.expect("sealed");
        let place = position(&changed, CONTENT);
        changed[place] ^= 1;
        assert!(authority.judge(&changed, None).is_err(), "{name}: content");

        let detached = seal(&signer, CONTENT, Placement::Detached, Utc::now()).await;
        let detached = detached.expect("sealed");
        let other = authority.judge(&detached, Some(b"altro"));
        assert!(other.is_err(), "{name}: another content");
        let mut changed = detached;
        let last = changed.len() - 1;
        changed[last] ^= 1;
        let judged = authority.judge(&changed, Some(CONTENT));
        assert!(judged.is_err(), "{name}: signature");
    }
}

#[tokio::test]
async fn a_stranger_to_the_authority_is_not_trusted() {
    let authority = Authority::new();
    let signer = Authority::new().signer(&rsa());
    let sealed = seal(&signer, CONTENT, Placement::Attached, Utc::now()).await;
    let refused = authority.judge(&sealed.expect("sealed"), None);
    assert!(refused.is_err());
}

/// OpenSSL writes DER: what it reads and writes anew without a change was DER, its sets sorted.
#[tokio::test]
async fn what_is_written_is_der_byte_for_byte() {
    let authority = Authority::new();
    for (name, key) in keys() {
        let signer = authority.signer(&key);
        let sealed = seal(&signer, CONTENT, Placement::Attached, Utc::now()).await;
        let sealed = sealed.expect("sealed");
        let read = CmsContentInfo::from_der(&sealed).expect("readable");
        assert_eq!(read.to_der().expect("DER"), sealed, "{name}");
    }
}

#[tokio::test]
async fn the_seal_covers_the_four_attributes_of_the_baseline_and_claims_its_instant() {
    let authority = Authority::new();
    let signer = authority.signer(&elliptic(Nid::X9_62_PRIME256V1));
    let at = Utc::now();
    let sealed = seal(&signer, CONTENT, Placement::Attached, at).await;
    let printed = printed(&authority, &sealed.expect("sealed"));
    for attribute in [
        "contentType (1.2.840.113549.1.9.3)",
        "messageDigest (1.2.840.113549.1.9.4)",
        "signingTime (1.2.840.113549.1.9.5)",
        "id-smime-aa-signingCertificateV2 (1.2.840.113549.1.9.16.2.47)",
    ] {
        assert_eq!(
            printed.matches(attribute).count(),
            1,
            "{attribute}: {printed}"
        );
    }
    let claimed = at.format("UTCTIME:%b %e %H:%M:%S %Y GMT").to_string();
    assert!(printed.contains(&claimed), "{claimed}: {printed}");
    assert!(
        printed.contains("unsignedAttrs:\n          <ABSENT>"),
        "{printed}"
    );
}

#[tokio::test]
async fn from_2050_on_the_instant_has_four_digits_for_its_year() {
    let authority = Authority::new();
    let at: DateTime<Utc> = "2050-01-01T00:00:00Z".parse().expect("an instant");
    let (from, until) = around(at);
    let signer = authority.signer_from(&rsa(), from, until);
    let sealed = seal(&signer, CONTENT, Placement::Attached, at).await;
    let printed = printed(&authority, &sealed.expect("sealed"));
    assert!(
        printed.contains("GENERALIZEDTIME:Jan  1 00:00:00 2050 GMT"),
        "{printed}"
    );
}

#[tokio::test]
async fn no_seal_without_a_certificate_that_is_in_force() {
    let authority = Authority::new();
    let key = elliptic(Nid::X9_62_PRIME256V1);
    let bare = PemSigner::of_pem(&pem(&key), Vec::new(), None).expect("a signer");
    let now = Utc::now();
    let refused = seal(&bare, CONTENT, Placement::Attached, now).await;
    assert_eq!(refused, Err(SealError::NoCertificate));

    let (from, until) = around(now);
    let signer = authority.signer(&key);
    for at in [from - TimeDelta::days(2), until + TimeDelta::days(2)] {
        let refused = seal(&signer, CONTENT, Placement::Attached, at).await;
        assert_eq!(refused, Err(SealError::CertificateNotInForce));
    }
}

/// A key that signs something else than it was given, or under another's certificate.
struct Faulty {
    honest: PemSigner,
    chain: Vec<Vec<u8>>,
    turned: bool,
}

#[async_trait]
impl Signer for Faulty {
    fn algorithm(&self) -> Algorithm {
        self.honest.algorithm()
    }

    fn public_key(&self) -> &PublicKey {
        self.honest.public_key()
    }

    fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    async fn sign(&self, bytes: &[u8]) -> Result<Vec<u8>, SigningError> {
        let mut signature = self.honest.sign(bytes).await?;
        if self.turned {
            signature[5] ^= 1;
        }
        Ok(signature)
    }
}

#[tokio::test]
async fn a_signature_that_does_not_verify_never_leaves() {
    let authority = Authority::new();
    for (name, key) in keys() {
        let faulty = Faulty {
            honest: authority.signer(&key),
            chain: authority.signer(&key).chain().to_vec(),
            turned: true,
        };
        let refused = seal(&faulty, CONTENT, Placement::Attached, Utc::now()).await;
        assert_eq!(
            refused,
            Err(SealError::DoesNotVerify),
            "{name}: a bit turned"
        );
    }
    let of_another = Faulty {
        honest: authority.signer(&rsa()),
        chain: authority.signer(&rsa()).chain().to_vec(),
        turned: false,
    };
    let refused = seal(&of_another, CONTENT, Placement::Detached, Utc::now()).await;
    assert_eq!(refused, Err(SealError::DoesNotVerify));
}

fn printed(authority: &Authority, sealed: &[u8]) -> String {
    let sealed: &Path = &authority.file("printed.der", sealed);
    let said = Command::new("openssl")
        .args([
            "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in",
        ])
        .arg(sealed)
        .output()
        .expect("openssl starts");
    assert!(said.status.success(), "{}", words(&said));
    String::from_utf8_lossy(&said.stdout).into_owned()
}

fn position(text: &[u8], sought: &[u8]) -> usize {
    text.windows(sought.len())
        .position(|window| window == sought)
        .expect("the content is in it")
}
