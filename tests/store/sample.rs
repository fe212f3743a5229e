//! Records for the tests.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use pontile::contract::document::Role;
use pontile::contract::operation::Operation;
use pontile::digest::SaltedDigest;
use pontile::store::record::{Context, Record, StageTimes};
use pontile::store::{Month, Store, StoreError};
use uuid::Uuid;

pub const COMO: &str = "013075";
pub const MARIO: &str = "RSSMRA80A01C933K";
pub const LUIGI: &str = "VRDLGU75B02C933X";

/// The number of an exchange that begins at that instant.
pub fn scambio_at(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).expect("after 1970");
    let nanoseconds = at.timestamp_subsec_nanos();
    let time = uuid::Timestamp::from_unix_time(seconds, nanoseconds, 0, 0);
    let mut bytes = Uuid::new_v7(time).into_bytes();
    bytes[8..].copy_from_slice(&rand::random::<[u8; 8]>());
    bytes[8] = 0x80 | bytes[8] & 0x3f;
    Uuid::from_bytes(bytes)
}

/// The first instant of this month: the record is cut here, and months around it are kept whenever the tests run.
pub fn turn_of_month() -> DateTime<Utc> {
    Month::of(Utc::now()).begins()
}

/// An answered exchange that asked about Mario and disclosed him and Luigi.
pub fn answered(store: &Store, at: DateTime<Utc>) -> Record {
    let keys = store.subject_keys();
    Record {
        parent: None,
        scambio: scambio_at(at),
        context: Arc::new(Context {
            generation: 7,
            snapshot_digest: [7; 32],
            portal: Some("sportello-como".into()),
            certificate: [9; 32],
            ente: Some(COMO.into()),
            operation: Some(Operation::RicercaFamiglia),
            purpose: Some("C001".into()),
            purpose_origin: Some("intestazione"),
            grant_id: Some("anagrafe-como".into()),
            grant_version: Some(3),
            adapter: Some("civilia".into()),
            adapter_version: Some("1.0.0".into()),
        }),
        begun: at,
        ended: at + chrono::Duration::microseconds(1_234),
        outcome: "risposto",
        side: None,
        status: 200,
        times: StageTimes {
            admission: 1,
            limits: 2,
            cache: 3,
            dispatch: 4,
        },
        cache: Some("scaduta"),
        age_seconds: Some(61),
        origin: Some(scambio_at(at - chrono::Duration::seconds(61))),
        request: Some(SaltedDigest::of(b"request")),
        backend_request: Some(SaltedDigest::of(b"their request")),
        backend_answer: Some(SaltedDigest::of(b"their answer")),
        reply: Some(SaltedDigest::of(b"reply")),
        subjects: vec![
            keys.subject(COMO, MARIO, Role::Cercato),
            keys.subject(COMO, MARIO, Role::Componente),
            keys.subject(COMO, LUIGI, Role::Componente),
        ],
        tokens: Vec::new(),
        quota: None,
    }
}

/// An exchange of which nothing was understood.
pub fn refused(at: DateTime<Utc>) -> Record {
    Record {
        parent: None,
        scambio: scambio_at(at),
        context: Arc::new(Context {
            generation: 7,
            snapshot_digest: [7; 32],
            portal: None,
            certificate: [8; 32],
            ente: None,
            operation: None,
            purpose: None,
            purpose_origin: None,
            grant_id: None,
            grant_version: None,
            adapter: None,
            adapter_version: None,
        }),
        begun: at,
        ended: at,
        outcome: "portale-sconosciuto",
        side: Some("portale"),
        status: 403,
        times: StageTimes::default(),
        cache: None,
        age_seconds: None,
        origin: None,
        request: None,
        backend_request: None,
        backend_answer: None,
        reply: None,
        subjects: Vec::new(),
        tokens: Vec::new(),
        quota: None,
    }
}

/// Records it and returns its number.
pub async fn commit(store: &Store, record: Record) -> Result<Uuid, StoreError> {
    let scambio = record.scambio;
    store.reserve()?.commit(record).await?;
    Ok(scambio)
}
