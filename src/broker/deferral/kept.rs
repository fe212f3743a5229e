//! What is kept of a request between its calls: the question, its answer or refusal. It is written as JSON and sealed by the store.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::broker::arrival::Arrival;
use crate::broker::authorization::{Asking, Permit, PurposeOrigin};
use crate::broker::dispatch::Target;
use crate::broker::error::{ConnectorError, ExchangeError, Kind};
use crate::connectors::call::Answer;
use crate::contract::codice_fiscale::{CodiceFiscale, PartitaIva};
use crate::contract::document::{Document, KeptDocument};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::pratica::Motivo;
use crate::contract::provenienza::{Adattatore, Fonte, Origine, Provenienza};
use crate::contract::question::{Parameters, Question, Soggetto, Variazione};
use crate::oidc::Citizen;
use crate::store::Richiesta;

use super::Delivered;

/// The question of a request, with what the portal said when it asked.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptQuestion {
    pub(super) soggetto: String,
    /// Whether the code is a VAT number.
    partita_iva: bool,
    tributo: Option<Tributo>,
    anno: Option<u16>,
    /// What a write declares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variazione: Option<KeptVariazione>,
    /// The fields asked for; absent: all that were granted.
    campi: Option<Vec<String>>,
    /// The purpose granted, and who named it.
    pub(super) purpose: Option<String>,
    #[serde(default)]
    pub(super) purpose_origin: PurposeOrigin,
    /// The citizen who showed themselves, whoever it was that they asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) citizen: Option<KeptCitizen>,
    /// The representation under which somebody asked about another person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) representation: Option<i64>,
    /// SHA-256 of the certificate that asked, in hexadecimal.
    pub(super) certificate: String,
    /// The back end and the adapter that took the request on: nobody else knows its reference.
    pub(super) instance: String,
    pub(super) adapter: String,
    /// Where the answer is to be delivered.
    pub(super) reply_to: Option<String>,
}

/// The Citizen-Token that a request was opened with.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptCitizen {
    pub(super) codice_fiscale: String,
    /// `jti` of the token, and the name and thumbprint of the key that signed it.
    pub(super) id: String,
    pub(super) key_id: String,
    pub(super) thumbprint: [u8; 32],
}

/// What a change of area declares, its holder apart.
#[derive(Serialize, Deserialize)]
struct KeptVariazione {
    utenza: String,
    superficie_mq: Decimal,
    data_decorrenza: NaiveDate,
    data_dichiarazione: NaiveDate,
    protocollo_numero: String,
    protocollo_data: NaiveDate,
}

/// How a request came to its end.
#[derive(Serialize, Deserialize)]
pub(super) enum KeptOutcome {
    /// With an answer.
    Answer(Box<KeptAnswer>),
    /// With a failure of the back end; not found and several found are among its kinds.
    Failure {
        kind: Kind,
        candidates: Option<usize>,
    },
    /// A write that was not carried out, as an officer of the ente says.
    NotCarriedOut(Motivo),
    /// Without a grant: it was withdrawn while the request was open.
    NotGranted,
}

/// The answer to a request.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptAnswer {
    document: KeptDocument,
    /// The fields that were fetched.
    fetched: Vec<String>,
    /// Of these, those that the product does not have.
    unavailable: Vec<String>,
    fonte: Fonte,
    data_riferimento: NaiveDate,
    rilevato_il: DateTime<Utc>,
    adapter: Adattatore,
}

impl KeptQuestion {
    /// What is to be kept of a question; `None` for those that are about nobody.
    pub(super) fn of(
        asking: (&Permit, Option<FieldSet>),
        citizen: Option<&Citizen>,
        target: &Target,
        arrival: &Arrival,
    ) -> Option<KeptQuestion> {
        let (permit, campi) = asking;
        let parameters = permit.parameters();
        let is_number = |soggetto: &Soggetto| matches!(soggetto, Soggetto::PartitaIva(_));
        let (partita_iva, tributo, anno) = match parameters {
            Parameters::Persona { .. } => (false, None, None),
            Parameters::Variazione(declared) => (is_number(&declared.soggetto), None, None),
            Parameters::Posizione {
                soggetto,
                tributo,
                anno,
            } => (is_number(soggetto), Some(*tributo), Some(*anno)),
            Parameters::PosizioneInEnti { .. }
            // Asked in a person's name for one file: nobody waits for such an answer.
            | Parameters::PersonaPerPratica { .. }
            // Answered at once or not at all: what was declared and a whole record are not kept for a yes or a no.
            | Parameters::Dichiarazioni { .. }
            | Parameters::Pagina { .. }
            | Parameters::Accessi { .. }
            | Parameters::Nessuno => return None,
        };
        let names = |set: FieldSet| names_of(set, permit.operation());
        Some(KeptQuestion {
            soggetto: parameters.soggetto()?.to_owned(),
            partita_iva,
            tributo,
            anno,
            variazione: match parameters {
                Parameters::Variazione(declared) => Some(KeptVariazione {
                    utenza: declared.utenza.clone(),
                    superficie_mq: declared.superficie_mq,
                    data_decorrenza: declared.data_decorrenza,
                    data_dichiarazione: declared.data_dichiarazione,
                    protocollo_numero: declared.protocollo_numero.clone(),
                    protocollo_data: declared.protocollo_data,
                }),
                _ => None,
            },
            campi: campi.map(names),
            purpose: permit.purpose().map(|purpose| purpose.id.to_string()),
            purpose_origin: permit
                .purpose()
                .map(|purpose| purpose.origin)
                .unwrap_or_default(),
            citizen: citizen.map(|citizen| KeptCitizen {
                codice_fiscale: citizen.codice_fiscale.clone(),
                id: citizen.id.clone(),
                key_id: citizen.key_id.clone(),
                thumbprint: citizen.thumbprint,
            }),
            representation: permit.representation(),
            certificate: hex::encode(arrival.certificate.fingerprint),
            instance: target.instance.name.clone(),
            adapter: target.adapter.name().to_owned(),
            reply_to: arrival.reply_to.clone(),
        })
    }

    /// The question of a request, as it was asked.
    pub(super) fn read(richiesta: &Richiesta) -> Result<(KeptQuestion, Question), ExchangeError> {
        let kept: KeptQuestion = read(&richiesta.question)?;
        let out_of_form = || broken("question");
        let fiscale = || CodiceFiscale::parse(&kept.soggetto).map_err(|_| out_of_form());
        let soggetto = || {
            Ok::<_, ExchangeError>(if kept.partita_iva {
                let code = PartitaIva::parse(&kept.soggetto).map_err(|_| out_of_form())?;
                Soggetto::PartitaIva(code)
            } else {
                Soggetto::CodiceFiscale(fiscale()?)
            })
        };
        let parameters = match (kept.tributo, kept.anno) {
            (Some(tributo), Some(anno)) => Parameters::Posizione {
                soggetto: soggetto()?,
                tributo,
                anno,
            },
            _ if kept.variazione.is_some() => {
                let declared = kept.variazione.as_ref().ok_or_else(out_of_form)?;
                Parameters::Variazione(Box::new(Variazione {
                    soggetto: soggetto()?,
                    utenza: declared.utenza.clone(),
                    superficie_mq: declared.superficie_mq,
                    data_decorrenza: declared.data_decorrenza,
                    data_dichiarazione: declared.data_dichiarazione,
                    protocollo_numero: declared.protocollo_numero.clone(),
                    protocollo_data: declared.protocollo_data,
                }))
            }
            _ => Parameters::Persona {
                codice_fiscale: fiscale()?,
            },
        };
        let operation = richiesta.operation;
        let question = Question {
            operation,
            ente: Some(CodiceIstat::parse(&richiesta.ente).ok_or_else(out_of_form)?),
            parameters,
            campi: kept.campi.as_ref().map(|names| set_of(names, operation)),
        };
        Ok((kept, question))
    }

    /// The question to be judged anew: what is no longer granted is left out.
    pub(super) fn asking<'a>(&'a self, question: &'a Question) -> Asking<'a> {
        Asking {
            question,
            purpose: self.purpose.as_deref(),
            fresh: false,
            narrow: true,
            at: Utc::now(),
        }
    }
}

impl KeptOutcome {
    /// The end of a request with an answer.
    pub(super) fn answer(answer: &Answer, fetched: FieldSet, adapter: Adattatore) -> KeptOutcome {
        let operation = answer.document.operation();
        KeptOutcome::Answer(Box::new(KeptAnswer {
            document: answer.document.to_keep(),
            fetched: names_of(fetched, operation),
            unavailable: names_of(answer.unavailable, operation),
            fonte: answer.fonte,
            data_riferimento: answer.data_riferimento,
            rilevato_il: answer.rilevato_il,
            adapter,
        }))
    }

    /// The end of a request with a failure.
    pub(super) fn failure(failure: &ConnectorError) -> KeptOutcome {
        KeptOutcome::Failure {
            kind: failure.kind,
            candidates: failure.candidates,
        }
    }

    /// The end of a request, as it is given to its portal.
    pub(super) fn read(richiesta: &Richiesta) -> Result<Delivered, ExchangeError> {
        let outcome = richiesta.outcome.as_deref();
        match read(outcome.ok_or_else(|| broken("outcome"))?)? {
            KeptOutcome::Answer(answer) => Ok(answer.delivered(richiesta)),
            KeptOutcome::NotCarriedOut(motivo) => Err(ExchangeError::NotCarriedOut(motivo)),
            KeptOutcome::NotGranted => Err(ExchangeError::NotGranted),
            KeptOutcome::Failure { kind, candidates } => {
                let failure = ConnectorError::permanent(kind, "when the request was carried out");
                Err(ExchangeError::BackEnd(ConnectorError {
                    candidates,
                    ..failure
                }))
            }
        }
    }
}

impl KeptAnswer {
    fn delivered(self, richiesta: &Richiesta) -> Delivered {
        let operation = richiesta.operation;
        let age = (Utc::now() - self.rilevato_il).to_std();
        Delivered {
            document: Document::kept(operation, self.document),
            fetched: set_of(&self.fetched, operation),
            unavailable: set_of(&self.unavailable, operation),
            origine: Origine::of(&Provenienza {
                ente: richiesta.ente.clone(),
                adattatore: self.adapter,
                fonte: self.fonte,
                da_cache: false,
                scaduta: false,
                data_riferimento: self.data_riferimento,
                rilevato_il: self.rilevato_il,
            }),
            age: age.unwrap_or_default(),
        }
    }
}

/// Writes what is to be kept.
pub(super) fn write<T: Serialize>(kept: &T) -> Vec<u8> {
    serde_json::to_vec(kept).expect("texts, numbers and lists always serialize into memory")
}

/// Reads what was kept.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ExchangeError> {
    // The mistake's text could repeat what it was reading.
    serde_json::from_slice(bytes).map_err(|_| broken("content"))
}

fn broken(what: &str) -> ExchangeError {
    ExchangeError::Internal(format!("the {what} of a request is out of form"))
}

fn names_of(set: FieldSet, operation: Operation) -> Vec<String> {
    set.names(operation).map(str::to_owned).collect()
}

/// Names that the operation does not have any more are left out.
fn set_of(names: &[String], operation: Operation) -> FieldSet {
    let known = names.iter().map(String::as_str);
    let known = known.filter(|name| operation.fields().contains(name));
    FieldSet::of(operation, known).unwrap_or_default()
}
