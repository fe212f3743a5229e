//! `[[key]]`: a private key on a PKCS#11 token, a smart card or an HSM, under a name that others refer to; and what may be referred to.

use std::path::PathBuf;
use std::time::Duration;

use chrono::NaiveDate;
use serde::Serialize;
use toml::de::DeValue;

use super::grant::days::Day;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use super::secret::SecretReference;
use super::units::Span;

/// Signatures that a token is asked for at once where nothing is written.
const SESSIONS: usize = 4;

/// Signatures that may be asked for or wait where nothing is written.
const QUEUE: usize = 64;

/// From asking to signature where nothing is written.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where a key is found, and how many may use it at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenKey {
    /// What the configuration calls it.
    pub name: String,
    /// The module, a shared library that speaks PKCS#11.
    pub module: PathBuf,
    /// The token among the module's.
    pub token: TokenName,
    /// The private key on the token.
    pub key: KeyName,
    /// The user's PIN, read once when the token is opened.
    pub pin: SecretReference,
    /// Its certificate and the intermediates, PEM, leaf first; absent: the one that stands on the token.
    pub certificate: Option<PathBuf>,
    /// Signatures that the token is asked for at once, at least one.
    pub sessions: usize,
    /// Signatures that may be asked for or wait, at least `sessions`; a slow token gets fewer.
    pub queue: usize,
    /// From asking to signature, waiting included.
    pub deadline: Duration,
}

/// What a token is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenName {
    /// `CK_TOKEN_INFO.label`, without the blanks that fill it.
    Label(String),
    /// `CK_TOKEN_INFO.serialNumber`, for cards that all bear one label.
    Serial(String),
}

/// What a private key is known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyName {
    /// `CKA_LABEL`.
    Label(String),
    /// `CKA_ID`.
    Id(Vec<u8>),
}

/// What signs, as the configuration refers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningKey {
    /// `{ file = … }` and its like: a PEM text, for development alone.
    Pem(SecretReference),
    /// `{ token = "modi" }`, or several, of which the first that can signs.
    Token {
        /// As they are written.
        names: Vec<String>,
        /// Those of the names, once all is read.
        keys: Vec<TokenKey>,
    },
}

/// What signs, with the last day on which others accept it where that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatedKey {
    /// What signs.
    pub reference: SigningKey,
    /// Its last day, in Italy: `until = "2027-03-31"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

impl TokenKey {
    /// Module, token and key, as they are known there: the same for whoever means the same key.
    pub fn place(&self) -> String {
        let token = match &self.token {
            TokenName::Label(name) | TokenName::Serial(name) => name.clone(),
        };
        let key = match &self.key {
            KeyName::Label(label) => label.clone(),
            KeyName::Id(id) => hex::encode(id),
        };
        format!("{} / {token} / {key}", self.module.display())
    }
}

impl SigningKey {
    /// Where the PEM text is, if it is one.
    pub fn pem(&self) -> Option<&SecretReference> {
        match self {
            SigningKey::Pem(reference) => Some(reference),
            SigningKey::Token { .. } => None,
        }
    }

    /// The names of `[[key]]` that it refers to.
    pub fn names(&self) -> &[String] {
        match self {
            SigningKey::Pem(_) => &[],
            SigningKey::Token { names, .. } => names,
        }
    }

    /// Takes what the names mean from the keys that were read; one that is missing is told elsewhere.
    pub fn find(&mut self, known: &[TokenKey]) {
        if let SigningKey::Token { names, keys } = self {
            let found = names
                .iter()
                .filter_map(|name| known.iter().find(|key| key.name == *name));
            *keys = found.cloned().collect();
        }
    }

    /// Whether all that it names was read.
    pub fn is_whole(&self) -> bool {
        match self {
            SigningKey::Pem(_) => true,
            SigningKey::Token { names, keys } => names.len() == keys.len(),
        }
    }

    /// The files whose change calls for reading it again.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            SigningKey::Pem(reference) => reference.file().into_iter().collect(),
            SigningKey::Token { keys, .. } => {
                let certificates = keys.iter().filter_map(|key| key.certificate.clone());
                certificates.collect()
            }
        }
    }
}

impl FromTable for TokenKey {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let module = table.required("module", reader);
        let token = table.required("token", reader);
        let key = table.required("key", reader);
        let pin_written = table.values("pin").next();
        let pin: Option<SecretReference> = table.required("pin", reader);
        if let (Some(place), Some(SecretReference::Environment(_))) = (pin_written, &pin) {
            reader.mistake(
                &place.place(),
                "il PIN sta in un file che solo chi esegue Pontile legge, o in una credenziale di systemd",
            );
        }
        let certificate_written = table.values("certificate").next().is_some();
        let certificate: Option<PathBuf> = table.optional("certificate", reader);
        let sessions = table.or("sessions", SESSIONS, reader);
        let queue = table.or("queue", QUEUE, reader);
        let deadline = table.or("deadline", Span(DEADLINE), reader);
        table.finish(reader);
        if certificate_written && certificate.is_none() {
            return None;
        }
        Some(TokenKey {
            name: name?,
            module: module?,
            token: token?,
            key: key?,
            pin: pin?,
            certificate,
            sessions: sessions?,
            queue: queue?,
            deadline: deadline?.0,
        })
    }
}

impl FromTable for TokenName {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let label = table.values("label").next();
        let label = label.map(|value| reader.below("label", value).map(TokenName::Label));
        let serial = table.values("serial").next();
        let serial = serial.map(|value| reader.below("serial", value).map(TokenName::Serial));
        table.one_of([label, serial], reader)
    }
}

impl FromTable for KeyName {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let label = table.values("label").next();
        let label = label.map(|value| reader.below("label", value).map(KeyName::Label));
        let id = table.values("id").next();
        let id = id.map(|value| {
            let id: Option<Identifier> = reader.below("id", value);
            id.map(|Identifier(id)| KeyName::Id(id))
        });
        table.one_of([label, id], reader)
    }
}

/// `CKA_ID`, written in hexadecimal digits.
struct Identifier(Vec<u8>);

impl Read for Identifier {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "un identificativo in cifre esadecimali", |text| {
            let id = hex::decode(text).ok();
            id.filter(|id| !id.is_empty()).map(Identifier)
        })
    }
}

/// One name, or several in their order.
struct Names(Vec<String>);

impl Read for Names {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        match value.get() {
            DeValue::Array(items) if !items.is_empty() => {
                let names = items
                    .iter()
                    .map(|item| String::read(Value::new(value.source(), item), reader));
                names.collect::<Option<Vec<String>>>().map(Names)
            }
            DeValue::String(name) => Some(Names(vec![name.to_string()])),
            _ => value.refuse(reader, "il nome di una chiave, o un elenco di nomi"),
        }
    }
}

impl FromTable for SigningKey {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let Some(named) = table.values("token").next() else {
            return SecretReference::from_table(table, reader).map(SigningKey::Pem);
        };
        let names: Option<Names> = reader.below("token", named);
        table.finish(reader);
        names.map(|Names(names)| SigningKey::Token {
            names,
            keys: Vec::new(),
        })
    }
}

impl FromTable for DatedKey {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let is_dated = table.values("until").next().is_some();
        let until: Option<Day> = table.optional("until", reader);
        let reference = SigningKey::from_table(table, reader)?;
        if is_dated && until.is_none() {
            return None;
        }
        Some(DatedKey {
            reference,
            until: until.map(|Day(day)| day),
        })
    }
}
