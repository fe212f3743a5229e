//! PDF files, signed revision by revision.

use pontile::contract::firma::{
    Busta, Codifica, Copertura, Indicazione, Livello, SottoIndicazione,
};
use pontile::documents::verifying::NotVerified;

use crate::workshop::{Workshop, judge};
use crate::{PASSED, failed, verdict};

const BEGINNING: &[u8] = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n";
const SIGNATURE: &str = "ETSI.CAdES.detached";
const STAMP: &str = "ETSI.RFC3161";
/// Digits of a `Contents`.
const ROOM: usize = 16 << 10;

/// Adds a revision with a signature dictionary; `sign` gets what is signed.
fn revision(file: &[u8], kind: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let dictionary = format!("9 0 obj\n<< /Type /Sig /SubFilter /{kind} /Contents ");
    let before = [file, dictionary.as_bytes()].concat();
    let behind = |range: &str| format!(" /ByteRange {range:<48} >>\nendobj\n%%EOF\n").into_bytes();
    let gap = before.len() + ROOM + 2;
    let length = behind("").len();
    let behind = behind(&format!("[0 {} {gap} {length}]", before.len()));
    let message = hex::encode(sign(&[&before[..], &behind].concat()));
    let contents = format!("<{message:0<ROOM$}>");
    [&before, contents.as_bytes(), &behind].concat()
}

fn signed(workshop: &Workshop, file: &[u8]) -> Vec<u8> {
    revision(file, SIGNATURE, |content| {
        workshop.write("revision", content);
        workshop.signed_by("anna", "revision", "-outform DER")
    })
}

fn layers(workshop: &Workshop, file: &[u8]) -> Vec<Busta> {
    workshop.judge(file).buste
}

#[test]
fn a_signature_over_the_whole_file_passes_and_one_over_changed_bytes_fails() {
    let workshop = Workshop::new();
    let file = signed(&workshop, BEGINNING);
    let report = workshop.judge(&file);
    let layer = &report.buste[0];
    assert_eq!(report.codifica, Codifica::Pdf);
    assert!(report.avvertenze.is_empty(), "{:?}", report.avvertenze);
    assert_eq!(layer.copertura, Copertura::ContenutoIntero);
    assert_eq!(verdict(&layer.firme[0]), PASSED, "{:?}", layer.firme[0]);
    assert_eq!(layer.firme[0].livello, Some(Livello::B));
    let mut changed = file;
    changed[20] ^= 1;
    let changed = layers(&workshop, &changed);
    let expected = failed(SottoIndicazione::HashFailure);
    assert_eq!(verdict(&changed[0].firme[0]), expected);
}

#[test]
fn what_was_added_after_a_signature_is_told() {
    let workshop = Workshop::new();
    let first = signed(&workshop, BEGINNING);
    let more = [&first[..], b"5 0 obj\n<< /Altro >>\nendobj\n%%EOF\n"].concat();
    let report = workshop.judge(&more);
    let layer = &report.buste[0];
    assert_eq!(layer.copertura, Copertura::RevisionePrecedente);
    assert_eq!(layer.byte_contenuto, Some(first.len() as u64));
    assert_eq!(layer.byte_in_coda, (more.len() - first.len()) as u64);
    assert_eq!(report.byte_non_coperti, layer.byte_in_coda);
    assert_eq!(report.avvertenze.len(), 1);
    let twice = signed(&workshop, &first);
    assert_eq!(workshop.judge(&twice).byte_non_coperti, 0);
    let both = layers(&workshop, &twice);
    let found: Vec<_> = both
        .iter()
        .map(|one| (one.copertura, verdict(&one.firme[0])))
        .collect();
    let expected = [
        (Copertura::RevisionePrecedente, PASSED),
        (Copertura::ContenutoIntero, PASSED),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_stamp_on_the_file_proves_the_signatures_before_it() {
    let workshop = Workshop::new();
    let first = signed(&workshop, BEGINNING);
    let stamped = revision(&first, STAMP, |content| workshop.stamp(content, "tsa"));
    let report = workshop.judge(&stamped);
    let one = &report.buste[0].firme[0];
    assert_eq!(verdict(one), PASSED);
    assert_eq!(one.livello, Some(Livello::T));
    assert_eq!(Some(one.ora_provata), report.marche_documento[0].ora);
    assert_eq!(report.byte_non_coperti, 0);
    let foreign = revision(&first, STAMP, |_| workshop.stamp(b"altro", "tsa"));
    let report = workshop.judge(&foreign);
    let one = &report.buste[0].firme[0];
    assert_eq!(one.livello, Some(Livello::B));
    let stamp = &report.marche_documento[0];
    assert_eq!(stamp.indicazione, Indicazione::TotalFailed);
    assert_eq!(stamp.sotto_indicazione, Some(SottoIndicazione::HashFailure));
}

#[test]
fn byte_ranges_that_leave_more_out_than_the_signature_fail() {
    let workshop = Workshop::new();
    let file = signed(&workshop, BEGINNING);
    let range = |change: fn([usize; 4]) -> [usize; 4]| {
        let at = memchr::memmem::find(&file, b"/ByteRange [").expect("a range") + 12;
        let end = at + memchr::memchr(b']', &file[at..]).expect("its end");
        let text = std::str::from_utf8(&file[at..end]).expect("text");
        let mut numbers = text.split(' ').map(|word| word.parse().expect("a number"));
        let mut next = || numbers.next().expect("four numbers");
        let [from, before, behind, length] = change([next(), next(), next(), next()]);
        let changed = format!("{from} {before} {behind} {length}]");
        let room = end + 1 - at;
        let mut file = file.clone();
        file.splice(at..=end, format!("{changed:<room$}").into_bytes());
        file
    };
    let twice =
        String::from_utf8_lossy(&file).replacen("/SubFilter", "/SubFilter /X /SubFilter", 1);
    let rows = [
        range(|[_, before, behind, length]| [1, before - 1, behind, length]),
        range(|[from, before, behind, length]| [from, before - 4, behind, length]),
        range(|[from, before, behind, length]| [from, before, behind + 4, length - 4]),
        range(|[from, before, behind, length]| [from, before, behind, length - 4]),
        range(|[from, before, behind, length]| [from, before, behind, length + 1]),
        range(|[from, before, _, length]| [from, before, before - 1, length]),
        twice.into_bytes(),
    ];
    for file in rows {
        let found = layers(&workshop, &file);
        let one = &found[0].firme[0];
        assert_eq!(one.indicazione, Indicazione::TotalFailed);
        let why = one.sotto_indicazione;
        assert_eq!(
            why,
            Some(SottoIndicazione::FormatFailure),
            "{:?}",
            one.motivi
        );
    }
}

#[test]
fn a_message_around_a_signed_pdf_says_that_there_is_more() {
    let workshop = Workshop::new();
    workshop.write("inner", &signed(&workshop, BEGINNING));
    let report = workshop.judge(&workshop.signed_by("bruno", "inner", "-nodetach -outform DER"));
    assert_eq!(report.codifica, Codifica::Binaria);
    assert_eq!(verdict(&report.buste[0].firme[0]), PASSED);
    assert_eq!(report.avvertenze.len(), 1);
}

#[test]
fn a_file_that_nobody_signed_is_no_signed_document() {
    let workshop = Workshop::new();
    let found = judge(BEGINNING, None, &workshop.grounds());
    assert_eq!(found, Err(NotVerified::Form));
}
