//! The bodies of the answers with personal data, as the documents describe them.
//!
//! They are written field by field from a [`Document`]; tests read every answer back through these types, so that the two
//! cannot drift apart.

use serde::Deserialize;
use utoipa::ToSchema;

use super::document::Document;
use super::operation::{Domain, FieldSet, Operation};
use super::persona::Persona;
use super::posizione::Posizione;
use super::pratica::EsitoScrittura;
use super::provenienza::{Origine, Provenienza};

/// What every registry answer says of itself.
pub const AVVERTENZA_ANAGRAFE: &str = "I dati non hanno valore di certificato; in caso di difformità prevale l'ANPR (art. 62 del CAD).";

/// What every tax answer says of itself.
pub const AVVERTENZA_TRIBUTI: &str =
    "I dati sono quelli del gestionale dell'ente e non hanno valore di certificato.";

/// What every answer of the national registry says of itself.
pub const AVVERTENZA_ANPR: &str = "I dati sono dell'ANPR, chiesti per conto dell'ente per la sola finalità indicata, e non hanno valore di certificato.";

/// Scheda anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaPersona {
    /// La persona, con i soli campi concessi e disponibili.
    pub persona: Persona,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// Famiglia anagrafica di una persona.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaFamiglia {
    /// La famiglia.
    pub famiglia: Famiglia,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// Famiglia anagrafica.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Famiglia {
    /// I componenti, con i soli campi concessi e disponibili.
    #[schema(max_items = 500)]
    pub componenti: Vec<Persona>,
}

/// Posizione tributaria di un contribuente.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaPosizione {
    /// La posizione, con i soli campi concessi e disponibili.
    pub posizione: Posizione,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// EsitoScrittura di una scrittura: la pratica che ne è nata presso l'ente.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaScrittura {
    /// L'esito, con i soli campi concessi.
    pub esito: EsitoScrittura,
    /// Provenienza ed età dei dati.
    pub provenienza: Provenienza,
    /// Campi richiesti che il gestionale dell'ente non ha.
    #[schema(max_items = 32)]
    pub campi_non_disponibili: Vec<String>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// Risultato di una richiesta di tributi: la risposta all'operazione che l'ha aperta.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RisultatoTributi {
    /// Di una ricerca.
    Posizione(Box<RispostaPosizione>),
    /// Di una scrittura.
    Scrittura(Box<RispostaScrittura>),
}

/// Risultato di una richiesta di anagrafe: la risposta alla ricerca che l'ha aperta.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum RisultatoAnagrafe {
    /// Di una ricerca di persona.
    Persona(Box<RispostaPersona>),
    /// Di una ricerca di famiglia.
    Famiglia(Box<RispostaFamiglia>),
}

/// Writes a body: the document's allowed fields, where they come from, and which of the wanted ones are missing.
pub fn write(
    document: &Document,
    allowed: FieldSet,
    origine: &Origine,
    (da_cache, scaduta): (bool, bool),
    missing: FieldSet,
) -> Vec<u8> {
    let operation = document.operation();
    let mut body = Vec::with_capacity(document.written_length() + 640);
    body.extend_from_slice(opening(operation));
    document.write_cut(allowed, &mut body);
    body.extend_from_slice(closing(operation));
    body.extend_from_slice(b",\"provenienza\":");
    origine.write(da_cache, scaduta, &mut body);
    body.extend_from_slice(b",\"campi_non_disponibili\":[");
    // Neither the names of fields nor the caveats have a character that JSON would escape.
    for (index, name) in missing.names(operation).enumerate() {
        body.extend_from_slice(if index == 0 { "\"" } else { ",\"" }.as_bytes());
        body.extend_from_slice(name.as_bytes());
        body.push(b'"');
    }
    body.extend_from_slice(b"],\"avvertenza\":\"");
    body.extend_from_slice(caveat(operation).as_bytes());
    body.extend_from_slice(b"\"}");
    body
}

fn opening(operation: Operation) -> &'static [u8] {
    match operation {
        Operation::RicercaFamiglia | Operation::FamigliaAnpr => b"{\"famiglia\":{\"componenti\":",
        Operation::RicercaPosizione => b"{\"posizione\":",
        Operation::VariazioneSuperficie => b"{\"esito\":",
        _ => b"{\"persona\":",
    }
}

fn closing(operation: Operation) -> &'static [u8] {
    if operation.tells_a_family() {
        b"}"
    } else {
        b""
    }
}

fn caveat(operation: Operation) -> &'static str {
    match operation.domain() {
        Domain::Tributi => AVVERTENZA_TRIBUTI,
        Domain::Anpr => AVVERTENZA_ANPR,
        Domain::Anagrafe | Domain::Catalogo | Domain::Accessi | Domain::Evidenze => {
            AVVERTENZA_ANAGRAFE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caveats_stand_in_json_as_they_are() {
        for caveat in [AVVERTENZA_ANAGRAFE, AVVERTENZA_TRIBUTI, AVVERTENZA_ANPR] {
            let written = serde_json::to_string(caveat).expect("serializable");
            assert_eq!(written, format!("\"{caveat}\""));
        }
    }
}
