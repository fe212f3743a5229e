//! All signatures and time stamps of a PDF file: each over its revision, and what was added since.

use crate::contract::firma::{Busta, Codifica, Copertura, Integrita, VerificaFirme};

use super::grounds::Grounds;
use super::mathematics::Claim;
use super::pdf::{self, Found, Kind, Signed};
use super::signer::{self, Around, Bench};
use super::standing::Material;
use super::timestamp::{Stamp, Token};
use super::{NotVerified, sha256};

/// A time stamp on a revision.
struct OnRevision {
    end: usize,
    stamp: Stamp,
}

/// Completes the report on a PDF file.
pub(super) fn verify(
    report: &mut VerificaFirme,
    file: &[u8],
    grounds: &Grounds,
) -> Result<(), NotVerified> {
    report.codifica = Codifica::Pdf;
    let mut found = pdf::signatures(file).ok_or(NotVerified::TooMany)?;
    let mut material = Material::default();
    for signed in found.iter_mut().filter_map(|one| one.signed.as_mut().ok()) {
        material.add(Material::of(&mut signed.message));
    }
    let bench = Bench {
        grounds,
        material: &material,
        now: report.verificato_al,
    };
    let (stamps, signatures): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|one| one.kind == Kind::TimeStamp && one.signed.is_ok());
    let stamps: Vec<OnRevision> = stamps
        .into_iter()
        .filter_map(|one| on_revision(one, bench))
        .collect();
    let reports = stamps.iter().map(|one| one.stamp.report.clone());
    report.marche_documento = reports.collect();
    for one in signatures {
        report.buste.push(layer(file, one, &stamps, bench));
    }
    report.byte_non_coperti = file.len() as u64 - covered(&report.buste, &stamps);
    if report.buste.is_empty() {
        if stamps.is_empty() {
            return Err(NotVerified::Form);
        }
        let text = "nel PDF non c'è nessuna firma, solo marche temporali";
        report.avvertenze.push(text.to_owned());
    }
    let changed = |layer: &Busta| layer.copertura == Copertura::RevisionePrecedente;
    if report.buste.iter().any(changed) {
        let text = "dopo una delle firme il PDF è stato modificato: che cosa sia cambiato non è valutato, fa fede la revisione firmata";
        report.avvertenze.push(text.to_owned());
    }
    Ok(())
}

/// Where the last signature or stamp that holds ends.
fn covered(layers: &[Busta], stamps: &[OnRevision]) -> u64 {
    let holds = |layer: &&Busta| {
        let mut all = layer.firme.iter();
        all.any(|one| one.integrita == Integrita::Integra)
    };
    let signed = layers.iter().filter(holds);
    let signed = signed.filter_map(|layer| layer.byte_contenuto);
    let stamped = stamps.iter().filter(|one| one.stamp.is_integral);
    let stamped = stamped.map(|one| one.end as u64);
    signed.chain(stamped).max().unwrap_or(0)
}

fn on_revision(found: Found<'_>, bench: Bench<'_>) -> Option<OnRevision> {
    let signed = found.signed.ok()?;
    let (content, end) = (signed.content(), signed.end);
    let token = Token {
        message: Some(signed.message),
    };
    let stamp = token.judge(&content, bench.grounds, bench.material, bench.now);
    Some(OnRevision { end, stamp })
}

fn layer(file: &[u8], found: Found<'_>, stamps: &[OnRevision], bench: Bench<'_>) -> Busta {
    match found.signed {
        Ok(signed) => signature(file, &signed, stamps, bench),
        Err(finding) => Busta {
            tipo_contenuto: String::new(),
            copertura: Copertura::ContenutoMancante,
            byte_contenuto: None,
            impronta_contenuto: None,
            byte_in_coda: 0,
            firme: vec![signer::unreadable(finding, bench.now)],
        },
    }
}

fn signature(file: &[u8], signed: &Signed<'_>, stamps: &[OnRevision], bench: Bench<'_>) -> Busta {
    let content = signed.content();
    let message = &signed.message;
    // A stamp on a later revision is one on this signature too.
    let later = stamps.iter().filter(|one| one.end > signed.end);
    let around = || Around {
        stamps: later.clone().map(|one| one.stamp.clone()).collect(),
        material: pdf::has_security_store(file)
            .then(|| "certificati e revoche nel PDF (DSS)".to_owned())
            .into_iter()
            .collect(),
    };
    let signatures = message.signers.iter().map(|one| {
        let claim = Claim {
            signer: one,
            content: Some(&content),
            content_type: Some(&message.content_type),
            certificates: &message.certificates,
        };
        signer::judge(claim, message, bench, around())
    });
    Busta {
        firme: signatures.collect(),
        tipo_contenuto: message.content_type.clone(),
        copertura: match signed.is_whole {
            true => Copertura::ContenutoIntero,
            false => Copertura::RevisionePrecedente,
        },
        byte_contenuto: Some(signed.end as u64),
        impronta_contenuto: Some(sha256(&file[..signed.end])),
        byte_in_coda: (file.len() - signed.end) as u64,
    }
}
