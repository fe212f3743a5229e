//! Places by their codes, valid at the date of the event that names them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// The ISTAT code of a municipality: six digits, leading zeros included (`013075` is Como).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct CodiceIstat(String);

impl CodiceIstat {
    /// Parses six digits.
    pub fn parse(text: &str) -> Option<CodiceIstat> {
        (text.len() == 6 && text.bytes().all(|character| character.is_ascii_digit()))
            .then(|| CodiceIstat(text.to_owned()))
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CodiceIstat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for CodiceIstat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CodiceIstat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        CodiceIstat::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("un codice ISTAT ha sei cifre"))
    }
}

/// Un luogo con i codici validi alla data dell'evento a cui si riferisce.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Luogo {
    /// Codice ISTAT del comune (sei cifre), se il luogo è un comune italiano.
    #[schema(pattern = "^[0-9]{6}$", example = "013075")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_istat: Option<String>,
    /// Codice catastale (Belfiore) del comune, o codice dello Stato estero (lettera Z e tre cifre).
    #[schema(pattern = "^[A-Z][0-9]{3}$", example = "C933")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codice_belfiore: Option<String>,
    /// Denominazione del comune, della località o dello Stato.
    #[schema(max_length = 200, example = "Como")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominazione: Option<String>,
}
