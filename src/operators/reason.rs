//! Why an operator does something that others may one day ask about: in words, and without naming anybody.

use serde::Deserialize;
use uuid::Uuid;

use crate::contract::codice_fiscale::CodiceFiscale;

/// Characters of a reason, least and most.
const LEAST: usize = 10;
const MOST: usize = 300;

/// The reason of a deed (`motivo`). It is kept in clear, so a fiscal code in it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Reason(String);

impl Reason {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The reason of what officers see and answer: the number under which it stands what was asked, by whom and for which purpose.
    pub(super) fn number(of_what: &str, number: Uuid) -> Reason {
        Reason(format!("{of_what} {number}"))
    }

    /// A reason in form.
    pub fn parse(text: &str) -> Result<Reason, &'static str> {
        let text = text.trim();
        if !(LEAST..=MOST).contains(&text.chars().count()) {
            return Err("il motivo ha da 10 a 300 caratteri");
        }
        if text.chars().any(char::is_control) {
            return Err("il motivo sta su una riga, senza caratteri di controllo");
        }
        let mut words = text.split(|one: char| !one.is_ascii_alphanumeric());
        if words.any(|word| CodiceFiscale::parse(word).is_ok()) {
            return Err("il motivo è conservato in chiaro: non deve contenere codici fiscali");
        }
        Ok(Reason(text.to_owned()))
    }
}

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Reason, Self::Error> {
        Reason::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_a_line_of_words_without_a_fiscal_code() {
        let reason = Reason::parse("  reclamo prot. 12/2026  ").expect("a reason");
        assert_eq!(reason.as_str(), "reclamo prot. 12/2026");
        for wrong in [
            "",
            "perché sì",
            "prima riga\nseconda riga",
            "reclamo di rssmra80a01c933h, prot. 12",
            &"a".repeat(301),
        ] {
            assert!(Reason::parse(wrong).is_err(), "{wrong}");
        }
    }
}
