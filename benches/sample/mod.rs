//! Records as exchanges leave them, and a store to put them in: what the benches of the record share.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use pontile::config::record::{RecordSettings, Retention};
use pontile::config::units::{Size, Span};
use pontile::contract::document::Role;
use pontile::contract::operation::Operation;
use pontile::digest::SaltedDigest;
use pontile::store::Store;
use pontile::store::quota::{QuotaKey, rome_day};
use pontile::store::record::{Context, Record, StageTimes, Subject};
use uuid::Uuid;

/// Persons who are asked about again and again.
const PERSONS: usize = 250;

/// A new record in a folder, or in the database that `DATABASE` names.
pub async fn open(folder: &Path) -> Store {
    let database = std::env::var("DATABASE")
        .unwrap_or_else(|_| format!("sqlite:{}", folder.join("record").display()));
    let settings = RecordSettings {
        database,
        password: None,
        slots: 10_000,
        deadline: Span(Duration::from_secs(10)),
        free_disk: Size(0),
        subject_key: folder.join("subject.key"),
        request_key: None,
    };
    let retention = Retention {
        exchanges_months: 24,
        logs_months: 6,
        operators_months: 24,
        requests_days: 7,
    };
    Store::migrate(&settings).await.expect("migrated");
    Store::open(&settings, retention, "nodo-1")
        .await
        .expect("opened")
}

/// What the records have in common.
pub struct Names {
    portal: Arc<str>,
    ente: Arc<str>,
    context: Arc<Context>,
    digest: SaltedDigest,
    persons: Vec<Subject>,
}

impl Names {
    pub fn new(store: &Store) -> Names {
        let persons = (0..PERSONS).map(|person| {
            let code = format!("PERSON{person:010}");
            store
                .subject_keys()
                .subject("013075", &code, Role::Interessato)
        });
        let (portal, ente): (Arc<str>, Arc<str>) = ("sportello-como".into(), "013075".into());
        let context = Arc::new(Context {
            generation: 1,
            snapshot_digest: [1; 32],
            portal: Some(Arc::clone(&portal)),
            certificate: [2; 32],
            ente: Some(Arc::clone(&ente)),
            operation: Some(Operation::RicercaPersona),
            purpose: Some("C001-consultazione".into()),
            purpose_origin: Some("intestazione"),
            grant_id: Some("anagrafe-como".into()),
            grant_version: Some(1),
            adapter: Some("civilia".into()),
            adapter_version: Some("1.0.0".into()),
        });
        Names {
            portal,
            ente,
            context,
            digest: SaltedDigest::of(b"a body"),
            persons: persons.collect(),
        }
    }

    /// One exchange's record, with its place in a day's quota.
    pub async fn record(&self, store: &Store) -> Record {
        let now = Utc::now();
        let key = QuotaKey {
            portal: Arc::clone(&self.portal),
            counted: Operation::RicercaPersona.name().into(),
            ente: Arc::clone(&self.ente),
            day: rome_day(now),
        };
        let hold = store.quotas().admit(key, u32::MAX).await.expect("admitted");
        let scambio = Uuid::now_v7();
        let person = self.persons[usize::from(scambio.as_bytes()[15]) % PERSONS];
        let digest = Some(self.digest);
        Record {
            parent: None,
            scambio,
            context: Arc::clone(&self.context),
            begun: now,
            ended: now,
            outcome: "risposto",
            side: None,
            status: 200,
            times: StageTimes {
                admission: 12,
                limits: 3,
                cache: 4,
                dispatch: 2_000,
            },
            cache: Some("fresca"),
            age_seconds: Some(0),
            origin: None,
            request: digest,
            backend_request: digest,
            backend_answer: digest,
            reply: digest,
            subjects: vec![
                Subject {
                    role: Role::Cercato,
                    ..person
                },
                person,
            ],
            tokens: Vec::new(),
            quota: Some(hold),
        }
    }
}
