//! The operations of the contract, their domains and the fields that each can disclose.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Un dominio del contratto, pubblicato con un proprio documento.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[schema(as = Dominio)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// Quali enti ci sono e che cosa offre ciascuno.
    Catalogo,
    /// Anagrafe della popolazione.
    Anagrafe,
    /// Tributi locali.
    Tributi,
    /// Chi ha chiesto dei cittadini.
    Accessi,
    /// Anagrafe nazionale, interrogata per conto di un ente.
    Anpr,
    /// Prove degli scambi.
    Evidenze,
}

impl Domain {
    /// Every domain, in the order of the documents.
    pub const ALL: [Domain; 6] = [
        Domain::Catalogo,
        Domain::Anagrafe,
        Domain::Tributi,
        Domain::Accessi,
        Domain::Anpr,
        Domain::Evidenze,
    ];

    /// Whether the back ends of enti answer for it.
    pub fn is_answered_by_enti(self) -> bool {
        matches!(self, Domain::Anagrafe | Domain::Tributi)
    }

    /// Whether configured back ends answer for it: those of enti, or a national one on behalf of an ente.
    pub fn is_answered_by_back_ends(self) -> bool {
        self.is_answered_by_enti() || self == Domain::Anpr
    }

    /// The segment of the base path: `/rest/<domain>/v1`.
    pub fn name(self) -> &'static str {
        match self {
            Domain::Catalogo => "catalogo",
            Domain::Anagrafe => "anagrafe",
            Domain::Tributi => "tributi",
            Domain::Accessi => "accessi",
            Domain::Anpr => "anpr",
            Domain::Evidenze => "evidenze",
        }
    }
}

/// What a portal can ask, the unit of grants, limits and adapters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operation {
    /// The list of enti, page by page.
    #[serde(rename = "catalogo.enti")]
    Enti,
    /// One ente.
    #[serde(rename = "catalogo.ente")]
    Ente,
    /// What an ente can answer: its capability document.
    #[serde(rename = "catalogo.servizi")]
    Servizi,
    /// The registry record of one person.
    #[serde(rename = "anagrafe.ricerche-persona")]
    RicercaPersona,
    /// The registered family of one person.
    #[serde(rename = "anagrafe.ricerche-famiglia")]
    RicercaFamiglia,
    /// Whether what a person declared of themselves is what their register says: a word on each statement, never the record.
    #[serde(rename = "anagrafe.verifiche-dichiarazione")]
    VerificaDichiarazione,
    /// The position of one taxpayer for one tax and year.
    #[serde(rename = "tributi.ricerche-posizione")]
    RicercaPosizione,
    /// The same in several enti at once: one exchange of [`Operation::RicercaPosizione`] with each.
    #[serde(rename = "tributi.ricerche-posizione-in-enti")]
    RicercaPosizioneInEnti,
    /// The area of a utility is declared anew for the waste tax: a write.
    #[serde(rename = "tributi.variazioni-superficie")]
    VariazioneSuperficie,
    /// Who asked about the citizen who asks: answered out of the record.
    #[serde(rename = "accessi.ricerche")]
    RicercaAccessi,
    /// Where an act is to be notified to a person, by the national registry (e-service C001, made for that alone).
    #[serde(rename = "anpr.ricerche-recapito")]
    RecapitoAnpr,
    /// The registered family of one person, by the national registry (e-service C021).
    #[serde(rename = "anpr.ricerche-famiglia")]
    FamigliaAnpr,
}

impl Operation {
    /// Every operation, in the order of the documents.
    pub const ALL: [Operation; 12] = [
        Operation::Enti,
        Operation::Ente,
        Operation::Servizi,
        Operation::RicercaPersona,
        Operation::RicercaFamiglia,
        Operation::VerificaDichiarazione,
        Operation::RicercaPosizione,
        Operation::RicercaPosizioneInEnti,
        Operation::VariazioneSuperficie,
        Operation::RicercaAccessi,
        Operation::RecapitoAnpr,
        Operation::FamigliaAnpr,
    ];

    /// The operation's name in grants, adapters, records and metrics: `domain.resource`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Enti => "catalogo.enti",
            Operation::Ente => "catalogo.ente",
            Operation::Servizi => "catalogo.servizi",
            Operation::RicercaPersona => "anagrafe.ricerche-persona",
            Operation::RicercaFamiglia => "anagrafe.ricerche-famiglia",
            Operation::VerificaDichiarazione => "anagrafe.verifiche-dichiarazione",
            Operation::RicercaPosizione => "tributi.ricerche-posizione",
            Operation::RicercaPosizioneInEnti => "tributi.ricerche-posizione-in-enti",
            Operation::VariazioneSuperficie => "tributi.variazioni-superficie",
            Operation::RicercaAccessi => "accessi.ricerche",
            Operation::RecapitoAnpr => "anpr.ricerche-recapito",
            Operation::FamigliaAnpr => "anpr.ricerche-famiglia",
        }
    }

    /// The operation of that name.
    pub fn named(name: &str) -> Option<Operation> {
        Operation::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    /// The domain that publishes the operation.
    pub fn domain(self) -> Domain {
        match self {
            Operation::Enti | Operation::Ente | Operation::Servizi => Domain::Catalogo,
            Operation::RicercaPersona
            | Operation::RicercaFamiglia
            | Operation::VerificaDichiarazione => Domain::Anagrafe,
            Operation::RicercaPosizione
            | Operation::RicercaPosizioneInEnti
            | Operation::VariazioneSuperficie => Domain::Tributi,
            Operation::RicercaAccessi => Domain::Accessi,
            Operation::RecapitoAnpr | Operation::FamigliaAnpr => Domain::Anpr,
        }
    }

    /// Whether the operation discloses personal data: it then needs a purpose.
    pub fn is_personal(self) -> bool {
        self.domain() != Domain::Catalogo
    }

    /// What is asked of each ente where the operation asks several at once.
    pub fn asked_of_each(self) -> Option<Operation> {
        (self == Operation::RicercaPosizioneInEnti).then_some(Operation::RicercaPosizione)
    }

    /// Whether adapters answer the operation.
    pub fn is_answered_by_adapters(self) -> bool {
        self.is_personal()
            && self.asked_of_each().is_none()
            && !self.is_of_record()
            && !self.is_verification()
    }

    /// Whether it compares what is declared with what other operations answer, and tells no value of theirs.
    pub fn is_verification(self) -> bool {
        self == Operation::VerificaDichiarazione
    }

    /// Whether the gateway answers it itself, out of its record.
    pub fn is_of_record(self) -> bool {
        self == Operation::RicercaAccessi
    }

    /// Whether a national registry answers it on behalf of an ente, never the ente's own back end. What is granted of the one says nothing
    /// of the other.
    pub fn is_national(self) -> bool {
        self.domain() == Domain::Anpr
    }

    /// Whether the answer is a family, one entry a member.
    pub fn tells_a_family(self) -> bool {
        matches!(self, Operation::RicercaFamiglia | Operation::FamigliaAnpr)
    }

    /// Whether the operation changes something at the back end: it is carried out once or not at all, and never kept.
    pub fn is_write(self) -> bool {
        self == Operation::VariazioneSuperficie
    }

    /// The fields that `campi` may name, in the order of the answer; of a verification the kinds of statement; empty where nothing can be
    /// chosen.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Operation::Enti | Operation::Ente | Operation::Servizi => &[],
            Operation::RicercaPersona => &[
                "codice_fiscale",
                "cognome",
                "nome",
                "sesso",
                "data_nascita",
                "luogo_nascita",
                "stato_anagrafico",
                "data_decesso",
                "residenza",
                "cittadinanza",
                "stato_civile",
            ],
            Operation::VerificaDichiarazione => &[
                "cognome",
                "nome",
                "sesso",
                "data_nascita",
                "luogo_nascita",
                "stato_anagrafico",
                "in_vita",
                "residenza",
                "cittadinanza",
                "stato_civile",
                "componenti",
            ],
            Operation::RecapitoAnpr => &[
                "codice_fiscale",
                "cognome",
                "nome",
                "stato_anagrafico",
                "residenza",
            ],
            Operation::RicercaFamiglia | Operation::FamigliaAnpr => &[
                "codice_fiscale",
                "cognome",
                "nome",
                "sesso",
                "data_nascita",
                "luogo_nascita",
                "stato_anagrafico",
                "data_decesso",
                "relazione_parentela",
            ],
            Operation::RicercaPosizione | Operation::RicercaPosizioneInEnti => {
                &["contribuente", "immobili", "utenze", "dovuto", "versamenti"]
            }
            Operation::VariazioneSuperficie => &["pratica"],
            Operation::RicercaAccessi => &["accessi"],
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A set of one operation's fields; the positions are those of [`Operation::fields`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FieldSet(u32);

impl FieldSet {
    /// No field.
    pub const NONE: FieldSet = FieldSet(0);

    /// Every field of the operation.
    pub fn all(operation: Operation) -> FieldSet {
        FieldSet((1u32 << operation.fields().len()) - 1)
    }

    /// The set of the named fields; `Err` holds the first name that the operation does not have.
    pub fn of<'a>(
        operation: Operation,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<FieldSet, &'a str> {
        let mut set = FieldSet::NONE;
        for name in names {
            let position = operation
                .fields()
                .iter()
                .position(|field| *field == name)
                .ok_or(name)?;
            set.0 |= 1 << position;
        }
        Ok(set)
    }

    /// The set with the field at `position` added.
    #[must_use]
    pub fn with(self, position: usize) -> FieldSet {
        FieldSet(self.0 | 1 << position)
    }

    /// Whether the field at `position` is in the set.
    pub fn contains(self, position: usize) -> bool {
        self.0 & (1 << position) != 0
    }

    /// Whether every field of `other` is in this set.
    pub fn covers(self, other: FieldSet) -> bool {
        self.0 & other.0 == other.0
    }

    /// The fields in both sets.
    #[must_use]
    pub fn intersection(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 & other.0)
    }

    /// The fields in either set.
    #[must_use]
    pub fn union(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 | other.0)
    }

    /// The fields of this set that are not in `other`.
    #[must_use]
    pub fn minus(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 & !other.0)
    }

    /// Whether no field is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The names of the fields, in the order of the answer.
    pub fn names(self, operation: Operation) -> impl Iterator<Item = &'static str> {
        operation
            .fields()
            .iter()
            .enumerate()
            .filter(move |(position, _)| self.contains(*position))
            .map(|(_, name)| *name)
    }

    /// The set as a number, for keys and digests.
    pub fn bits(self) -> u32 {
        self.0
    }
}
