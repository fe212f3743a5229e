//! The receipts of recorded exchanges, as their rows give them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::evidence::receipt::VERSION;
use crate::evidence::{BodyDigest, Hash, Receipt, TokenEvidence};
use crate::store::error::StoreError;
use crate::store::month::Month;
use crate::store::read::{Reader, RecordRow, Selection};
use crate::store::tokens::TokenRow;

use super::not_canonical;
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
            leaves.push(receipt(row, &month, place).leaf().map_err(not_canonical)?);
        }
    }
    Ok(leaves)
}

/// The receipt of an exchange at that place of its node and month.
pub(super) fn receipt<'a>(row: &'a RecordRow, month: &'a str, place: u64) -> Receipt<'a> {
    let text = |column| row.value(column).as_str();
    let owned = |column| text(column).map(str::to_owned);
    let number = |column| row.value(column).as_u64();
    Receipt {
        adattatore: text("adapter"),
        adattatore_versione: text("adapter_version"),
        cache: text("cache"),
        certificato: row.text("certificate").to_owned(),
        concessione: text("grant_id"),
        concessione_versione: number("grant_version"),
        configurazione: row.text("snapshot_digest").to_owned(),
        ente: text("ente"),
        esito: row.text("outcome"),
        eta_secondi: number("age_seconds"),
        finalita: text("purpose"),
        finalita_origine: text("purpose_origin"),
        fine: row.text("ended").to_owned(),
        generazione: number("generation").unwrap_or_default(),
        inizio: row.text("begun").to_owned(),
        lato: text("side"),
        mese: month,
        nodo: row.text("node"),
        operazione: text("operation"),
        origine: owned("origin"),
        padre: owned("parent"),
        portale: text("portal"),
        prove: row.tokens.iter().map(token).collect(),
        richiesta: body(row, "request_digest", "request_bytes"),
        richiesta_ente: body(row, "backend_request_digest", "backend_request_bytes"),
        risposta: body(row, "reply_digest", "reply_bytes"),
        risposta_ente: body(row, "backend_answer_digest", "backend_answer_bytes"),
        scambio: row.scambio.to_string(),
        sequenza: place,
        stato: number("status")
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or_default(),
        versione: VERSION,
    }
}

fn body(row: &RecordRow, digest: &str, bytes: &str) -> Option<BodyDigest> {
    Some(BodyDigest {
        byte: row.value(bytes).as_u64().unwrap_or_default(),
        sha256: row.value(digest).as_str().map(str::to_owned)?,
    })
}

fn token(row: &TokenRow) -> TokenEvidence<'_> {
    TokenEvidence {
        chiave: row.key_id.as_deref(),
        eservice: row.eservice.as_deref(),
        fruitore: row.consumer.as_deref(),
        id: row.token_id.as_deref(),
        impronta: row.thumbprint.clone(),
        modello: &row.pattern,
        persona: row.person.clone(),
        persona_chiave: row.person_key.map(|version| super::count(Some(version))),
        tipo: &row.kind,
    }
}
