//! The catalogue: answered by the gateway itself, from the snapshot that the exchange runs under.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;

use crate::config::calendar::Calendar;
use crate::connectors::adapter::AdapterOperation;
use crate::connectors::closures::{self, Why};
use crate::connectors::successors::{self, Former};
use crate::contract::catalogo::{
    ChiusuraPrevista, ComuneSoppresso, CopiaQuandoChiuso, ElencoEnti, EnteInCatalogo,
    LIMITE_PREDEFINITO, Modalita, MotivoChiusura, ServiziEnte, ServizioOfferto,
};
use crate::contract::dichiarazioni;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::provenienza::Adattatore;
use crate::contract::question::Parameters;
use crate::snapshot::{Backend, Binding, EnteEntry};

use super::arrival::Arrival;
use super::authorization::Permit;
use super::cache::Cache;
use super::deferral;
use super::error::ExchangeError;
use super::reply::Answered;

/// How far ahead closures are told.
const ANNOUNCED: Duration = Duration::days(14);

/// Closures told at most, as the contract says.
const MOST_CLOSURES: usize = 100;

/// Answers an operation of the catalogue, under an entity tag: nothing personal is in it.
pub(super) fn answer(
    cache: &Cache,
    permit: &Permit,
    arrival: &Arrival,
) -> Result<Answered, ExchangeError> {
    let body = match (permit.operation(), permit.ente()) {
        (Operation::Ente, Some(ente)) => written(&listed(ente)),
        (Operation::Servizi, Some(ente)) => written(&offered(cache, ente, arrival.at)),
        (Operation::Enti, None) => written(&page(permit)),
        (operation, _) => return Err(ExchangeError::NotOffered(operation)),
    }?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
    let etag = format!("\"{}\"", hex::encode(&digest.as_ref()[..16]));
    Ok(Answered::public(body, etag, arrival.known_etag.as_deref()))
}

fn written<T: Serialize>(body: &T) -> Result<Vec<u8>, ExchangeError> {
    serde_json::to_vec(body).map_err(|error| ExchangeError::Internal(error.to_string()))
}

/// The enti that the grant covers, from the cursor on.
fn page(permit: &Permit) -> ElencoEnti {
    let (after, limit) = match permit.parameters() {
        Parameters::Pagina { dopo, limite } => (dopo.as_ref(), usize::from(*limite)),
        _ => (None, usize::from(LIMITE_PREDEFINITO)),
    };
    let covered = permit
        .snapshot()
        .enti_after(after, usize::MAX)
        .iter()
        .filter(|ente| permit.enti().covers(&ente.codice_istat));
    let mut items: Vec<EnteInCatalogo> = covered.take(limit + 1).map(|ente| listed(ente)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let cursor = items
        .last()
        .filter(|_| more)
        .map(|last| last.codice_istat.clone());
    ElencoEnti { items, cursor }
}

fn listed(ente: &EnteEntry) -> EnteInCatalogo {
    EnteInCatalogo {
        codice_istat: ente.codice_istat.to_string(),
        codice_belfiore: ente.codice_belfiore.clone(),
        codice_ipa: ente.codice_ipa.clone(),
        denominazione: ente.denominazione.clone(),
        domini: ente.bindings().map(|(domain, _)| domain).collect(),
        predecessori: successors::predecessors(ente.codice_istat.as_str())
            .map(ended)
            .collect(),
    }
}

fn ended(former: &Former) -> ComuneSoppresso {
    let owned = |text: Option<&str>| text.unwrap_or_default().to_owned();
    ComuneSoppresso {
        codice_istat: owned(former.place.codice_istat),
        codice_belfiore: owned(former.place.codice_belfiore),
        denominazione: owned(former.place.denominazione),
        dal: former.since,
    }
}

/// What the ente can answer, operation by operation.
fn offered(cache: &Cache, ente: &EnteEntry, at: DateTime<Utc>) -> ServiziEnte {
    let items = Operation::ALL
        .into_iter()
        .filter_map(|operation| {
            let binding = ente.binding(operation.domain())?;
            if operation.is_verification() {
                return verification(cache, binding, at);
            }
            match operation.asked_of_each() {
                None => service(cache, operation, binding, at),
                Some(_) if !ente.joins.contains(&operation) => None,
                Some(each) => Some(ServizioOfferto {
                    operazione: operation.name().to_owned(),
                    ..service(cache, each, binding, at)?
                }),
            }
        })
        .collect();
    ServiziEnte {
        codice_istat: ente.codice_istat.to_string(),
        items,
    }
}

fn service(
    cache: &Cache,
    operation: Operation,
    binding: &Binding,
    at: DateTime<Utc>,
) -> Option<ServizioOfferto> {
    let offered = binding.adapter.operation(operation)?;
    let seconds =
        |duration: std::time::Duration| i32::try_from(duration.as_secs()).unwrap_or(i32::MAX);
    let at_once = !operation.is_write() && offered.deferral().is_none();
    let late = binding.instance.deferred.after.filter(|_| at_once);
    let (fresh, in_emergency) = cache.ages(offered.keep());
    Some(ServizioOfferto {
        operazione: operation.name().to_owned(),
        modalita: match offered.deferral() {
            Some(_) => Modalita::Asincrona,
            None => Modalita::of(offered.fonte()),
        },
        asincrona_dopo_secondi: late.map(|after| seconds(after.0).max(1)),
        termine_secondi: match (offered.deferral(), late) {
            (Some(deferral), _) => Some(deferral.at(&binding.instance.deferred).gives_up),
            (None, late) => late.map(|_| deferral::gives_up(&binding.instance)),
        }
        .map(seconds),
        scrittura: operation.is_write(),
        esito_accertabile: offered.writing().map(|writing| writing.look_up.is_some()),
        fonte: offered.fonte(),
        adattatore: Adattatore {
            nome: binding.adapter.name().to_owned(),
            versione: binding.adapter.version().to_owned(),
        },
        campi_disponibili: offered
            .fields()
            .names(operation)
            .map(str::to_owned)
            .collect(),
        tributi: offered.tributi().to_vec(),
        eta_massima_secondi: seconds(fresh),
        eta_massima_in_emergenza_secondi: seconds(in_emergency),
        ritardo_usuale_secondi: offered.usual_delay().map(seconds),
        orario: binding.instance.calendar.hours(),
        copia_quando_chiuso: binding
            .while_closed
            .as_ref()
            .and_then(|night| copy(operation, night)),
        chiusure_previste: closures(&binding.instance.calendar, at),
    })
}

/// What can be verified there: what the searches answer at once that it takes.
fn verification(cache: &Cache, binding: &Binding, at: DateTime<Utc>) -> Option<ServizioOfferto> {
    let at_once = |operation| {
        let offered = binding.adapter.operation(operation);
        offered.filter(|offered| offered.deferral().is_none())
    };
    let fields = |operation| {
        let offered = at_once(operation);
        offered.map_or(FieldSet::NONE, AdapterOperation::fields)
    };
    let (person, family) = (Operation::RicercaPersona, Operation::RicercaFamiglia);
    let asked = at_once(person).map_or(family, |_| person);
    at_once(asked)?;
    let kinds = dichiarazioni::verifiable(fields(person), fields(family));
    let operation = Operation::VerificaDichiarazione;
    let same = service(cache, asked, binding, at)?;
    Some(ServizioOfferto {
        operazione: operation.name().to_owned(),
        campi_disponibili: kinds.names(operation).map(str::to_owned).collect(),
        // A slow answer is waited for, it becomes no request.
        asincrona_dopo_secondi: None,
        termine_secondi: None,
        copia_quando_chiuso: binding.while_closed.as_ref().and_then(|night| {
            let copy = copy(asked, night)?;
            let fields = |operation| {
                let offered = night.adapter.operation(operation);
                offered.map_or(FieldSet::NONE, AdapterOperation::fields)
            };
            let kinds = dichiarazioni::verifiable(fields(person), fields(family));
            Some(CopiaQuandoChiuso {
                campi_disponibili: kinds.names(operation).map(str::to_owned).collect(),
                ..copy
            })
        }),
        ..same
    })
}

/// What the night copy answers that stands in for a closed back end.
fn copy(operation: Operation, night: &Backend) -> Option<CopiaQuandoChiuso> {
    let offered = night.adapter.operation(operation)?;
    let bounds = night.instance.night.clone().unwrap_or_default();
    let fields = offered.fields().names(operation);
    Some(CopiaQuandoChiuso {
        adattatore: Adattatore {
            nome: night.adapter.name().to_owned(),
            versione: night.adapter.version().to_owned(),
        },
        campi_disponibili: fields.map(str::to_owned).collect(),
        eta_massima_secondi: i32::try_from(bounds.oldest.0.as_secs()).unwrap_or(i32::MAX),
    })
}

fn closures(calendar: &Calendar, at: DateTime<Utc>) -> Vec<ChiusuraPrevista> {
    let planned = closures::planned(calendar, at, at + ANNOUNCED).into_iter();
    let written = planned.map(|planned| ChiusuraPrevista {
        dal: planned.from,
        al: planned.to,
        motivo: match planned.why {
            Why::Maintenance => MotivoChiusura::Manutenzione,
            Why::Holiday => MotivoChiusura::Festivita,
        },
        descrizione: planned.reason,
    });
    written.take(MOST_CLOSURES).collect()
}
