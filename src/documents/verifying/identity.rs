//! Whose a certificate is and of what kind, by its own words: the holder's fiscal code, and the statements about its qualification.

use openssl::nid::Nid;
use openssl::x509::{X509, X509KeyUsage, X509NameRef};
use openssl_cms::der;

use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::firma::{
    Fiducia, Identita, LivelloQualifica, Qualifica, Revoca, TipoCertificato,
};
use crate::trust::card_kind::CardKind;
use crate::trust::extensions;
use crate::trust::peer::{distinguished_name, moment};

/// 1.3.6.1.5.5.7.1.3.
const QC_STATEMENTS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x03];

/// ETSI EN 319 412-5.
const QC_COMPLIANCE: &str = "0.4.0.1862.1.1";
const QC_SSCD: &str = "0.4.0.1862.1.4";
const QC_TYPE: &str = "0.4.0.1862.1.6";
const FOR_SIGNATURES: &str = "0.4.0.1862.1.6.1";
const FOR_SEALS: &str = "0.4.0.1862.1.6.2";

const OF_A_CARD: &str = "È un certificato di autenticazione, non di firma: non è una firma qualificata. Verso la pubblica amministrazione, per i servizi e le \
     attività degli articoli 64 e 65 del CAD, l'uso della carta sostituisce la firma elettronica avanzata (art. 61, comma 2, DPCM 22 febbraio 2013).";
const OF_A_CARD_BY_ITS_WORD: &str = "Il certificato si dichiara di autenticazione di una carta, ma la catena non arriva a un emittente dell'elenco di fiducia.";
const CLAIMED: &str =
    "Il certificato si dichiara qualificato, ma l'elenco di fiducia non lo conferma per quest'ora.";

/// What a certificate states of its qualification.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statements(Vec<Statement>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Statement {
    Compliance,
    Device,
    ForSignatures,
    ForSeals,
}

/// Who is named, before anybody vouches for it.
pub(super) fn named(certificate: Option<&X509>) -> Identita {
    let subject = certificate.map(|one| one.subject_name());
    let serial = certificate.and_then(|one| one.serial_number().to_bn().ok()?.to_hex_str().ok());
    Identita {
        fiducia: Fiducia::Nessuna,
        revoca: Revoca::NonDisponibile,
        codice_fiscale: subject.and_then(codice_fiscale),
        organizzazione: subject.and_then(organization),
        soggetto: subject.map(distinguished_name),
        emittente: certificate.map(|one| distinguished_name(one.issuer_name())),
        numero_serie: serial.map(|serial| serial.to_string()),
        valido_dal: certificate.and_then(|one| moment(one.not_before())),
        valido_al: certificate.and_then(|one| moment(one.not_after())),
    }
}

/// The code of the holder: in `serialNumber` or `dnQualifier` bare or with its prefix, in `commonName` before a card's number.
fn codice_fiscale(name: &X509NameRef) -> Option<CodiceFiscale> {
    let written = [Nid::SERIALNUMBER, Nid::DNQUALIFIER, Nid::COMMONNAME];
    written.into_iter().find_map(|nid| {
        let text = attribute(name, nid)?;
        let text = ["TINIT-", "IT:"]
            .iter()
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(&text);
        let mut parts = text.split('/');
        // Only the code of a person: numeric ones are also card numbers.
        parts.find_map(|part| {
            (part.len() == 16)
                .then(|| CodiceFiscale::parse(part).ok())
                .flatten()
        })
    })
}

/// `organizationIdentifier` (ETSI EN 319 412-1), which OpenSSL's binding has no name for.
fn organization(name: &X509NameRef) -> Option<String> {
    let mut entries = name.entries();
    let found = entries.find(|entry| entry.object().to_string() == "organizationIdentifier")?;
    found.data().to_string().ok()
}

/// An attribute that stands there once.
fn attribute(name: &X509NameRef, nid: Nid) -> Option<String> {
    let mut entries = name.entries_by_nid(nid);
    let text = entries.next()?.data().to_string().ok()?;
    entries.next().is_none().then(|| text.trim().to_owned())
}

impl Statements {
    /// None where the certificate states nothing, or nothing that can be read.
    pub(super) fn of(certificate: &X509) -> Statements {
        let der = certificate.to_der().unwrap_or_default();
        let extension = extensions::of_certificate(&der, QC_STATEMENTS)
            .ok()
            .flatten();
        extension
            .and_then(|one| Statements::read(one.value))
            .unwrap_or_default()
    }

    fn read(value: &[u8]) -> Option<Statements> {
        let mut found = Vec::new();
        let mut rest = value;
        let mut all = der::take(&mut rest, der::SEQUENCE)?;
        while !all.is_empty() {
            let mut statement = der::take(&mut all, der::SEQUENCE)?;
            match der::dotted(der::take(&mut statement, der::OID)?)?.as_str() {
                QC_COMPLIANCE => found.push(Statement::Compliance),
                QC_SSCD => found.push(Statement::Device),
                QC_TYPE => {
                    let mut kinds = der::take(&mut statement, der::SEQUENCE)?;
                    while !kinds.is_empty() {
                        match der::dotted(der::take(&mut kinds, der::OID)?)?.as_str() {
                            FOR_SIGNATURES => found.push(Statement::ForSignatures),
                            FOR_SEALS => found.push(Statement::ForSeals),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Some(Statements(found))
    }

    fn holds(&self, statement: Statement) -> bool {
        self.0.contains(&statement)
    }

    fn words(&self) -> Vec<String> {
        let words = self.0.iter().map(|one| match one {
            Statement::Compliance => "QcCompliance",
            Statement::Device => "QcSSCD",
            Statement::ForSignatures => "QcType: firma",
            Statement::ForSeals => "QcType: sigillo",
        });
        words.map(str::to_owned).collect()
    }
}

/// Of somebody whose certificate is missing.
pub(super) fn unknown() -> Qualifica {
    Qualifica {
        certificato: TipoCertificato::Sconosciuto,
        livello: LivelloQualifica::NotAvailable,
        dichiarazioni: Vec::new(),
        note: Vec::new(),
    }
}

/// What the signature is for the law. `is_supervised` is the word of the trusted list, on issue and at the proven time.
pub(super) fn qualification(
    certificate: &X509,
    is_supervised: bool,
    is_of_cards: bool,
    is_passed: bool,
) -> Qualifica {
    let stated = Statements::of(certificate);
    let mut found = unknown();
    found.dichiarazioni = stated.words();
    if let Some(kind) = card(certificate) {
        match is_of_cards {
            true => {
                found.certificato = match kind {
                    CardKind::Cns | CardKind::Crs => TipoCertificato::AutenticazioneCns,
                    CardKind::Cie => TipoCertificato::AutenticazioneCie,
                };
                found.note.push(OF_A_CARD.to_owned());
            }
            false => found.note.push(OF_A_CARD_BY_ITS_WORD.to_owned()),
        }
        return found;
    }
    let is_compliant = stated.holds(Statement::Compliance);
    if !(is_compliant && is_supervised) {
        if is_compliant {
            found.note.push(CLAIMED.to_owned());
        }
        return found;
    }
    // Before QcType there were qualified certificates of signature only.
    let is_seal = stated.holds(Statement::ForSeals) && !stated.holds(Statement::ForSignatures);
    found.certificato = match is_seal {
        true => TipoCertificato::SigilloQualificato,
        false => TipoCertificato::FirmaQualificato,
    };
    if is_passed {
        found.livello = match (is_seal, stated.holds(Statement::Device)) {
            (false, true) => LivelloQualifica::QeSig,
            (false, false) => LivelloQualifica::AdeSigQc,
            (true, true) => LivelloQualifica::QeSeal,
            (true, false) => LivelloQualifica::AdeSealQc,
        };
    }
    found
}

/// The kind of card whose authentication certificate it is; a certificate for signing documents has no such policy, or states its use.
fn card(certificate: &X509) -> Option<CardKind> {
    let usage = certificate.key_usage().unwrap_or(X509KeyUsage::empty());
    let der = certificate.to_der().ok()?;
    let kind = CardKind::of(&extensions::policies(&der)?)?;
    (!usage.contains(X509KeyUsage::NON_REPUDIATION)).then_some(kind)
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509Name;

    use super::*;

    const CODE: &str = "RSSMRA80A01C933H";

    #[test]
    fn the_holder_is_found_in_every_form_and_no_other_number_is_taken_for_one() {
        let rows = [
            (Nid::SERIALNUMBER, format!("TINIT-{CODE}"), true),
            (Nid::SERIALNUMBER, format!("IT:{CODE}"), true),
            (Nid::SERIALNUMBER, CODE.to_owned(), true),
            (Nid::DNQUALIFIER, CODE.to_owned(), true),
            (
                Nid::COMMONNAME,
                format!("{CODE}/7430010024925855.lsKV="),
                true,
            ),
            (Nid::COMMONNAME, "7430010024925855".to_owned(), false),
            (
                Nid::SERIALNUMBER,
                "TINIT-RSSMRA80A01C933X".to_owned(),
                false,
            ),
            (Nid::SERIALNUMBER, "00743110157".to_owned(), false),
        ];
        for (nid, text, is_found) in rows {
            let mut name = X509Name::builder().expect("a builder");
            name.append_entry_by_nid(nid, &text).expect("an entry");
            let found = codice_fiscale(&name.build());
            assert_eq!(
                found.is_some_and(|code| code.as_str() == CODE),
                is_found,
                "{text}"
            );
        }
    }

    #[test]
    fn statements_are_read_and_broken_ones_state_nothing() {
        let oid =
            |last: &[u8]| der::value(der::OID, &[&[0x04, 0x00, 0x8e, 0x46, 0x01], last].concat());
        let statement = |parts: &[Vec<u8>]| der::value(der::SEQUENCE, &parts.concat());
        let kinds = der::value(der::SEQUENCE, &oid(&[6, 2]));
        let all = statement(&[
            statement(&[oid(&[1])]),
            statement(&[oid(&[4])]),
            statement(&[oid(&[6]), kinds]),
        ]);
        let read = Statements::read(&all).expect("statements");
        assert_eq!(read.words(), ["QcCompliance", "QcSSCD", "QcType: sigillo"]);
        assert_eq!(Statements::read(&all[..all.len() - 1]), None);
    }
}
