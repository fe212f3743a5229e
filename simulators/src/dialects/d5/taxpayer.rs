//! People and addresses as both services of D5 write them.

use crate::population::places::RENAMED_STREET_BEFORE;
use crate::population::taxes::Subject;
use crate::population::{Address, Birthplace};
use crate::xml::Xml;

/// `personaFisica`; of people unknown to the register much is missing.
pub fn person(xml: &mut Xml, subject: &Subject) {
    xml.within("personaFisica", |xml| {
        xml.text("cognome", &subject.denomination)
            .text("nome", subject.name.as_deref().unwrap_or(""));
        if let Some(code) = &subject.codice_fiscale {
            xml.text("codiceFiscale", code);
        }
        if let Some(sex) = subject.sex {
            xml.text("sesso", sex.letter());
        }
        match subject.birthplace {
            Some(Birthplace::Italy(comune)) => {
                xml.text("comuneNascita", comune.istat)
                    .text("provinciaNascita", comune.province);
            }
            Some(Birthplace::Abroad(_, town)) => {
                xml.text("comuneEsteroNascita", town);
            }
            None => {}
        }
        if let Some(birth) = subject.birth {
            xml.text("dataNascita", &birth.format("%d/%m/%Y").to_string());
        }
    });
}

/// The street by its code, or by its name if the office still has an old one; then the number.
pub fn street(xml: &mut Xml, address: &Address) {
    if (address.prefix, address.street) == RENAMED_STREET_BEFORE {
        xml.text("viaNonCodificata", &address.road());
    } else {
        xml.number("viaCodificata", address.street_code);
    }
    if let Some(number) = address.number {
        xml.number("civico", number);
    }
    if let Some(letter) = address.letter {
        xml.text("esponente", &format!("/{letter}"));
    }
}
