//! Self-declarations to be verified (DPR 445/2000, article 71): what was declared, and a word on each statement. Never what the register says.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codice_fiscale::CodiceFiscale;
use super::luogo::CodiceIstat;
use super::operation::{FieldSet, Operation};
use super::persona::{Sesso, StatoAnagrafico};
use super::provenienza::{Origine, Provenienza};

/// Members of the family that one request may declare, at most.
pub const COMPONENTI_MASSIMI: usize = 20;

/// What every verification says of itself.
pub const AVVERTENZA_VERIFICA: &str = "L'esito dice ciò che risulta all'ente alla data di riferimento e non ha valore di certificato. Di una difformità si dà notizia \
     all'interessato prima di ogni conseguenza (art. 71, comma 3, del DPR 445/2000).";

/// What somebody declared of themselves; at least one statement is there.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Dichiarazioni {
    /// Surname.
    pub cognome: Option<String>,
    /// Given names.
    pub nome: Option<String>,
    /// Sex.
    pub sesso: Option<Sesso>,
    /// Date of birth.
    pub data_nascita: Option<NaiveDate>,
    /// Place of birth.
    pub luogo_nascita: Option<LuogoDichiarato>,
    /// How they stand in the register; never [`StatoAnagrafico::NonDichiarato`].
    pub stato_anagrafico: Option<StatoAnagrafico>,
    /// Whether they are alive.
    pub in_vita: Option<bool>,
    /// Where they live.
    pub residenza: Option<ResidenzaDichiarata>,
    /// Citizenship, ISO 3166-1 alpha-3.
    pub cittadinanza: Option<String>,
    /// Civil state, a code of ANPR's table.
    pub stato_civile: Option<String>,
    /// Members of their registered family, none twice; empty where none is declared.
    pub componenti: Vec<ComponenteDichiarato>,
}

/// A place by one code.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum LuogoDichiarato {
    /// ISTAT code of a municipality.
    Istat(CodiceIstat),
    /// Cadastral code of a municipality or of a foreign state.
    Belfiore(String),
}

/// A residence.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResidenzaDichiarata {
    /// The municipality.
    pub comune: CodiceIstat,
    /// Kind and name of the street.
    pub indirizzo: Option<String>,
    /// House number.
    pub numero_civico: Option<String>,
}

/// A member of the family.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ComponenteDichiarato {
    /// Who it is.
    pub codice_fiscale: CodiceFiscale,
    /// Relation to the head of the registered family, a code of ANPR's table.
    pub relazione_parentela: Option<String>,
}

impl fmt::Debug for Dichiarazioni {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dichiarazioni(…)")
    }
}

impl Dichiarazioni {
    /// The kinds of statement that are there, as fields of the operation.
    pub fn kinds(&self) -> FieldSet {
        let declared = [
            ("cognome", self.cognome.is_some()),
            ("nome", self.nome.is_some()),
            ("sesso", self.sesso.is_some()),
            ("data_nascita", self.data_nascita.is_some()),
            ("luogo_nascita", self.luogo_nascita.is_some()),
            ("stato_anagrafico", self.stato_anagrafico.is_some()),
            ("in_vita", self.in_vita.is_some()),
            ("residenza", self.residenza.is_some()),
            ("cittadinanza", self.cittadinanza.is_some()),
            ("stato_civile", self.stato_civile.is_some()),
            ("componenti", !self.componenti.is_empty()),
        ];
        let names = declared.into_iter().filter(|(_, is_there)| *is_there);
        set(
            Operation::VerificaDichiarazione,
            names.map(|(name, _)| name),
        )
    }
}

/// The fields of the record of the person that verifying those kinds of statement takes.
pub fn of_the_person(kinds: FieldSet) -> FieldSet {
    let needed = kinds
        .names(Operation::VerificaDichiarazione)
        .flat_map(|kind| match kind {
            "in_vita" => &["stato_anagrafico", "data_decesso"],
            "residenza" => &["stato_anagrafico", "residenza"],
            "componenti" => [].as_slice(),
            same => Operation::RicercaPersona
                .fields()
                .iter()
                .position(|field| *field == same)
                .map_or([].as_slice(), |at| {
                    &Operation::RicercaPersona.fields()[at..=at]
                }),
        });
    set(Operation::RicercaPersona, needed.copied())
}

/// The fields of each member of the family that verifying those kinds of statement takes.
pub fn of_the_family(kinds: FieldSet) -> FieldSet {
    let needed: &[&str] = match kinds
        .names(Operation::VerificaDichiarazione)
        .any(|kind| kind == "componenti")
    {
        true => &[
            "codice_fiscale",
            "stato_anagrafico",
            "data_decesso",
            "relazione_parentela",
        ],
        false => &[],
    };
    set(Operation::RicercaFamiglia, needed.iter().copied())
}

/// The kinds of statement on which something can be said where the product has those fields of a person, and those of a family.
pub fn verifiable(person: FieldSet, family: FieldSet) -> FieldSet {
    let kinds = Operation::VerificaDichiarazione.fields().iter().enumerate();
    kinds
        .filter(|(position, kind)| {
            let kind_alone = FieldSet::NONE.with(*position);
            match **kind {
                "in_vita" => !of_the_person(kind_alone).intersection(person).is_empty(),
                "residenza" => person.covers(set(Operation::RicercaPersona, ["residenza"])),
                "componenti" => family.covers(set(Operation::RicercaFamiglia, ["codice_fiscale"])),
                _ => person.covers(of_the_person(kind_alone)),
            }
        })
        .fold(FieldSet::NONE, |all, (position, _)| all.with(position))
}

fn set(operation: Operation, names: impl IntoIterator<Item = &'static str>) -> FieldSet {
    let fields = operation.fields();
    let positions = names
        .into_iter()
        .filter_map(|name| fields.iter().position(|field| *field == name));
    positions.fold(FieldSet::NONE, FieldSet::with)
}

/// Esiti di una verifica di dichiarazioni sostitutive: uno per dichiarazione, mai un valore dell'anagrafe.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RispostaVerifica {
    /// Un esito per ogni dichiarazione della richiesta.
    pub esiti: EsitiVerifica,
    /// Provenienza ed età dei dati con cui le dichiarazioni sono state confrontate.
    pub provenienza: Provenienza,
    /// Provenienza ed età della famiglia anagrafica, se oltre ai componenti è stato dichiarato altro.
    #[serde(default)]
    pub provenienza_famiglia: Option<Provenienza>,
    /// Valore della risposta.
    #[schema(max_length = 300)]
    pub avvertenza: String,
}

/// Gli esiti, con i nomi delle dichiarazioni.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EsitiVerifica {
    /// Cognome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cognome: Option<EsitoDichiarazione>,
    /// Nome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nome: Option<EsitoDichiarazione>,
    /// Sesso.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sesso: Option<EsitoDichiarazione>,
    /// Data di nascita.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_nascita: Option<EsitoDichiarazione>,
    /// Luogo di nascita.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub luogo_nascita: Option<EsitoDichiarazione>,
    /// Posizione nell'anagrafe dell'ente.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stato_anagrafico: Option<EsitoDichiarazione>,
    /// Esistenza in vita.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_vita: Option<EsitoDichiarazione>,
    /// Residenza: comune e, se dichiarato, indirizzo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residenza: Option<EsitoDichiarazione>,
    /// Cittadinanza.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cittadinanza: Option<EsitoDichiarazione>,
    /// Stato civile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stato_civile: Option<EsitoDichiarazione>,
    /// Componenti della famiglia, nell'ordine della richiesta.
    #[schema(max_items = 20)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub componenti: Vec<EsitoDichiarazione>,
}

/// Esito di una dichiarazione.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EsitoDichiarazione {
    /// Se l'anagrafe dell'ente conferma la dichiarazione.
    pub esito: Conferma,
    /// Perché non si può verificare; solo in questo caso.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motivo: Option<MotivoNonVerificabile>,
}

/// Conferma di una dichiarazione.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conferma {
    /// All'ente risulta ciò che è stato dichiarato.
    Confermata,
    /// All'ente risulta altro.
    NonConfermata,
    /// Non si può dire con certezza: non è un no.
    NonVerificabile,
}

/// Perché una dichiarazione non si può verificare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MotivoNonVerificabile {
    /// Il gestionale dell'ente non ha o non dà questo dato.
    DatoNonDisponibile,
    /// Ciò che è scritto non si può confrontare con certezza: può differire solo per come è scritto.
    NonConfrontabile,
    /// Per la posizione della persona (emigrata, iscritta all'AIRE, irreperibile, deceduta) quest'ente non può dirlo.
    PosizioneNonRisolutiva,
}

impl EsitoDichiarazione {
    /// What was declared is what is known.
    pub const CONFERMATA: EsitoDichiarazione = EsitoDichiarazione {
        esito: Conferma::Confermata,
        motivo: None,
    };

    /// Something else is known.
    pub const NON_CONFERMATA: EsitoDichiarazione = EsitoDichiarazione {
        esito: Conferma::NonConfermata,
        motivo: None,
    };

    /// Nothing can be said for sure.
    pub const fn non_verificabile(motivo: MotivoNonVerificabile) -> EsitoDichiarazione {
        EsitoDichiarazione {
            esito: Conferma::NonVerificabile,
            motivo: Some(motivo),
        }
    }
}

/// Writes a body: a word on each statement, and where what it was compared with comes from. Of each provenance, whether it waited in
/// the cache and whether it is past its lifetime.
pub fn write(esiti: &EsitiVerifica, consulted: &[(&Origine, bool, bool)]) -> Vec<u8> {
    let mut body = b"{\"esiti\":".to_vec();
    body.extend(serde_json::to_vec(esiti).expect("plain values always serialize"));
    let names = ["provenienza", "provenienza_famiglia"];
    for (name, (origine, da_cache, scaduta)) in names.iter().zip(consulted) {
        body.extend_from_slice(b",\"");
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\":");
        origine.write(*da_cache, *scaduta, &mut body);
    }
    // No character of the caveat is one that JSON would escape.
    body.extend_from_slice(b",\"avvertenza\":\"");
    body.extend_from_slice(AVVERTENZA_VERIFICA.as_bytes());
    body.extend_from_slice(b"\"}");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caveat_stands_in_json_as_it_is() {
        let written = serde_json::to_string(AVVERTENZA_VERIFICA).expect("serializable");
        assert_eq!(written, format!("\"{AVVERTENZA_VERIFICA}\""));
        assert!(AVVERTENZA_VERIFICA.chars().count() <= 300);
    }

    #[test]
    fn each_kind_asks_for_no_more_than_it_needs() {
        let kind = |name: &'static str| set(Operation::VerificaDichiarazione, [name]);
        let needed = |name| {
            let (person, family) = (of_the_person(kind(name)), of_the_family(kind(name)));
            let person = person.names(Operation::RicercaPersona);
            let family = family.names(Operation::RicercaFamiglia);
            (person.collect::<Vec<_>>(), family.collect::<Vec<_>>())
        };
        for name in Operation::VerificaDichiarazione.fields() {
            let (person, family) = match *name {
                "in_vita" => (vec!["stato_anagrafico", "data_decesso"], vec![]),
                "residenza" => (vec!["stato_anagrafico", "residenza"], vec![]),
                "componenti" => (
                    vec![],
                    vec![
                        "codice_fiscale",
                        "stato_anagrafico",
                        "data_decesso",
                        "relazione_parentela",
                    ],
                ),
                same => (vec![same], vec![]),
            };
            assert_eq!(needed(name), (person, family), "{name}");
        }
    }

    #[test]
    fn a_product_can_verify_only_what_it_has() {
        let person = set(Operation::RicercaPersona, ["cognome", "stato_anagrafico"]);
        let kinds = verifiable(person, FieldSet::NONE);
        let names: Vec<&str> = kinds.names(Operation::VerificaDichiarazione).collect();
        assert_eq!(names, ["cognome", "stato_anagrafico", "in_vita"]);
        let family = set(Operation::RicercaFamiglia, ["codice_fiscale"]);
        let kinds = verifiable(FieldSet::NONE, family);
        let names: Vec<&str> = kinds.names(Operation::VerificaDichiarazione).collect();
        assert_eq!(names, ["componenti"]);
    }
}
