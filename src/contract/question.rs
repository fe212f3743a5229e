//! What a portal asks, checked: an operation, an ente and canonical parameters. No HTTP in it.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::codice_fiscale::{CodiceFiscale, PartitaIva};
use super::dichiarazioni::Dichiarazioni;
use super::luogo::CodiceIstat;
use super::operation::{FieldSet, Operation};
use super::posizione::Tributo;

/// A well-formed question; whether it may be asked is for the authorization to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub operation: Operation,
    /// Of whom; the list of enti and what is asked of several at once name none.
    pub ente: Option<CodiceIstat>,
    /// About what.
    pub parameters: Parameters,
    /// The fields asked for; `None`: all that the grant allows.
    pub campi: Option<FieldSet>,
}

/// The parameters of a question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Parameters {
    /// A person by fiscal code: registry record or family.
    Persona {
        /// The person.
        codice_fiscale: CodiceFiscale,
    },
    /// A person by fiscal code, asked of a national registry for a file of the ente.
    PersonaPerPratica {
        /// The person.
        codice_fiscale: CodiceFiscale,
        /// The number of the file, protocol entry or deed for which it is asked.
        numero_pratica: String,
    },
    /// What a person declared of themselves.
    Dichiarazioni {
        /// The person.
        codice_fiscale: CodiceFiscale,
        /// What they declared.
        dichiarazioni: Box<Dichiarazioni>,
    },
    /// A taxpayer, a tax, a year.
    Posizione {
        /// The taxpayer.
        soggetto: Soggetto,
        /// The tax.
        tributo: Tributo,
        /// The tax year, 1990 to next year.
        anno: u16,
    },
    /// The same in several enti.
    PosizioneInEnti {
        /// The taxpayer.
        soggetto: Soggetto,
        /// The tax.
        tributo: Tributo,
        /// The tax year, 1990 to next year.
        anno: u16,
        /// The enti, none twice; `None`: all that joined.
        enti: Option<Vec<CodiceIstat>>,
    },
    /// The area of a utility, declared anew.
    Variazione(Box<Variazione>),
    /// A page of the list of enti.
    Pagina {
        /// The ente after which the page begins.
        dopo: Option<CodiceIstat>,
        /// Rows at most, 1 to 200.
        limite: u16,
    },
    /// A page of the citizen's own register.
    Accessi {
        /// Exchanges that began then or later.
        dal: Option<DateTime<Utc>>,
        /// Exchanges that began before then.
        al: Option<DateTime<Utc>>,
        /// Older than this exchange.
        dopo: Option<Uuid>,
        /// Rows at most, 1 to 200.
        limite: u16,
    },
    /// Nothing more than the ente.
    Nessuno,
}

impl Parameters {
    /// The code of the person or body asked about, for the record's keyed digest.
    pub fn soggetto(&self) -> Option<&str> {
        match self {
            Parameters::Persona { codice_fiscale }
            | Parameters::PersonaPerPratica { codice_fiscale, .. }
            | Parameters::Dichiarazioni { codice_fiscale, .. } => Some(codice_fiscale.as_str()),
            Parameters::Posizione { soggetto, .. }
            | Parameters::PosizioneInEnti { soggetto, .. } => Some(soggetto.code()),
            Parameters::Variazione(declared) => Some(declared.soggetto.code()),
            Parameters::Pagina { .. } | Parameters::Accessi { .. } | Parameters::Nessuno => None,
        }
    }

    /// The members of a family whom the question itself names, by upper-case code.
    pub fn componenti(&self) -> impl Iterator<Item = &str> {
        let declared = match self {
            Parameters::Dichiarazioni { dichiarazioni, .. } => dichiarazioni.componenti.as_slice(),
            _ => &[],
        };
        declared.iter().map(|member| member.codice_fiscale.as_str())
    }

    /// What each ente is asked where the question is for several.
    pub fn of_each(&self) -> Option<Parameters> {
        match self {
            Parameters::PosizioneInEnti {
                soggetto,
                tributo,
                anno,
                ..
            } => Some(Parameters::Posizione {
                soggetto: soggetto.clone(),
                tributo: *tributo,
                anno: *anno,
            }),
            _ => None,
        }
    }
}

/// A change of the area of a utility, as its holder declares it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variazione {
    /// The holder.
    pub soggetto: Soggetto,
    /// The utility, by the number that the position tells.
    pub utenza: String,
    /// The new area in square metres, exact, two decimals at most.
    pub superficie_mq: Decimal,
    /// From when.
    pub data_decorrenza: NaiveDate,
    /// When it was declared.
    pub data_dichiarazione: NaiveDate,
    /// The number under which the ente's protocol register took the declaration in: it comes before the tax office has it.
    pub protocollo_numero: String,
    /// The day of that registration.
    pub protocollo_data: NaiveDate,
}

/// A taxpayer as a portal names one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Soggetto {
    /// By fiscal code.
    CodiceFiscale(CodiceFiscale),
    /// By VAT number.
    PartitaIva(PartitaIva),
}

impl Soggetto {
    /// The code itself.
    pub fn code(&self) -> &str {
        match self {
            Soggetto::CodiceFiscale(code) => code.as_str(),
            Soggetto::PartitaIva(code) => code.as_str(),
        }
    }
}
