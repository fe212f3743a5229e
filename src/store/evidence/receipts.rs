//! The receipts of exchanges: as they are recorded, and as their rows give them ever after.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::contract::operation::Operation;
use crate::digest::SaltedDigest;
use crate::evidence::receipt::{Digest, VERSION};
use crate::evidence::{BodyDigest, Hash, Receipt, TokenEvidence};
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::read::{Reader, RecordRow, Selection};
use crate::store::record::{Record, Token};
use crate::store::tokens::TokenRow;

use super::places::Run;

/// Exchanges that are read at once.
const AT_ONCE: usize = 500;

/// The leaves of a run, in its order. Fails where an exchange is not there, or not at that place of its node and month.
pub(super) async fn leaves(
    reader: &mut Reader,
    node: &str,
    month: Month,
    run: &Run,
) -> Result<Vec<Hash>, StoreError> {
    let month = month.to_string();
    let mut leaves = Vec::with_capacity(run.scambi.len());
    for scambi in run.scambi.chunks(AT_ONCE) {
        let rows = reader
            .page_without_subjects(&Selection::among(scambi))
            .await?;
        let rows: HashMap<Uuid, &RecordRow> = rows.iter().map(|row| (row.scambio, row)).collect();
        for scambio in scambi {
            let place = run.first + leaves.len() as u64;
            let row = rows.get(scambio).ok_or_else(|| {
                StoreError::Evidence(format!("lo scambio {scambio} non c'è più (posto {place})"))
            })?;
            if row.value("place").as_u64() != Some(place) || row.text("node") != node {
                return Err(StoreError::Evidence(format!(
                    "lo scambio {scambio} non è più al suo posto ({place})"
                )));
            }
            leaves.push(receipt(row, &month, place).leaf());
        }
    }
    Ok(leaves)
}

/// The receipt of an exchange that is being recorded, at that place of its node and month: the same bytes as [`receipt`] makes of its rows.
pub(super) fn of_record<'a>(
    record: &'a Record,
    node: &'a str,
    month: &'a str,
    place: u64,
) -> Receipt<'a> {
    let context = &*record.context;
    let mut tokens: Vec<&Token> = record.tokens.iter().collect();
    tokens.sort_unstable_by_key(|token| token.kind);
    Receipt {
        adattatore: context.adapter.as_deref(),
        adattatore_versione: context.adapter_version.as_deref(),
        cache: record.cache,
        certificato: Digest(context.certificate),
        concessione: context.grant_id.as_deref(),
        concessione_versione: context.grant_version.map(u64::from),
        configurazione: Digest(context.snapshot_digest),
        ente: context.ente.as_deref(),
        esito: record.outcome,
        eta_secondi: record.age_seconds.and_then(|age| u64::try_from(age).ok()),
        finalita: context.purpose.as_deref(),
        finalita_origine: context.purpose_origin,
        fine: as_recorded(record.ended),
        generazione: u64::try_from(context.generation).unwrap_or_default(),
        inizio: as_recorded(record.begun),
        lato: record.side,
        mese: month,
        nodo: node,
        operazione: context.operation.map(Operation::name),
        origine: record.origin,
        padre: record.parent,
        portale: context.portal.as_deref(),
        prove: tokens.into_iter().map(token_of_record).collect(),
        richiesta: record.request.map(digested),
        richiesta_ente: record.backend_request.map(digested),
        risposta: record.reply.map(digested),
        risposta_ente: record.backend_answer.map(digested),
        scambio: record.scambio,
        sequenza: place,
        stato: record.status,
        versione: VERSION,
    }
}

/// The record keeps microseconds.
fn as_recorded(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

fn digested(digest: SaltedDigest) -> BodyDigest {
    BodyDigest {
        byte: digest.bytes,
        sha256: Digest(digest.digest),
    }
}

fn token_of_record(token: &Token) -> TokenEvidence<'_> {
    TokenEvidence {
        chiave: token.key_id.as_deref(),
        eservice: token.eservice.as_deref(),
        fruitore: token.consumer.as_deref(),
        id: token.id.as_deref(),
        impronta: Digest(token.thumbprint),
        modello: token.pattern,
        persona: token.person.map(|(digest, _)| Digest(digest)),
        persona_chiave: token.person.map(|(_, version)| super::count(Some(version))),
        tipo: token.kind,
    }
}

/// The receipt of an exchange at that place of its node and month.
pub(super) fn receipt<'a>(row: &'a RecordRow, month: &'a str, place: u64) -> Receipt<'a> {
    let text = |column| row.value(column).as_str();
    let scambio = |column| text(column).and_then(|text| Uuid::try_parse(text).ok());
    let instant = |column| row.text(column).parse().unwrap_or_default();
    let number = |column| row.value(column).as_u64();
    Receipt {
        adattatore: text("adapter"),
        adattatore_versione: text("adapter_version"),
        cache: text("cache"),
        certificato: digest(row.text("certificate")),
        concessione: text("grant_id"),
        concessione_versione: number("grant_version"),
        configurazione: digest(row.text("snapshot_digest")),
        ente: text("ente"),
        esito: row.text("outcome"),
        eta_secondi: number("age_seconds"),
        finalita: text("purpose"),
        finalita_origine: text("purpose_origin"),
        fine: instant("ended"),
        generazione: number("generation").unwrap_or_default(),
        inizio: instant("begun"),
        lato: text("side"),
        mese: month,
        nodo: row.text("node"),
        operazione: text("operation"),
        origine: scambio("origin"),
        padre: scambio("parent"),
        portale: text("portal"),
        prove: row.tokens.iter().map(token).collect(),
        richiesta: body(row, "request_digest", "request_bytes"),
        richiesta_ente: body(row, "backend_request_digest", "backend_request_bytes"),
        risposta: body(row, "reply_digest", "reply_bytes"),
        risposta_ente: body(row, "backend_answer_digest", "backend_answer_bytes"),
        scambio: row.scambio,
        sequenza: place,
        stato: number("status")
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or_default(),
        versione: VERSION,
    }
}

/// A digest as a row tells it; zeros where it is none, which is no leaf that was ever made.
fn digest(digits: &str) -> Digest {
    let mut bytes = [0; 32];
    match hex::decode_to_slice(digits, &mut bytes) {
        Ok(()) => Digest(bytes),
        Err(_) => Digest::default(),
    }
}

fn body(row: &RecordRow, column: &str, bytes: &str) -> Option<BodyDigest> {
    Some(BodyDigest {
        byte: row.value(bytes).as_u64().unwrap_or_default(),
        sha256: row.value(column).as_str().map(digest)?,
    })
}

fn token(row: &TokenRow) -> TokenEvidence<'_> {
    TokenEvidence {
        chiave: row.key_id.as_deref(),
        eservice: row.eservice.as_deref(),
        fruitore: row.consumer.as_deref(),
        id: row.token_id.as_deref(),
        impronta: digest(&row.thumbprint),
        modello: &row.pattern,
        persona: row.person.as_deref().map(digest),
        persona_chiave: row.person_key.map(|version| super::count(Some(version))),
        tipo: &row.kind,
    }
}
