//! The one table from failures to problem documents (RFC 9457): status, Italian texts, side at fault, what to do.
//!
//! Each slug has a page in `docs/problems/`; nothing else in the program decides on a status for portals.

mod rows;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::broker::error::{
    ConnectorError, ExchangeError, Fault, Kind, Malformed, ModiError, Retry, SigningError,
    TokenKind,
};
use crate::broker::reply::{JSON, PROBLEM, Refusal};
use crate::contract::catalogo::ComuneSuccessore;
use crate::contract::side::Side;
use crate::trust::Distrust;

pub use rows::TABLE;

/// What the `type` of every problem begins with; the slug follows. It names the problem and need not be an address.
pub const TYPE_BASE: &str = "https://pontile.example/problemi/";

/// The media type of problem documents.
pub const MEDIA_TYPE: &str = PROBLEM;

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Last segment of the type, name of the page, outcome in the record.
    pub slug: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Title, always the same for a type.
    pub title: &'static str,
    /// What happened this time; names fields, never values.
    pub detail: Cow<'static, str>,
    /// What the portal should do.
    pub remedy: &'static str,
    /// The side at fault.
    pub side: Side,
    /// When to come again.
    pub retry_after: Option<Duration>,
    /// Those that followed an ente that ended.
    pub successors: Vec<ComuneSuccessore>,
    /// How OAuth 2.0 calls it (RFC 6749, 5.2), for the libraries that read it.
    pub oauth_error: Option<&'static str>,
}

/// Documento di problema secondo RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Problema {
    /// Identificativo stabile del tipo di problema.
    #[serde(rename = "type")]
    #[schema(
        format = "uri",
        max_length = 200,
        example = "https://pontile.example/problemi/soggetto-non-trovato"
    )]
    pub kind: String,
    /// Titolo, sempre uguale per lo stesso tipo.
    #[schema(max_length = 200, example = "Soggetto non trovato")]
    pub title: String,
    /// Stato HTTP.
    #[schema(minimum = 100, maximum = 599, format = Int32, example = 404)]
    pub status: u16,
    /// Che cosa è successo in questo scambio.
    #[schema(
        max_length = 1000,
        example = "L'ente non ha, o non può comunicare per questa finalità, dati di un soggetto con questi parametri."
    )]
    pub detail: String,
    /// Identificativo dello scambio come URN.
    #[schema(
        format = "uri",
        max_length = 45,
        example = "urn:uuid:0198c7a2-6f00-7cc3-98c4-dc0c0c07398f"
    )]
    pub instance: String,
    /// Numero dello scambio nel registro del gateway, da citare nelle segnalazioni.
    #[schema(
        format = "uuid",
        max_length = 36,
        example = "0198c7a2-6f00-7cc3-98c4-dc0c0c07398f"
    )]
    pub scambio: String,
    /// Lato da cui dipende il problema.
    pub lato: Side,
    /// Che cosa fare.
    #[schema(
        max_length = 1000,
        example = "Verificare il codice fiscale e l'ente interrogato."
    )]
    pub rimedio: String,
    /// I comuni succeduti a quello soppresso; solo nel problema ente-cessato.
    #[schema(max_items = 10)]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub successori: Vec<ComuneSuccessore>,
    /// L'errore secondo RFC 6749; solo nel problema accesso-non-riuscito.
    #[schema(max_length = 40, example = "invalid_grant")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Il dettaglio secondo RFC 6749, in soli caratteri ASCII; solo nel problema accesso-non-riuscito.
    #[schema(
        max_length = 1000,
        example = "client_id diverso dal portale del certificato."
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// Writes a failure as the problem document that leaves and is recorded.
pub fn describe(error: &ExchangeError, scambio: &Uuid) -> Refusal {
    let problem = Problem::of(error);
    let oauth = problem.oauth_error;
    let body = Problema {
        error_description: oauth.map(|_| problem.detail.clone().into_owned()),
        kind: format!("{TYPE_BASE}{}", problem.slug),
        title: problem.title.to_owned(),
        status: problem.status,
        detail: problem.detail.into_owned(),
        instance: scambio.urn().to_string(),
        scambio: scambio.to_string(),
        lato: problem.side,
        rimedio: problem.remedy.to_owned(),
        successori: problem.successors,
        error: oauth.map(str::to_owned),
    };
    Refusal {
        status: problem.status,
        slug: problem.slug,
        side: problem.side,
        retry_after: problem.retry_after,
        media_type: oauth.map_or(PROBLEM, |_| JSON),
        body: Bytes::from(
            serde_json::to_vec(&body).expect("a struct of texts and a number is always JSON"),
        ),
    }
}

impl Problem {
    /// The table.
    pub fn of(error: &ExchangeError) -> Problem {
        match error {
            ExchangeError::CertificateUntrusted(why) => of_distrust(*why),
            ExchangeError::PortalUnknown => rows::CERTIFICATO_SCONOSCIUTO,
            ExchangeError::Token(refused) => of_token(*refused),
            ExchangeError::Malformed(malformed) => of_malformed(malformed),
            ExchangeError::PurposeMissing => rows::FINALITA_MANCANTE,
            ExchangeError::NotGranted => rows::NON_AUTORIZZATO,
            ExchangeError::GrantNotInForce(_) => rows::CONCESSIONE_NON_IN_VIGORE,
            ExchangeError::GrantRevoked => rows::CONCESSIONE_REVOCATA,
            ExchangeError::AskerNotShown(_) => rows::RICHIEDENTE_NON_DIMOSTRATO,
            ExchangeError::FreshNotGranted => rows::DATI_FRESCHI_NON_CONCESSI,
            ExchangeError::RateLimited { retry_after } => {
                rows::LIMITE_DI_FREQUENZA.again_after(*retry_after)
            }
            ExchangeError::QuotaSpent { retry_after } => {
                rows::QUOTA_GIORNALIERA_ESAURITA.again_after(*retry_after)
            }
            ExchangeError::TooManyEnti { most } => rows::TROPPI_ENTI.with_detail(format!(
                "La richiesta riguarda più enti di quanti il limite di frequenza del portale ammetta insieme ({most})."
            )),
            ExchangeError::EnteUnknown => rows::ENTE_SCONOSCIUTO,
            ExchangeError::EnteEnded(successors) => of_ended(successors),
            ExchangeError::NotOffered(_) => rows::SERVIZIO_NON_OFFERTO,
            ExchangeError::BackEnd(failure) => of_back_end(failure),
            ExchangeError::RequestUnknown => rows::RICHIESTA_INESISTENTE,
            ExchangeError::RequestOpen { retry_after } => {
                rows::RICHIESTA_IN_CORSO.again_after(*retry_after)
            }
            ExchangeError::TooManyOpen { most } => rows::TROPPE_RICHIESTE_APERTE.with_detail(format!(
                "Il portale ha già {most} richieste aperte che attendono la risposta degli enti: la richiesta non è stata presa in carico."
            )),
            ExchangeError::RequestExpired => rows::RICHIESTA_SCADUTA,
            ExchangeError::KeyMissing => rows::CHIAVE_MANCANTE,
            ExchangeError::KeyReused => rows::CHIAVE_RIUSATA,
            ExchangeError::WriteUnderWay => rows::SCRITTURA_IN_CORSO,
            ExchangeError::NotCarriedOut(motivo) => rows::SCRITTURA_NON_ESEGUITA.with_detail(format!(
                "Un operatore dell'ente ha accertato che la scrittura non è stata eseguita: {}.",
                motivo.text()
            )),
            ExchangeError::ReplyToNotAllowed => rows::INDIRIZZO_DI_RITORNO_NON_AMMESSO,
            ExchangeError::VoucherElsewhere(what) => {
                rows::VOUCHER_NON_PERTINENTE.with_detail(what.text().to_owned())
            }
            ExchangeError::LogIn(fault) => Problem {
                oauth_error: Some(fault.name()),
                ..rows::ACCESSO_NON_RIUSCITO.with_detail(format!("{}.", fault.text()))
            },
            ExchangeError::NotRecorded(_) => rows::SCAMBIO_NON_REGISTRATO,
            ExchangeError::NotSigned(failure) => of_unsigned(failure),
            ExchangeError::EvidenceUnknown => rows::PROVA_INESISTENTE,
            ExchangeError::EvidenceUnsealed => rows::PROVA_IN_ATTESA,
            ExchangeError::SealOverdue => rows::PROVE_NON_SIGILLATE,
            ExchangeError::NoCapacity(_) => rows::GATEWAY_OCCUPATO,
            ExchangeError::DeadlinePassed => rows::TEMPO_SCADUTO,
            ExchangeError::Internal(_) => rows::ERRORE_INTERNO,
        }
    }

    fn with_detail(self, detail: String) -> Problem {
        Problem {
            detail: Cow::Owned(detail),
            ..self
        }
    }

    fn again_after(self, retry_after: Duration) -> Problem {
        Problem {
            retry_after: Some(retry_after),
            ..self
        }
    }
}

fn of_distrust(why: Distrust) -> Problem {
    let problem = rows::CERTIFICATO_NON_ATTENDIBILE.with_detail(format!(
        "La connessione usa un certificato che non è accettato: {}.",
        why.text()
    ));
    if why.is_ours() {
        Problem {
            side: Side::Gateway,
            ..problem
        }
    } else {
        problem
    }
}

/// A token that is busy or away passes; a key that does not fit is a fault of ours.
fn of_unsigned(failure: &SigningError) -> Problem {
    match failure {
        SigningError::Busy { again_in } => rows::FIRMA_NON_DISPONIBILE.again_after(*again_in),
        SigningError::Token(_) | SigningError::NotSigned => rows::FIRMA_NON_DISPONIBILE,
        _ => rows::ERRORE_INTERNO,
    }
}

fn of_token(refused: ModiError) -> Problem {
    let header = refused.kind.header();
    let why = match refused.fault.member() {
        Some(name) => format!("{} ({name})", refused.fault.text()),
        None => refused.fault.text().to_owned(),
    };
    let problem = match (refused.fault, refused.kind) {
        (Fault::Absent(pattern), _) => {
            return rows::TOKEN_MANCANTE.with_detail(format!(
                "Per questa operazione il portale deve inviare l'intestazione {header} secondo il pattern {} del ModI.",
                pattern.name()
            ));
        }
        (Fault::VoucherAbsent, _) => {
            return rows::TOKEN_MANCANTE.with_detail(format!(
                "Per questa operazione il portale deve inviare nell'intestazione {header} un voucher della PDND, o la prova che lo accompagna (DPoP)."
            ));
        }
        (Fault::Replayed, _) => rows::TOKEN_RIUTILIZZATO,
        (_, TokenKind::Integrity) => rows::INTEGRITA_NON_VERIFICATA,
        _ => rows::TOKEN_NON_VALIDO,
    };
    problem.with_detail(format!(
        "Il token nell'intestazione {header} non è accettato: {why}."
    ))
}

fn of_ended(successors: &[ComuneSuccessore]) -> Problem {
    let names: Vec<String> = successors
        .iter()
        .map(|one| {
            format!(
                "dal {} gli è succeduto {} ({})",
                one.dal.format("%d/%m/%Y"),
                one.denominazione,
                one.codice_istat
            )
        })
        .collect();
    let text = format!(
        "Il comune con questo codice ISTAT non esiste più: {}.",
        names.join("; ")
    );
    Problem {
        successors: successors.to_vec(),
        ..rows::ENTE_CESSATO.with_detail(text)
    }
}

fn of_malformed(malformed: &Malformed) -> Problem {
    match malformed {
        Malformed::NoSuchResource => rows::RISORSA_INESISTENTE,
        Malformed::MethodNotAllowed { allowed } => {
            rows::METODO_NON_AMMESSO.with_detail(format!("La risorsa ammette solo: {allowed}."))
        }
        Malformed::NotHttp => rows::RICHIESTA_NON_LEGGIBILE,
        Malformed::HeadTooLarge { limit } => rows::INTESTAZIONI_TROPPO_GRANDI.with_detail(format!(
            "Percorso e intestazioni superano insieme {limit} byte, o le intestazioni sono troppe."
        )),
        Malformed::MediaType => rows::TIPO_DI_CONTENUTO_NON_AMMESSO,
        Malformed::TooLarge { limit } => {
            rows::CORPO_TROPPO_GRANDE.with_detail(format!("Il corpo della richiesta supera {limit} byte."))
        }
        Malformed::TooSlow => rows::RICHIESTA_TROPPO_LENTA,
        Malformed::NotJson { line, column } => rows::JSON_NON_VALIDO.with_detail(format!(
            "Il corpo della richiesta non è un documento JSON valido in UTF-8: il primo errore è alla riga {line}, colonna {column}."
        )),
        Malformed::Field { field, reason } => rows::CAMPO_NON_VALIDO.with_detail(format!("{field}: {reason}.")),
    }
}

fn of_back_end(failure: &ConnectorError) -> Problem {
    let problem = match failure.kind {
        Kind::NotFound => rows::SOGGETTO_NON_TROVATO,
        Kind::Ambiguous => match failure.candidates {
            Some(candidates) => rows::SOGGETTO_AMBIGUO.with_detail(format!(
                "{candidates} soggetti corrispondono ai parametri nel gestionale dell'ente."
            )),
            None => rows::SOGGETTO_AMBIGUO,
        },
        Kind::Unreachable | Kind::Unavailable | Kind::BreakerOpen | Kind::VoucherUnavailable => {
            rows::GESTIONALE_NON_DISPONIBILE
        }
        Kind::Closed => rows::GESTIONALE_CHIUSO,
        Kind::TooManyCalls | Kind::Busy | Kind::NotYet => rows::GESTIONALE_OCCUPATO,
        Kind::TimedOut | Kind::OutcomeUnknown => rows::GESTIONALE_NON_RISPONDE,
        // The portal learns no more than of any other error; whoever has to act is the gateway's operator.
        Kind::CredentialsRefused | Kind::VoucherRefused | Kind::ClockSkew => Problem {
            side: Side::Gateway,
            ..rows::GESTIONALE_IN_ERRORE
        },
        Kind::Failed => rows::GESTIONALE_IN_ERRORE,
        Kind::Unintelligible | Kind::Oversized => rows::RISPOSTA_INCOMPRENSIBILE,
        Kind::AnswerUnproven => rows::RISPOSTA_NON_VERIFICATA,
        Kind::Refused => rows::DICHIARAZIONE_RIFIUTATA,
        Kind::Duplicate => rows::DICHIARAZIONE_GIA_PRESENTE,
        Kind::NotCarriedOut => rows::SCRITTURA_NON_ESEGUITA,
        Kind::Unsupported => rows::SERVIZIO_NON_OFFERTO,
        Kind::NotSigned => rows::FIRMA_NON_DISPONIBILE,
        Kind::Gateway => rows::ERRORE_INTERNO,
    };
    match (problem.retry_after, failure.retry) {
        (Some(_), Retry::After(pause)) => problem.again_after(pause),
        _ => problem,
    }
}
