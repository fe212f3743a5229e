//! How the kinds of cards name their holders: a table of forms of the certificate's subject.

use openssl::nid::Nid;
use openssl::x509::X509NameRef;

use crate::contract::codice_fiscale::CodiceFiscale;
use crate::trust::card_kind::CardKind;

use super::Refusal;

/// Whose a card is; shown to nobody but the portal that the citizen logs in to.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// Fiscal code, its check character verified.
    pub codice_fiscale: CodiceFiscale,
    /// Surname, where the certificate states it.
    pub surname: Option<String>,
    /// Given name, where the certificate states it.
    pub given_name: Option<String>,
}

/// The attributes of a subject that name a person.
#[derive(Default)]
struct Subject {
    common_name: String,
    serial_number: Option<String>,
    surname: Option<String>,
    given_name: Option<String>,
}

/// A form of subject: the holder as far as it says, before the other attributes are held against it.
type Form = fn(&Subject) -> Option<(String, Option<(String, String)>)>;

/// The forms in use, the most exact first.
const FORMS: [Form; 4] = [
    code_and_card,
    names_code_and_card,
    names_and_card,
    serial_number,
];

/// Whose the card is.
pub(super) fn holder_of(kind: CardKind, subject: &X509NameRef) -> Result<Holder, Refusal> {
    Subject::read(subject).holder(kind)
}

impl Subject {
    /// An attribute that stands there twice names nobody.
    fn read(name: &X509NameRef) -> Subject {
        let one = |nid: Nid| {
            let mut entries = name.entries_by_nid(nid);
            let text = entries.next()?.data().to_string().ok()?;
            let text = text.trim().to_owned();
            (entries.next().is_none() && !text.is_empty()).then_some(text)
        };
        Subject {
            common_name: one(Nid::COMMONNAME).unwrap_or_default(),
            serial_number: one(Nid::SERIALNUMBER),
            surname: one(Nid::SURNAME),
            given_name: one(Nid::GIVENNAME),
        }
    }

    fn holder(self, kind: CardKind) -> Result<Holder, Refusal> {
        let found = FORMS.iter().find_map(|form| {
            let (code, names) = form(&self)?;
            Some((personal(&code)?, names))
        });
        let Some((codice_fiscale, names)) = found else {
            return Err(match kind {
                CardKind::Cie => Refusal::NoCodiceFiscale,
                CardKind::Cns | CardKind::Crs => Refusal::NotCns,
            });
        };
        // Two codes in one certificate: nobody can tell whose it is.
        let stated = serial_number(&self).and_then(|(code, _)| personal(&code));
        if stated.is_some_and(|stated| stated != codice_fiscale) {
            return Err(Refusal::NotCns);
        }
        let (surname, given_name) = names.unzip();
        Ok(Holder {
            codice_fiscale,
            surname: self.surname.or(surname),
            given_name: self.given_name.or(given_name),
        })
    }
}

/// The code of a person: entities hold no cards.
fn personal(code: &str) -> Option<CodiceFiscale> {
    (code.len() == 16)
        .then(|| CodiceFiscale::parse(code).ok())
        .flatten()
}

/// `CODICEFISCALE/CARD.HASH`: CNS, CRS and CIE of today. The hash is base64 and may hold more slashes.
fn code_and_card(subject: &Subject) -> Option<(String, Option<(String, String)>)> {
    let (code, rest) = subject.common_name.split_once('/')?;
    let (card, hash) = rest.split_once('.')?;
    let is_card =
        (1..=16).contains(&card.len()) && card.bytes().all(|one| one.is_ascii_alphanumeric());
    (is_card && !hash.is_empty()).then(|| (code.to_owned(), None))
}

/// `SURNAME/NAME/CODICEFISCALE/CARD`: first CNS of the postal service.
fn names_code_and_card(subject: &Subject) -> Option<(String, Option<(String, String)>)> {
    let parts: Vec<&str> = subject.common_name.split('/').collect();
    match parts[..] {
        [surname, name, code, _card] => Some((code.to_owned(), both(surname, name))),
        _ => None,
    }
}

/// `SURNAME/NAME/CARD` with the code in `serialNumber`: first CNS of the chambers of commerce.
fn names_and_card(subject: &Subject) -> Option<(String, Option<(String, String)>)> {
    let parts: Vec<&str> = subject.common_name.split('/').collect();
    match parts[..] {
        [surname, name, _card] => {
            let (code, _) = serial_number(subject)?;
            Some((code, both(surname, name)))
        }
        _ => None,
    }
}

/// The code in `serialNumber`: bare, or after `IT:` or `TINIT-` (ETSI EN 319 412-1).
fn serial_number(subject: &Subject) -> Option<(String, Option<(String, String)>)> {
    let written = subject.serial_number.as_deref()?;
    let code = written
        .strip_prefix("TINIT-")
        .or_else(|| written.strip_prefix("IT:"))
        .unwrap_or(written);
    Some((code.to_owned(), None))
}

fn both(surname: &str, name: &str) -> Option<(String, String)> {
    let (surname, name) = (surname.trim(), name.trim());
    (!surname.is_empty() && !name.is_empty()).then(|| (surname.to_owned(), name.to_owned()))
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Holder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use openssl::x509::X509Name;

    use super::*;

    const CODE: &str = "RSSMRA80A01C933H";
    const HASH: &str = "lsKV/lNtBAmc8x5lzSb+cxx2UzE=";

    fn name(attributes: &[(Nid, &str)]) -> X509Name {
        let mut name = X509Name::builder().expect("a builder");
        for (nid, value) in attributes {
            name.append_entry_by_nid(*nid, value).expect("an entry");
        }
        name.build()
    }

    /// The card, its subject's attributes, and what comes of them.
    type Row<'a, T> = (CardKind, &'a [(Nid, &'a str)], T);

    #[test]
    fn every_dialect_names_its_holder() {
        let today = format!("{CODE}/7430010024925855.{HASH}");
        let postal = format!("ROSSI/MARIO/{CODE}/1234567890");
        let etsi = format!("TINIT-{CODE}");
        let old = format!("IT:{CODE}");
        let names = Some(("ROSSI", "MARIO"));
        let rows: [Row<'_, Option<(&str, &str)>>; 7] = [
            (CardKind::Cns, &[(Nid::COMMONNAME, &today)], None),
            (
                CardKind::Crs,
                &[
                    (Nid::SURNAME, "ROSSI"),
                    (Nid::GIVENNAME, "MARIO"),
                    (Nid::COMMONNAME, &today),
                ],
                names,
            ),
            (
                CardKind::Cie,
                &[(Nid::COMMONNAME, &today), (Nid::SERIALNUMBER, &etsi)],
                None,
            ),
            (CardKind::Cns, &[(Nid::COMMONNAME, &postal)], names),
            (
                CardKind::Cns,
                &[
                    (Nid::COMMONNAME, "ROSSI/MARIO/1234567890"),
                    (Nid::SERIALNUMBER, CODE),
                ],
                names,
            ),
            (
                CardKind::Cie,
                &[(Nid::COMMONNAME, "MARIO ROSSI"), (Nid::SERIALNUMBER, &etsi)],
                None,
            ),
            (
                CardKind::Cns,
                &[(Nid::COMMONNAME, "MARIO ROSSI"), (Nid::SERIALNUMBER, &old)],
                None,
            ),
        ];
        for (number, (kind, attributes, names)) in rows.into_iter().enumerate() {
            let holder = holder_of(kind, &name(attributes)).expect("a holder");
            assert_eq!(holder.codice_fiscale.as_str(), CODE, "row {number}");
            let found = holder.surname.as_deref().zip(holder.given_name.as_deref());
            assert_eq!(found, names, "row {number}");
        }
    }

    #[test]
    fn whoever_is_not_named_or_named_twice_is_nobody() {
        let today = format!("{CODE}/7430010024925855.{HASH}");
        let first_cie = format!("0001234AA.{HASH}");
        let wrong_check = format!("RSSMRA80A01C933X/7430010024925855.{HASH}");
        let rows: [Row<'_, Refusal>; 6] = [
            (
                CardKind::Cie,
                &[(Nid::COMMONNAME, &first_cie)],
                Refusal::NoCodiceFiscale,
            ),
            (
                CardKind::Cns,
                &[(Nid::COMMONNAME, "MARIO ROSSI")],
                Refusal::NotCns,
            ),
            (
                CardKind::Cns,
                &[(Nid::COMMONNAME, &wrong_check)],
                Refusal::NotCns,
            ),
            (
                CardKind::Cns,
                &[
                    (Nid::COMMONNAME, &today),
                    (Nid::SERIALNUMBER, "BNCNNA75T71B639E"),
                ],
                Refusal::NotCns,
            ),
            (
                CardKind::Cns,
                &[(Nid::COMMONNAME, &today), (Nid::COMMONNAME, &today)],
                Refusal::NotCns,
            ),
            (
                CardKind::Cns,
                &[(Nid::SERIALNUMBER, "00743110157")],
                Refusal::NotCns,
            ),
        ];
        for (number, (kind, attributes, refusal)) in rows.into_iter().enumerate() {
            let found = holder_of(kind, &name(attributes)).err();
            assert_eq!(found, Some(refusal), "row {number}");
        }
    }
}
