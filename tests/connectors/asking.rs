//! Questions to the simulated back ends, as the broker would put them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Datelike as _;
use pontile::config::instance::{BackendTls, Bounds, InstanceSettings};
use pontile::config::secret::SecretReference;
use pontile::config::units::Span;
use pontile::connectors::adapter::Adapter;
use pontile::connectors::call::{Answer, Call, Proofs, Transcript, Turn};
use pontile::connectors::error::ConnectorError;
use pontile::connectors::instance::{Instance, Instances, Tenant};
use pontile::contract::codice_fiscale::CodiceFiscale;
use pontile::contract::luogo::CodiceIstat;
use pontile::contract::operation::{FieldSet, Operation};
use pontile::contract::posizione::Tributo;
use pontile::contract::question::{Parameters, Soggetto};
use serde_json::Value;

/// A back end of one ente, with the adapter that speaks to it.
pub struct Town {
    pub adapter: Adapter,
    pub tenant: Tenant,
    pub settings: InstanceSettings,
    pub instance: Arc<Instance>,
    pub instances: Instances,
    folder: tempfile::TempDir,
}

/// The fields of `Document` as JSON.
pub fn shown(answer: &Answer) -> Value {
    let mut out = Vec::new();
    let all = FieldSet::all(answer.document.operation());
    answer.document.write_cut(all, &mut out);
    serde_json::from_slice(&out).unwrap()
}

fn adapter(name: &str) -> Adapter {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("adapters")
        .join(name);
    Adapter::load(&folder).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// Short bounds, so that a hanging back end costs a test little.
fn bounds() -> Bounds {
    Bounds {
        connect_deadline: Span(Duration::from_secs(1)),
        answer_deadline: Span(Duration::from_secs(2)),
        ..Bounds::default()
    }
}

impl Town {
    fn new(
        adapter_name: &str,
        address: String,
        ente: (&str, &str),
        values: &[(&str, &str)],
        secret: Option<(&str, &str)>,
    ) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let mut secrets = BTreeMap::new();
        if let Some((name, text)) = secret {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            secrets.insert(name.to_owned(), SecretReference::File(file).into());
        }
        let settings = InstanceSettings {
            calendar: pontile::config::calendar::Calendar::default(),
            deferred: pontile::config::instance::Deferred::default(),
            name: format!("{adapter_name}-{}", ente.1.to_lowercase()),
            adapter: adapter_name.to_owned(),
            address,
            values: values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            per_portal: BTreeMap::new(),
            secrets,
            tls: BackendTls::default(),
            modi: None,
            pdnd: None,
            night: None,
            bounds: bounds(),
        };
        let instances = Instances::new();
        Town {
            adapter: adapter(adapter_name),
            tenant: Tenant {
                codice_istat: CodiceIstat::parse(ente.0).unwrap(),
                codice_belfiore: ente.1.to_owned(),
                values: BTreeMap::new(),
            },
            instance: instances.get(&Arc::new(settings.clone())),
            instances,
            settings,
            folder,
        }
    }

    /// Cantù's registry: SOAP.
    pub fn cantu(address: String) -> Town {
        Town::new(
            "civilia-soap",
            address,
            ("013041", "B639"),
            &[("utente", "gw")],
            Some(("password", "civilia-prova")),
        )
    }

    /// Erba: REST with a token.
    pub fn erba(address: String) -> Town {
        Town::new(
            "civilia-next",
            address,
            ("013095", "D416"),
            &[
                ("tenant", "d4160000-0000-4000-8000-000000013095"),
                ("client_id", "gw-erba"),
                ("resource", "http://api.civilianext.example"),
            ],
            Some(("client_secret", "erba-prova")),
        )
    }

    /// Como's registry: `DataSet`s in two steps.
    pub fn como_datasets(address: &str) -> Town {
        Town::new(
            "dataset-due-passi",
            format!("{address}/c933"),
            ("013075", "C933"),
            &[("utente", "gw")],
            Some(("password", "d2-prova-c933")),
        )
    }

    /// Cantù over SOAP with a token and XML in strings.
    pub fn cantu_token(address: String) -> Town {
        let mut town = Town::new(
            "docarea-token",
            address,
            ("013041", "B639"),
            &[("utente", "gw")],
            Some(("password", "d3-prova-b639")),
        );
        let code = ("codice".to_owned(), "B639".to_owned());
        town.tenant.values.extend([code]);
        town
    }

    /// Cantù over the Delphi variant of the same.
    pub fn cantu_delphi(address: String) -> Town {
        let mut town = Town::new(
            "docarea-delphi",
            address,
            ("013041", "B639"),
            &[("utente", "gw")],
            Some(("password", "d3-prova-b639")),
        );
        let code = ("codice".to_owned(), "B639".to_owned());
        town.tenant.values.extend([code]);
        town
    }

    /// Como over rpc with XML in CDATA.
    pub fn como_rpc(address: String) -> Town {
        let mut town = Town::new(
            "sici-rpc",
            address,
            ("013075", "C933"),
            &[("utente", "gw")],
            Some(("password", "d4-prova-c933")),
        );
        let code = ("codice".to_owned(), "C933".to_owned());
        town.tenant.values.extend([code]);
        town
    }

    /// Erba over rpc where the body is always a `Richiesta`.
    pub fn erba_literal(address: &str) -> Town {
        Town::new(
            "richiesta-letterale",
            format!("{address}/d416"),
            ("013095", "D416"),
            &[("utente", "gw-d416")],
            None,
        )
    }

    /// Erba over one operation whose documents are in base64.
    pub fn envelopes(address: String) -> Town {
        let mut town = Town::new(
            "busta-people",
            address,
            ("013095", "D416"),
            &[("mittente", "provincia-di-prova")],
            None,
        );
        let code = ("codice_ipa".to_owned(), "c_d416".to_owned());
        town.tenant.values.extend([code]);
        town
    }

    /// A municipality whose back end answers in screens with numbers.
    pub fn screens(address: String, ente: (&str, &str)) -> Town {
        let belfiore = ente.1.to_lowercase();
        let password = format!("d7-prova-{belfiore}");
        let mut town = Town::new(
            "schermate-rpc",
            address,
            ente,
            &[("utente", "gw")],
            Some(("password", &password)),
        );
        town.tenant.values.insert("banca_dati".to_owned(), belfiore);
        town
    }

    /// A tax office whose credentials are hashed with the time.
    pub fn tax_office(address: &str, ente: (&str, &str)) -> Town {
        let belfiore = ente.1.to_lowercase();
        let hexadecimal = hex::encode(&belfiore);
        Town::new(
            "tributi-impronta",
            format!("{address}/{belfiore}"),
            ente,
            &[
                ("utente", &format!("{hexadecimal:0<40}")),
                ("intermediario_pec", "caf.fittizio@pec.example"),
                ("operatore_nome", "PONTILE"),
                ("operatore_codice_fiscale", "00000000000"),
                ("operatore_email", "pontile@pec.example"),
            ],
            Some((
                "passphrase",
                &format!("{:0<40}", format!("d5-prova-{belfiore}")),
            )),
        )
    }

    /// Como: views, at the address of a database.
    pub fn como(address: String, password: Option<&str>) -> Town {
        let secret = password.map(|password| ("password", password));
        Town::new("vista-comune", address, ("013075", "C933"), &[], secret)
    }

    /// The same with other settings: another instance.
    pub fn with(mut self, change: impl FnOnce(&mut InstanceSettings)) -> Town {
        change(&mut self.settings);
        self.instance = self.instances.get(&Arc::new(self.settings.clone()));
        self
    }

    /// Where the secret of that name stands.
    pub fn secret(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Asks everything about a person.
    pub async fn persona(&self, code: &str) -> Result<Answer, ConnectorError> {
        self.ask(Operation::RicercaPersona, persona(code), None)
            .await
    }

    /// Asks some fields of a person.
    pub async fn persona_with(
        &self,
        code: &str,
        fields: [&str; 1],
    ) -> Result<Answer, ConnectorError> {
        let fields = FieldSet::of(Operation::RicercaPersona, fields).unwrap();
        self.call(Operation::RicercaPersona, persona(code), fields, None)
            .await
    }

    /// Asks for the family of a person.
    pub async fn famiglia(&self, code: &str) -> Result<Answer, ConnectorError> {
        self.ask(Operation::RicercaFamiglia, persona(code), None)
            .await
    }

    /// Asks for a tax position.
    pub async fn posizione(
        &self,
        code: &str,
        tributo: Tributo,
        anno: u16,
    ) -> Result<Answer, ConnectorError> {
        let parameters = Parameters::Posizione {
            soggetto: Soggetto::CodiceFiscale(CodiceFiscale::parse(code).unwrap()),
            tributo,
            anno,
        };
        self.ask(Operation::RicercaPosizione, parameters, None)
            .await
    }

    /// Asks an operation about somebody; taxes of the current year.
    pub async fn asked(&self, operation: Operation, code: &str) -> Result<Answer, ConnectorError> {
        let offered = self.adapter.operation(operation).unwrap();
        match offered.tributi() {
            [] => self.ask(operation, persona(code), None).await,
            [.., tributo] => self.posizione(code, *tributo, this_year()).await,
        }
    }

    /// Asks with a deadline; absent: a comfortable one.
    pub async fn ask(
        &self,
        operation: Operation,
        parameters: Parameters,
        deadline: Option<Duration>,
    ) -> Result<Answer, ConnectorError> {
        let fields = self.adapter.operation(operation).unwrap().fields();
        self.call(operation, parameters, fields, deadline).await
    }

    /// Asks everything about a person for no portal.
    pub async fn without_portal(&self, code: &str) -> Result<Answer, ConnectorError> {
        let operation = Operation::RicercaPersona;
        let fields = self.adapter.operation(operation).unwrap().fields();
        self.call_for(None, operation, persona(code), fields, None)
            .await
    }

    async fn call(
        &self,
        operation: Operation,
        parameters: Parameters,
        fields: FieldSet,
        deadline: Option<Duration>,
    ) -> Result<Answer, ConnectorError> {
        let portal = Some("portale-uno");
        self.call_for(portal, operation, parameters, fields, deadline)
            .await
    }

    async fn call_for(
        &self,
        portal: Option<&str>,
        operation: Operation,
        parameters: Parameters,
        fields: FieldSet,
        deadline: Option<Duration>,
    ) -> Result<Answer, ConnectorError> {
        let call = Call {
            operation,
            tenant: &self.tenant,
            parameters: &parameters,
            fields,
            deadline: Instant::now() + deadline.unwrap_or(Duration::from_secs(10)),
            portal,
            turn: Turn::Whole,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            proofs: Proofs::default(),
        };
        let mut transcript = Transcript::begin();
        let answer = self
            .instance
            .call(&self.adapter, &call, &mut transcript)
            .await;
        let (sent, received) = transcript.finish();
        if answer.is_ok() {
            assert!(
                sent.is_some() && received.is_some(),
                "the transcript took both sides in"
            );
        }
        answer
    }
}

/// The current year in Italy.
pub fn this_year() -> u16 {
    let now = chrono::Utc::now().with_timezone(&chrono_tz::Europe::Rome);
    u16::try_from(now.year()).unwrap()
}

/// The question about a person.
pub fn persona(code: &str) -> Parameters {
    Parameters::Persona {
        codice_fiscale: CodiceFiscale::parse(code).unwrap(),
    }
}
