//! Records and stores for the tests.

use std::path::Path;

use chrono::{DateTime, Utc};
use pontile::config::record::{RecordSettings, Retention};
use pontile::config::units::{Size, Span};
use pontile::contract::document::Role;
use pontile::contract::operation::Operation;
use pontile::digest::SaltedDigest;
use pontile::store::Store;
use pontile::store::record::{Context, Record, StageTimes};
use uuid::Uuid;

pub const RETENTION: Retention = Retention {
    exchanges_months: 24,
    logs_months: 6,
};

/// Settings for an SQLite record in that folder.
pub fn sqlite(folder: &Path) -> RecordSettings {
    RecordSettings {
        database: format!("sqlite:{}", folder.join("record").display()),
        password: None,
        slots: 1_000,
        deadline: Span::parse("5s").expect("a duration"),
        free_disk: Size(0),
        subject_key: folder.join("subject.key"),
    }
}

/// Migrates and opens.
pub async fn open(settings: &RecordSettings) -> Store {
    Store::migrate(settings).await.expect("migrated");
    Store::open(settings, RETENTION, "prova-1")
        .await
        .expect("opened")
}

/// The number of an exchange that begins at that instant.
pub fn scambio_at(at: DateTime<Utc>) -> Uuid {
    let seconds = u64::try_from(at.timestamp()).expect("after 1970");
    let random = rand::random();
    Uuid::new_v7(uuid::Timestamp::from_unix_time(
        seconds,
        at.timestamp_subsec_nanos(),
        random,
        16,
    ))
}

/// An answered exchange about two persons.
pub fn record(store: &Store, at: DateTime<Utc>) -> Record {
    let keys = store.subject_keys();
    Record {
        scambio: scambio_at(at),
        context: Context {
            generation: 7,
            snapshot_digest: [7; 32],
            portal: Some("sportello-como".into()),
            certificate: [9; 32],
            ente: Some("013075".into()),
            operation: Some(Operation::RicercaPersona),
            purpose: Some("C001".into()),
            purpose_origin: Some("intestazione"),
            grant_id: Some("anagrafe-como".into()),
            grant_version: Some(3),
            adapter: Some("civilia".into()),
            adapter_version: Some("1.0.0".into()),
        },
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
        cache: Some("fresca"),
        age_seconds: Some(0),
        origin: None,
        request: Some(SaltedDigest::of(b"request")),
        backend_request: Some(SaltedDigest::of(b"their request")),
        backend_answer: Some(SaltedDigest::of(b"their answer")),
        reply: Some(SaltedDigest::of(b"reply")),
        subjects: vec![
            keys.subject("013075", "RSSMRA80A01C933K", Role::Cercato),
            keys.subject("013075", "VRDLGI75B02C933X", Role::Componente),
        ],
        quota: None,
    }
}
