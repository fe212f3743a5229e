//! A trusted list counts if one of its signers signed all of it, in the one form that such lists have; what is read is what was signed.

use std::fs;
use std::path::Path;

use chrono::{TimeDelta, Utc};
use openssl::x509::X509;
use pontile::trust::list::{TrustedList, signers};

use crate::publisher::{Authority, DEPRECATED, Draft, RECOGNISED, sign};

struct Supervisor {
    folder: tempfile::TempDir,
    regione: Authority,
    passata: Authority,
    signer: X509,
}

impl Supervisor {
    fn new() -> Supervisor {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = |name| Authority::new(folder.path(), name);
        let (regione, passata, _) = (
            authority("regione"),
            authority("passata"),
            authority("firmatario"),
        );
        let pem = fs::read(folder.path().join("firmatario.pem")).expect("a certificate");
        Supervisor {
            regione,
            passata,
            signer: X509::from_pem(&pem).expect("a certificate"),
            folder,
        }
    }

    fn draft(&self) -> Draft<'_> {
        Draft {
            sequence: 7,
            issued: Utc::now(),
            next_update: Utc::now() + TimeDelta::days(10),
            services: vec![(&self.regione, RECOGNISED), (&self.passata, DEPRECATED)],
        }
    }

    fn signed(&self) -> String {
        let bytes = self.draft().signed(self.folder.path(), "firmatario");
        String::from_utf8(bytes).expect("UTF-8")
    }

    fn read(&self, list: &str) -> Result<TrustedList, String> {
        let signers = std::slice::from_ref(&self.signer);
        TrustedList::read(list.as_bytes(), signers).map_err(|error| error.to_string())
    }
}

#[test]
fn a_list_signed_by_xmlsec1_names_those_that_are_recognised_today() {
    let supervisor = Supervisor::new();
    let list = supervisor.read(&supervisor.signed()).expect("a sound list");
    assert_eq!(list.sequence, 7);
    let regione = fs::read(supervisor.folder.path().join("regione.pem")).expect("a certificate");
    let regione = X509::from_pem(&regione).and_then(|one| one.to_der());
    assert_eq!(list.authorities, [regione.expect("DER")]);
}

#[test]
fn a_list_that_was_changed_or_that_somebody_else_signed_is_refused() {
    let supervisor = Supervisor::new();
    let list = supervisor.signed();
    let unsound = |list: &str, what: &str| {
        let reason = supervisor.read(list).expect_err(what);
        assert!(reason.contains("nessuno dei firmatari"), "{what}: {reason}");
    };
    unsound(&list.replace(DEPRECATED, RECOGNISED), "another status");
    unsound(&list.replace(">7<", ">8<"), "another number");
    unsound(
        &list.replace("2026-01-01T00", "2025-01-01T00"),
        "another time of signing",
    );
    let by_others = supervisor
        .draft()
        .signed(supervisor.folder.path(), "passata");
    unsound(&String::from_utf8_lossy(&by_others), "another signer");
    let mut draft = supervisor.draft();
    draft.issued = Utc::now() - TimeDelta::days(400);
    let backdated = draft.signed(supervisor.folder.path(), "firmatario");
    unsound(
        &String::from_utf8_lossy(&backdated),
        "from before its signer's certificate",
    );
}

#[test]
fn a_signature_of_another_form_is_refused_whoever_made_it() {
    let supervisor = Supervisor::new();
    let list = supervisor.signed();
    let draft = supervisor.draft().written();
    let folder = supervisor.folder.path();
    let again = |from: &str, to: &str| {
        let document = draft.replace(from, to);
        assert_ne!(document, draft, "{from}");
        String::from_utf8(sign(&document, folder, "firmatario")).expect("UTF-8")
    };
    let begin = list.find("<ds:Signature ").expect("a signature");
    let end = list.find("</TrustServiceStatusList>").expect("an end");
    let signature = &list[begin..end];
    let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    for (what, list) in [
        ("none", list.replace(signature, "")),
        ("two", list.replace(signature, &signature.repeat(2))),
        (
            "SHA-1",
            again(
                "2001/04/xmldsig-more#rsa-sha256",
                "2000/09/xmldsig#rsa-sha1",
            ),
        ),
        (
            "inclusive canonicalization",
            again(
                "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>",
                "<ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>",
            ),
        ),
        (
            "only its own properties",
            again(
                "<ds:Reference URI=\"\">",
                "<ds:Reference URI=\"#proprieta\">",
            ),
        ),
        (
            "a document type",
            list.replace(prolog, &format!("{prolog}<!DOCTYPE x [<!ENTITY a \"b\">]>")),
        ),
        ("no XML", "elenco".to_owned()),
    ] {
        let reason = supervisor.read(&list).expect_err(what);
        assert!(
            reason.contains("nella forma prevista") || reason.contains("non si legge"),
            "{what}: {reason}"
        );
    }
}

#[test]
fn a_list_moved_into_another_says_nothing() {
    let supervisor = Supervisor::new();
    let list = supervisor.signed();
    let inner = list.split_once("?>").expect("a prolog").1;
    let begin = list.find("<ds:Signature ").expect("a signature");
    let end = list.find("</TrustServiceStatusList>").expect("an end");
    let forged = list.replace(DEPRECATED, RECOGNISED);
    let forged_begin = forged.find("<ds:Signature ").expect("a signature");
    let forged = format!(
        "{}<ds:x xmlns:ds=\"urn:x\">{}</ds:x>{}</TrustServiceStatusList>",
        &forged[..forged_begin],
        inner.replace(&list[begin..end], ""),
        &list[begin..end]
    );
    supervisor
        .read(&forged)
        .expect_err("a list around the signed one");
}

/// The list of 2019 as AgID signed it, where this machine has it.
#[test]
fn the_italian_list_is_read_with_its_own_signers_certificate() {
    let Some(shared) = std::env::var_os("PONTILE_SHARED") else {
        eprintln!("skipped: PONTILE_SHARED names no folder with real lists");
        return;
    };
    let file = Path::new(&shared).join("standards/j-trust/dss/lotlCache-IT.xml");
    let text = fs::read_to_string(&file).expect("the list");
    let signed_by = text
        .rsplit_once("<ds:X509Certificate>")
        .expect("a signature")
        .1;
    let signed_by = signed_by.split_once('<').expect("its end").0;
    let folder = tempfile::tempdir().expect("a folder");
    let pem = folder.path().join("agid.pem");
    let armoured = format!("-----BEGIN CERTIFICATE-----\n{signed_by}\n-----END CERTIFICATE-----\n");
    fs::write(&pem, armoured).expect("a certificate");
    let signers = signers(&[pem]).expect("a signer");
    let list = TrustedList::read(text.as_bytes(), &signers).expect("a sound list");
    assert_eq!(list.sequence, 141);
    assert_eq!(list.next_update.to_rfc3339(), "2020-02-27T00:00:00+00:00");
    assert!(list.authorities.len() > 50, "{}", list.authorities.len());
    let changed = text.replacen("recognisedatnationallevel", "deprecatedatnationallevel", 1);
    TrustedList::read(changed.as_bytes(), &signers).expect_err("a changed list");
}
