//! The record, read by operators: by its columns in the query, by person only in a body.

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{Receiver, channel};
use uuid::Uuid;

use crate::api::http::{Request, Response};
use crate::broker::error::{ExchangeError, Malformed};
use crate::contract::codice_fiscale::CodiceFiscale;
use crate::contract::luogo::CodiceIstat;
use crate::store::{Person, RecordFilter, RecordRow};

use super::caller::Caller;
use super::reason::Reason;

/// Rows of a page when the request does not say.
const USUAL_PAGE: u32 = 100;

/// Rows of a page at most.
const LARGEST_PAGE: u32 = 1_000;

/// Bytes of an export in a piece, and pieces that wait for a slow reader.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 4;

/// What `GET /record` may filter by.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    scambio: Option<Uuid>,
    portal: Option<String>,
    ente: Option<CodiceIstat>,
    outcome: Option<String>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    /// The cursor of the page before.
    cursor: Option<Uuid>,
    limit: Option<u32>,
}

/// What `POST /record/ricerche` asks: the exchanges in which a person was asked about or disclosed at one ente.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPerson {
    ente: CodiceIstat,
    codice_fiscale: CodiceFiscale,
    motivo: Reason,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    cursor: Option<Uuid>,
    limit: Option<u32>,
}

/// What `POST /record/esportazioni` asks: every exchange asked of one ente that began in `from..to`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToExport {
    ente: CodiceIstat,
    motivo: Reason,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<RecordRow>,
    /// To be given as `cursor` for the next page; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<Uuid>,
}

/// `GET /record`: the newest first.
pub(super) async fn list(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let columns: Result<Columns, _> = serde_urlencoded::from_str(request.head.query());
    let columns = columns.map_err(|_| {
        let names =
            "sono ammessi scambio, portal, ente, outcome, from, to (RFC 3339), cursor e limit";
        caller.malformed(Malformed::Field {
            field: "parametri".to_owned(),
            reason: names.to_owned(),
        })
    })?;
    let Columns {
        scambio,
        portal,
        ente,
        outcome,
        from,
        to,
        cursor,
        limit,
    } = columns;
    let ente = own_ente(caller, ente).await?;
    let ente = ente.as_ref().map(CodiceIstat::as_str);
    caller.note(ente, None).await?;
    let filter = RecordFilter {
        scambio,
        portal,
        ente: ente.map(str::to_owned),
        outcome,
        from,
        to,
        before: cursor,
        ..of_size(limit)
    };
    answer(caller, &filter).await
}

/// `POST /record/ricerche`: by person, whose code must stand in no address and no log.
pub(super) async fn search(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let asked: OfPerson = caller.body(request)?;
    admit(caller, &asked.ente, &asked.motivo).await?;
    let person = Person {
        ente: asked.ente.as_str().to_owned(),
        code: asked.codice_fiscale.as_str().to_owned(),
    };
    let filter = RecordFilter {
        persons: vec![person],
        from: asked.from,
        to: asked.to,
        before: asked.cursor,
        ..of_size(asked.limit)
    };
    answer(caller, &filter).await
}

/// `POST /record/esportazioni`: JSON lines, the oldest exchange first; the last line says how many they are (`scambi`), and is lacking
/// where the record could not be read to its end.
pub(super) async fn export(caller: &Caller, request: &Request) -> Result<Response, Response> {
    let asked: ToExport = caller.body(request)?;
    admit(caller, &asked.ente, &asked.motivo).await?;
    let from = asked.from.unwrap_or(DateTime::UNIX_EPOCH);
    let to = asked.to.unwrap_or_else(Utc::now);
    let store = caller.gateway().store.clone();
    let (mut out, written) = duplex(PIECE);
    tokio::spawn(async move {
        let exported = store.export(asked.ente.as_str(), from, to, &mut out).await;
        let closed = match exported {
            Ok(scambi) => {
                out.write_all(format!("{{\"scambi\":{scambi}}}\n").as_bytes())
                    .await
            }
            Err(error) => Err(std::io::Error::other(error)),
        };
        if let Err(error) = closed {
            tracing::error!(%error, "esportazione del registro interrotta");
        }
    });
    Ok(Caller::lines(pieces_of(written)))
}

/// What is written at the other end, piece by piece; who takes no more ends the writing.
fn pieces_of(mut written: DuplexStream) -> Receiver<Bytes> {
    let (piece, pieces) = channel(PIECES);
    tokio::spawn(async move {
        loop {
            let mut read = BytesMut::with_capacity(PIECE);
            match written.read_buf(&mut read).await {
                Ok(0) | Err(_) => return,
                Ok(_) if piece.send(read.freeze()).await.is_err() => return,
                Ok(_) => {}
            }
        }
    });
    pieces
}

/// Notes what is done about an ente and why, or refuses who is limited to others.
async fn admit(caller: &Caller, ente: &CodiceIstat, motivo: &Reason) -> Result<(), Response> {
    let ente = Some(ente.as_str());
    if !caller.covers(ente) {
        let refused = ExchangeError::NotGranted;
        caller.note_refusal(&refused, ente, Some(motivo)).await?;
        return Err(caller.refuse(&refused));
    }
    caller.note(ente, Some(motivo)).await
}

/// The ente that a list is about: who is limited to some names one of them, unless there is only one.
async fn own_ente(
    caller: &Caller,
    asked: Option<CodiceIstat>,
) -> Result<Option<CodiceIstat>, Response> {
    let mut enti = caller.enti().iter();
    match (asked, enti.next(), enti.next()) {
        (None, Some(only), None) => Ok(Some(only.clone())),
        (None, Some(_), Some(_)) => Err(caller.malformed(Malformed::Field {
            field: "ente".to_owned(),
            reason: "va indicato uno dei propri enti".to_owned(),
        })),
        (asked, ..) => {
            let ente = asked.as_ref().map(CodiceIstat::as_str);
            match caller.covers(ente) {
                true => Ok(asked),
                false => Err(caller
                    .refuse_and_note(&ExchangeError::NotGranted, ente)
                    .await),
            }
        }
    }
}

fn of_size(limit: Option<u32>) -> RecordFilter {
    RecordFilter {
        limit: limit.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE),
        ..RecordFilter::default()
    }
}

async fn answer(caller: &Caller, filter: &RecordFilter) -> Result<Response, Response> {
    let listed = caller.gateway().store.list(filter).await;
    let items = listed.map_err(|failure| caller.failed(&failure))?;
    let full = items.len() as u64 == u64::from(filter.limit);
    let cursor = items.last().filter(|_| full).map(|row| row.scambio);
    Ok(caller.json(200, &Page { items, cursor }))
}
