//! Files that other validators publish with their verdicts (EU DSS), where they are at hand.

use std::fs;
use std::path::Path;

use pontile::contract::firma::{
    Busta, Copertura, Firma, Indicazione, Integrita, Livello, SottoIndicazione,
};
use pontile::documents::verifying::NotVerified;
use pontile::documents::verifying::grounds::Grounds;

use crate::workshop::judge;

type Check = fn(&[Busta]);

/// Without trusted authorities: what each file is by itself.
const FILES: [(&str, Check); 6] = [
    ("cades-countersigned.p7m", countersigned),
    ("cades-nested-signeddata.p7m", basic),
    ("cades-hash-failure.pkcs7", hash_failure),
    ("cades-t-foreign-timestamp.p7m", foreign_stamp),
    ("pades-lt.pdf", in_a_revision),
    ("pades-byterange-overlap.pdf", overlap),
];

/// In forms that are not verified yet, and said so.
const OTHER_FORMS: [&str; 7] = [
    "xades-b.xml",
    "xades-wrong-signcert-digest.xml",
    "xades-dtd-injection.xml",
    "xades-xsw-object.xml",
    "jades-b.json",
    "jades-altered.json",
    "asice-cades.asice",
];

/// The one signature of the one layer.
fn one(layers: &[Busta]) -> &Firma {
    assert_eq!((layers.len(), layers[0].firme.len()), (1, 1));
    &layers[0].firme[0]
}

fn countersigned(layers: &[Busta]) {
    let one = one(layers);
    let weak = Some(SottoIndicazione::CryptoConstraintsFailureNoPoe);
    let counter = &one.controfirme[0];
    for signature in [one, counter] {
        assert_eq!(signature.integrita, Integrita::Integra);
        assert_eq!(signature.indicazione, Indicazione::Indeterminate);
        assert_eq!(signature.sotto_indicazione, weak);
        assert_eq!(signature.livello, Some(Livello::T));
    }
}

fn basic(layers: &[Busta]) {
    let one = one(layers);
    assert_eq!(one.integrita, Integrita::Integra);
    assert_eq!(one.indicazione, Indicazione::Indeterminate);
    assert_eq!(one.livello, Some(Livello::B));
}

fn hash_failure(layers: &[Busta]) {
    let one = one(layers);
    assert_eq!(one.integrita, Integrita::Violata);
    assert_eq!(one.indicazione, Indicazione::TotalFailed);
    assert_eq!(one.sotto_indicazione, Some(SottoIndicazione::HashFailure));
}

fn foreign_stamp(layers: &[Busta]) {
    basic(layers);
    let stamp = &one(layers).marche[0];
    assert_eq!(stamp.indicazione, Indicazione::TotalFailed);
    assert_eq!(stamp.sotto_indicazione, Some(SottoIndicazione::HashFailure));
}

/// Later revisions add what long-term validation takes.
fn in_a_revision(layers: &[Busta]) {
    assert_eq!(layers[0].copertura, Copertura::RevisionePrecedente);
    let one = one(layers);
    assert_eq!(one.integrita, Integrita::Integra);
    assert_eq!(one.indicazione, Indicazione::Indeterminate);
    assert!(!one.materiale.is_empty());
}

fn overlap(layers: &[Busta]) {
    assert_eq!(layers.len(), 2);
    assert_eq!(layers[0].firme[0].integrita, Integrita::Integra);
    let second = &layers[1].firme[0];
    assert_eq!(second.indicazione, Indicazione::TotalFailed);
    let why = second.sotto_indicazione;
    assert_eq!(why, Some(SottoIndicazione::FormatFailure));
}

#[test]
fn files_of_others_get_the_verdicts_of_others() {
    let Some(shared) = std::env::var_os("PONTILE_SHARED") else {
        eprintln!("skipped: PONTILE_SHARED names no folder with signed files of others");
        return;
    };
    let folder = Path::new(&shared).join("standards/k-signatures");
    let manifest = fs::read_to_string(folder.join("manifest.csv")).expect("the manifest");
    let nobody = Grounds::new(Vec::new(), None, Vec::new()).expect("grounds");
    for line in manifest.lines().skip(1) {
        let name = line.split(',').next().expect("a name");
        let file = fs::read(folder.join(name)).expect("a file");
        let judged = judge(&file, None, &nobody);
        if OTHER_FORMS.contains(&name) {
            assert_eq!(judged, Err(NotVerified::Form), "{name}");
            continue;
        }
        let check = FILES.iter().find(|(one, _)| *one == name);
        let (_, check) = check.unwrap_or_else(|| panic!("{name} has no verdict here"));
        let report = judged.unwrap_or_else(|reason| panic!("{name}: {reason}"));
        check(&report.buste);
    }
}
