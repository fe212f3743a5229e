//! A grant, a file of its own in `concessioni/`: what one portal may ask of which enti, and the deeds that it rests on.

pub mod agreement;
pub mod asker;
pub mod days;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::limits::Rate;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{FieldSet, Operation};

use agreement::{Agreed, BaseGiuridica, Convenzione, Nomina};
use asker::Chi;
use days::{Days, Standing};

/// A grant as it is written: what nodes on one database tell each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Document {
    /// The file's path, as mistakes name it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a portal may ask of which enti, for which purposes, and which fields it may see.
///
/// A grant of the catalogue alone may stay without days, deeds and legal basis: the catalogue tells of offices and services
/// and of no person. All others need each of them (`coherence/grants.rs`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Its identity in records, among its portal's.
    pub id: String,
    /// Raised at every change, so that a record says under which text an exchange ran.
    pub version: u32,
    /// The portal that it is given to.
    pub portal: String,
    /// The operations.
    pub operations: BTreeSet<Operation>,
    /// The enti.
    pub enti: Enti,
    /// The fields that may leave; ignored for the catalogue. Names that none of the operations has are a mistake.
    pub fields: BTreeSet<String>,
    /// The purposes that requests may name; empty only for the catalogue.
    pub purposes: BTreeSet<String>,
    /// Those of the purposes for which the data of protected persons were granted expressly; for the others such persons are as if
    /// nobody knew them.
    pub protected_purposes: BTreeSet<String>,
    /// Whether the portal may ask for a fresh answer (`Cache-Control: no-cache`).
    pub fresh: bool,
    /// Rate per operation.
    pub rate: Option<Rate>,
    /// Exchanges per day (Europe/Rome), per operation and ente; of vouchers per purpose and ente.
    pub daily_quota: Option<u32>,
    /// Who asks about whom.
    pub chi: Option<Chi>,
    /// The days on which it holds; absent: every day.
    pub days: Option<Days>,
    /// Who agreed on it and when.
    pub agreed: Option<Agreed>,
    /// What the enti are allowed to answer by.
    pub base_giuridica: Option<BaseGiuridica>,
    /// What the province and each ente have signed.
    pub convenzioni: Vec<Convenzione>,
    /// The deed that makes the province processor for the enti (GDPR article 28).
    pub nomina: Option<Nomina>,
    /// Where the data protection officer is reached.
    pub dpo: Option<String>,
    /// The fields by operation, looked up once.
    #[serde(skip)]
    allowed: OnceLock<[FieldSet; Operation::ALL.len()]>,
}

impl Grant {
    /// The fields of the operation that may leave.
    pub fn allowed(&self, operation: Operation) -> FieldSet {
        let allowed = self.allowed.get_or_init(|| {
            Operation::ALL.map(|operation| {
                let fields = operation.fields().iter().enumerate();
                fields
                    .filter(|(_, name)| self.fields.contains(**name))
                    .fold(FieldSet::NONE, |set, (position, _)| set.with(position))
            })
        });
        allowed[operation as usize]
    }

    /// Whether any of its operations tells of persons.
    pub fn is_personal(&self) -> bool {
        self.operations
            .iter()
            .any(|operation| operation.is_personal())
    }

    /// How it stands at an instant, its own days alone.
    pub fn standing(&self, at: DateTime<Utc>) -> Standing {
        self.days
            .as_ref()
            .map_or(Standing::InForce, |days| days.standing(at))
    }

    /// How it stands at an instant for one ente: by its own days, and by those of the convenzione with that ente.
    pub fn standing_at(&self, ente: &CodiceIstat, at: DateTime<Utc>) -> Standing {
        let own = self.standing(at);
        if own != Standing::InForce {
            return own;
        }
        let signed = self.convenzioni.iter();
        let signed = signed.filter(|convenzione| convenzione.enti.covers(ente));
        let standings = signed.map(|convenzione| convenzione.days.standing(at));
        // One in force is enough: the next is signed before the last one ends.
        standings.min().unwrap_or(Standing::InForce)
    }
}

impl Grant {
    /// What does not hold at an instant, as operators are told: the grant itself, and its convenzioni.
    pub fn not_in_force(&self, at: DateTime<Utc>) -> Vec<String> {
        let told = |what: &str, days: &Days| match days.standing(at) {
            Standing::InForce => None,
            Standing::NotYet => Some(format!("{what} non è ancora in vigore (dal {})", days.from)),
            Standing::Ended => Some(format!("{what} è scaduta (valeva fino al {})", days.to)),
        };
        let whole = format!("la concessione «{}» di {}", self.id, self.portal);
        let own = self.days.iter().filter_map(|days| told(&whole, days));
        let signed = self.convenzioni.iter().filter_map(|convenzione| {
            let what = format!("{whole}: la convenzione {}", convenzione.protocollo);
            told(&what, &convenzione.days)
        });
        own.chain(signed).collect()
    }
}

/// Which enti are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Enti {
    /// `"all"`: every ente of the configuration.
    All,
    /// `{ only = ["013075"] }`.
    Only(BTreeSet<CodiceIstat>),
}

impl Enti {
    /// Whether the ente is covered.
    pub fn covers(&self, ente: &CodiceIstat) -> bool {
        match self {
            Enti::All => true,
            Enti::Only(enti) => enti.contains(ente),
        }
    }
}

impl FromTable for Grant {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let id = table.name("id", reader);
        let version = table.required("version", reader);
        let portal = table.required("portal", reader);
        let operations = table.required("operations", reader);
        let enti = table.required("enti", reader);
        let fields = table.or_default("fields", reader);
        let purposes = table.or_default("purposes", reader);
        let protected_purposes = table.or_default("protected_purposes", reader);
        let fresh = table.or_default("fresh", reader);
        let rate = table.optional("rate", reader);
        let daily_quota = table.optional("daily_quota", reader);
        let chi = table.optional("chi", reader);
        let days = Days::read_if_written(&mut table, reader);
        let agreed = table.optional("agreed", reader);
        let base_giuridica = table.optional("base_giuridica", reader);
        let convenzioni = table.or_default("convenzione", reader);
        let nomina = table.optional("nomina", reader);
        let dpo = table.optional("dpo", reader);
        table.finish(reader);
        Some(Grant {
            id: id?,
            version: version?,
            portal: portal?,
            operations: operations?,
            enti: enti?,
            fields: fields?,
            purposes: purposes?,
            protected_purposes: protected_purposes?,
            fresh: fresh?,
            rate,
            daily_quota,
            chi,
            days,
            agreed,
            base_giuridica,
            convenzioni: convenzioni?,
            nomina,
            dpo,
            allowed: OnceLock::new(),
        })
    }
}

impl Read for Enti {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        if value.text() == Some("all") {
            return Some(Enti::All);
        }
        if !value.get().is_table() {
            return value.refuse(reader, "\"all\" oppure { only = [\"013075\"] }");
        }
        let mut table = value.table(reader)?;
        let only = table.required("only", reader);
        table.finish(reader);
        Some(Enti::Only(only?))
    }
}
