//! A municipality that delivers nightly files, with a vault of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use pontile::config::calendar::Calendar;
use pontile::config::instance::{BackendTls, Bounds, Deferred, InstanceSettings};
use pontile::config::night::{Night, NightFiles};
use pontile::config::units::Span;
use pontile::connectors::adapter::Adapter;
use pontile::connectors::call::{Answer, Call, Proofs, Transcript, Turn};
use pontile::connectors::error::ConnectorError;
use pontile::connectors::files::look::{Looked, Post, Sightings, look};
use pontile::connectors::files::report::Outcome;
use pontile::connectors::files::shelf::Shelf;
use pontile::connectors::instance::{Instances, Tenant};
use pontile::contract::codice_fiscale::{CodiceFiscale, PartitaIva};
use pontile::contract::luogo::CodiceIstat;
use pontile::contract::operation::{FieldSet, Operation};
use pontile::contract::posizione::Tributo;
use pontile::contract::question::{Parameters, Soggetto};
use pontile::store::night::Vault;
use serde_json::Value;

use crate::process::program;

/// The municipality, which borrows the people of Como.
pub const ENTE: (&str, &str) = ("013004", "A153");

pub struct House {
    pub folder: tempfile::TempDir,
    pub settings: InstanceSettings,
    pub adapter: Arc<Adapter>,
    pub shelf: Arc<Shelf>,
    pub sightings: Sightings,
    pub night: Night,
    /// The day of the simulated night.
    pub today: NaiveDate,
}

/// The fields of an answer as JSON.
pub fn shown(answer: &Answer) -> Value {
    let mut out = Vec::new();
    let all = FieldSet::all(answer.document.operation());
    answer.document.write_cut(all, &mut out);
    serde_json::from_slice(&out).unwrap()
}

impl House {
    pub fn of(adapter: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let night = Night {
            folder: folder.path().join("notturni"),
            master_key: None,
        };
        Vault::create(&night, &folder.path().join("persone.key")).unwrap();
        std::fs::create_dir(folder.path().join("deposito")).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("adapters")
            .join(adapter);
        let settings = InstanceSettings {
            name: "albese".to_owned(),
            adapter: adapter.to_owned(),
            address: format!("folder:{}", folder.path().join("deposito").display()),
            values: BTreeMap::new(),
            per_portal: BTreeMap::new(),
            secrets: BTreeMap::new(),
            deferred: Deferred::default(),
            tls: BackendTls::default(),
            modi: None,
            pdnd: None,
            calendar: Calendar::default(),
            night: Some(NightFiles {
                settle: Span(Duration::ZERO),
                ..NightFiles::default()
            }),
            bounds: Bounds::default(),
        };
        House {
            shelf: House::shelf(&folder, &night),
            adapter: Arc::new(Adapter::load(&path).unwrap_or_else(|wrong| panic!("{wrong:?}"))),
            settings,
            sightings: Sightings::default(),
            night,
            today: Utc::now()
                .with_timezone(&chrono_tz::Europe::Rome)
                .date_naive(),
            folder,
        }
    }

    fn shelf(folder: &tempfile::TempDir, night: &Night) -> Arc<Shelf> {
        let vault = Vault::open(night, &folder.path().join("persone.key"));
        Arc::new(Shelf::new(vault))
    }

    /// As after a restart: everything is read from disk again.
    pub fn restart(&mut self) {
        self.shelf = House::shelf(&self.folder, &self.night);
        self.sightings = Sightings::default();
    }

    pub fn schedule(&mut self) -> &mut NightFiles {
        self.settings.night.get_or_insert_default()
    }

    pub fn drop_folder(&self) -> PathBuf {
        self.folder.path().join("deposito")
    }

    /// Has the files of a day delivered.
    pub fn deliver(&self, date: NaiveDate, faults: &[&str]) {
        self.deliver_with(date, faults, &[]);
    }

    pub fn deliver_with(&self, date: NaiveDate, faults: &[&str], more: &[&str]) {
        let mut command = Command::new(program("simulators"));
        command.args(["night-files", "--ente", ENTE.1, "--folder"]);
        command
            .arg(self.drop_folder())
            .args(["--date", &date.to_string()]);
        for fault in faults {
            command.args(["--fault", fault]);
        }
        assert!(command.args(more).status().unwrap().success());
    }

    /// Changes what was delivered: each file whose name begins so, as text.
    pub fn change(&self, begin: &str, change: impl Fn(String) -> String) {
        for entry in std::fs::read_dir(self.drop_folder()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with(begin) {
                let text = std::fs::read_to_string(entry.path()).unwrap();
                std::fs::write(entry.path(), change(text)).unwrap();
            }
        }
    }

    pub fn day(&self, before: u64) -> NaiveDate {
        self.today - chrono::Days::new(before)
    }

    fn tenant() -> Tenant {
        Tenant {
            codice_istat: CodiceIstat::parse(ENTE.0).unwrap(),
            codice_belfiore: ENTE.1.to_owned(),
            values: BTreeMap::new(),
        }
    }

    pub fn post(&self) -> Post {
        Post {
            settings: Arc::new(self.settings.clone()),
            adapter: Arc::clone(&self.adapter),
            tenant: Arc::new(House::tenant()),
        }
    }

    pub async fn try_look(&mut self, now: DateTime<Utc>) -> Result<Looked, ConnectorError> {
        let post = self.post();
        look(&post, &self.shelf, &mut self.sightings, now).await
    }

    /// Looks for files; returns what became of them.
    pub async fn look(&mut self) -> Vec<Outcome> {
        let looked = self.try_look(Utc::now()).await.unwrap();
        looked.reports.iter().map(|report| report.esito).collect()
    }

    async fn ask(
        &self,
        operation: Operation,
        parameters: &Parameters,
    ) -> Result<Answer, ConnectorError> {
        let instances = Instances::with_copies(Arc::clone(&self.shelf));
        let instance = instances.get(&Arc::new(self.settings.clone()));
        let offered = self.adapter.operation(operation).unwrap().fields();
        let tenant = House::tenant();
        let call = Call {
            operation,
            tenant: &tenant,
            parameters,
            fields: offered,
            deadline: Instant::now() + Duration::from_secs(5),
            traceparent: None,
            portal: None,
            turn: Turn::Whole,
            proofs: Proofs::default(),
        };
        instance
            .call(&self.adapter, &call, &mut Transcript::begin())
            .await
    }

    pub async fn persona(&self, code: &str) -> Result<Answer, ConnectorError> {
        let codice_fiscale = CodiceFiscale::parse(code.trim()).unwrap();
        self.ask(
            Operation::RicercaPersona,
            &Parameters::Persona { codice_fiscale },
        )
        .await
    }

    pub async fn famiglia(&self, code: &str) -> Result<Answer, ConnectorError> {
        let codice_fiscale = CodiceFiscale::parse(code.trim()).unwrap();
        self.ask(
            Operation::RicercaFamiglia,
            &Parameters::Persona { codice_fiscale },
        )
        .await
    }

    pub async fn posizione(&self, code: &str, tributo: Tributo) -> Result<Answer, ConnectorError> {
        let soggetto = match PartitaIva::parse(code) {
            Ok(code) => Soggetto::PartitaIva(code),
            Err(_) => Soggetto::CodiceFiscale(CodiceFiscale::parse(code).unwrap()),
        };
        let parameters = Parameters::Posizione {
            soggetto,
            tributo,
            anno: 2025,
        };
        self.ask(Operation::RicercaPosizione, &parameters).await
    }

    /// The people whom the simulators know in Como, with their cases.
    pub fn people() -> Vec<Value> {
        let output = Command::new(program("simulators"))
            .args(["people", "--ente", "C933"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}
