//! What a template can ask for: the question, the ente, the instance's values and secrets, what an earlier step captured.

use std::collections::BTreeMap;
use std::fmt;

use super::Template;
use super::stamps::Stamps;
use crate::contract::operation::Operation;

/// A placeholder, as `{{…}}` in templates and `:…` in statements.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Placeholder {
    /// `codice_fiscale`: the person's or taxpayer's fiscal code.
    CodiceFiscale,
    /// `partita_iva`: the taxpayer's VAT number.
    PartitaIva,
    /// `soggetto`: whichever code the question names.
    Soggetto,
    /// `tributo`: `IMU` or `TARI`.
    Tributo,
    /// `anno`: the tax year.
    Anno,
    /// `anno.inizio`: its first day, `YYYY-MM-DD`.
    AnnoInizio,
    /// `anno.fine`: its last day.
    AnnoFine,
    /// `oggi`: today in Italy.
    Oggi,
    /// `riferimento`: the number under which the back end knows a request that outlives the call.
    Riferimento,
    /// `numero_pratica`: the number of the file for which a national registry is asked.
    NumeroPratica,
    /// `numero_crescente`: a number greater than that of every earlier request.
    NumeroCrescente,
    /// Of a write: what is declared.
    Declared(DeclaredPart),
    /// `written.date`: the day that a write is or was stamped with, to be looked for by it.
    WrittenDate,
    /// `written.time`: its time of day.
    WrittenTime,
    /// `ente.codice_istat`.
    EnteIstat,
    /// `ente.codice_belfiore`.
    EnteBelfiore,
    /// `ente.<name>`: a value that the configuration gives for the ente.
    Ente(Box<str>),
    /// `instance.<name>`: a value that the configuration gives for the instance.
    Instance(Box<str>),
    /// `secret.<name>`: a secret of the instance.
    Secret(Box<str>),
    /// `capture.<name>`: what an earlier step captured.
    Capture(Box<str>),
    /// `wants.<field>`: `true` if the field is to be fetched, else `false`.
    Wants(&'static str, usize),
    /// `token`: the token of the adapter's login.
    Token,
    /// `now.date`: the day of the request, as the product writes it.
    NowDate,
    /// `now.time`: its time of day, of the same instant.
    NowTime,
    /// `sha256.<name>`: the hash of a text that `[sha256]` of the adapter gives.
    Sha256(Box<str>),
}

/// A part of what a write declares. Days are written as `[now]` writes them, `YYYY-MM-DD` where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclaredPart {
    /// `utenza`: the utility's number.
    Utenza,
    /// `superficie_mq`: the new area, two decimals at most.
    Superficie,
    /// `superficie_mq.decimo`: the same for products that know tenths alone; an area with more is refused.
    SuperficieDecimo,
    /// `data_decorrenza`: from when.
    DataDecorrenza,
    /// `data_dichiarazione`: when it was declared.
    DataDichiarazione,
    /// `protocollo.numero`.
    ProtocolloNumero,
    /// `protocollo.data`.
    ProtocolloData,
}

impl DeclaredPart {
    /// Every part by the name that templates use.
    const NAMES: [(&str, DeclaredPart); 7] = [
        ("utenza", DeclaredPart::Utenza),
        ("superficie_mq", DeclaredPart::Superficie),
        ("superficie_mq.decimo", DeclaredPart::SuperficieDecimo),
        ("data_decorrenza", DeclaredPart::DataDecorrenza),
        ("data_dichiarazione", DeclaredPart::DataDichiarazione),
        ("protocollo.numero", DeclaredPart::ProtocolloNumero),
        ("protocollo.data", DeclaredPart::ProtocolloData),
    ];

    fn name(self) -> &'static str {
        let mut names = DeclaredPart::NAMES.into_iter();
        names
            .find(|(_, part)| *part == self)
            .map_or("", |(name, _)| name)
    }
}

/// A value that the configuration must or may give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// What it is, for who writes the configuration.
    pub about: String,
    /// What holds where the configuration gives none.
    pub default: Option<String>,
    /// Whether it is a whole number.
    pub integer: bool,
}

/// Declared values by name.
pub type DeclaredValues = BTreeMap<String, Declared>;

/// All that placeholders can name at some place of an adapter.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The operation; `None` for what belongs to the adapter as a whole.
    pub operation: Option<Operation>,
    /// Values of the instance.
    pub instance: &'a DeclaredValues,
    /// Values of the ente.
    pub ente: &'a DeclaredValues,
    /// Secrets of the instance.
    pub secrets: &'a DeclaredValues,
    /// What earlier steps captured; `true` for whole numbers.
    pub captures: &'a [(String, bool)],
    /// What earlier steps captured of every row: only for a step that is made once for each.
    pub lists: &'a [(String, bool)],
    /// Documents that stand inside the request, by name.
    pub inner: &'a [(String, Template)],
    /// Whether the adapter logs in for a token.
    pub token: bool,
    /// What requests are stamped with.
    pub stamps: &'a Stamps,
}

impl Placeholder {
    /// Finds the placeholder of that name; `Err` says in Italian what would be right.
    pub fn parse(name: &str, known: &Known<'_>) -> Result<Placeholder, String> {
        let personal = known.operation.is_some();
        let tax = known.operation == Some(Operation::RicercaPosizione);
        let national = known.operation.is_some_and(Operation::is_national);
        let write = known.operation.is_some_and(Operation::is_write);
        let declared = DeclaredPart::NAMES
            .iter()
            .find(|(known, _)| write && *known == name);
        if let Some((_, part)) = declared {
            return Ok(Placeholder::Declared(*part));
        }
        let found = match name {
            "codice_fiscale" if personal => Placeholder::CodiceFiscale,
            "partita_iva" if tax || write => Placeholder::PartitaIva,
            "soggetto" if personal => Placeholder::Soggetto,
            "tributo" if tax => Placeholder::Tributo,
            "anno" if tax => Placeholder::Anno,
            "anno.inizio" if tax => Placeholder::AnnoInizio,
            "anno.fine" if tax => Placeholder::AnnoFine,
            "numero_pratica" if national => Placeholder::NumeroPratica,
            "numero_crescente" => Placeholder::NumeroCrescente,
            "oggi" => Placeholder::Oggi,
            "riferimento" if personal => Placeholder::Riferimento,
            "ente.codice_istat" => Placeholder::EnteIstat,
            "ente.codice_belfiore" => Placeholder::EnteBelfiore,
            "token" if known.token => Placeholder::Token,
            "now.date" if known.stamps.clock.is_some() => Placeholder::NowDate,
            "now.time" if known.stamps.clock.is_some() => Placeholder::NowTime,
            "written.date" if known.stamps.clock.is_some() => Placeholder::WrittenDate,
            "written.time" if known.stamps.clock.is_some() => Placeholder::WrittenTime,
            "now.date" | "now.time" | "written.date" | "written.time" => {
                return Err(format!(
                    "«{name}» non è dichiarato: manca [now] in adapter.toml"
                ));
            }
            _ => return Placeholder::parse_dotted(name, known),
        };
        Ok(found)
    }

    fn parse_dotted(name: &str, known: &Known<'_>) -> Result<Placeholder, String> {
        let undeclared = |section: &str| {
            Err(format!(
                "«{name}» non è dichiarato: manca [{section}] in adapter.toml"
            ))
        };
        match name.split_once('.') {
            Some(("instance", key)) if known.instance.contains_key(key) => {
                Ok(Placeholder::Instance(key.into()))
            }
            Some(("ente", key)) if known.ente.contains_key(key) => {
                Ok(Placeholder::Ente(key.into()))
            }
            Some(("secret", key)) if known.secrets.contains_key(key) => {
                Ok(Placeholder::Secret(key.into()))
            }
            Some(("sha256", key)) if known.stamps.hashes.contains_key(key) => {
                Ok(Placeholder::Sha256(key.into()))
            }
            Some(("instance" | "ente" | "secret" | "sha256", _)) => undeclared(name),
            Some(("capture", key)) => {
                if known.captures.iter().any(|(name, _)| name == key) {
                    Ok(Placeholder::Capture(key.into()))
                } else {
                    Err(format!("nessun passo precedente cattura «{key}»"))
                }
            }
            Some(("wants", field)) => {
                let fields = known.operation.map_or(&[][..], Operation::fields);
                match fields.iter().position(|known| *known == field) {
                    Some(position) => Ok(Placeholder::Wants(fields[position], position)),
                    None => Err(format!("«{field}» non è un campo dell'operazione")),
                }
            }
            _ => Err(format!("il segnaposto «{name}» non esiste qui")),
        }
    }

    /// Whether the value is a number or a truth value, so that JSON can hold it without quotes.
    pub fn is_bare(&self, known: &Known<'_>) -> bool {
        let integer =
            |values: &DeclaredValues, key: &str| values.get(key).is_some_and(|v| v.integer);
        match self {
            Placeholder::Wants(..) | Placeholder::Anno => true,
            Placeholder::Instance(key) => integer(known.instance, key),
            Placeholder::Ente(key) => integer(known.ente, key),
            Placeholder::Capture(key) => known
                .captures
                .iter()
                .any(|(name, integer)| **name == **key && *integer),
            _ => false,
        }
    }

    /// Bytes of the placeholder as templates write it.
    pub fn written_length(&self) -> usize {
        self.to_string().len()
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, name) = match self {
            Placeholder::CodiceFiscale => ("", "codice_fiscale"),
            Placeholder::PartitaIva => ("", "partita_iva"),
            Placeholder::Soggetto => ("", "soggetto"),
            Placeholder::Tributo => ("", "tributo"),
            Placeholder::Anno => ("", "anno"),
            Placeholder::AnnoInizio => ("anno.", "inizio"),
            Placeholder::AnnoFine => ("anno.", "fine"),
            Placeholder::Oggi => ("", "oggi"),
            Placeholder::Riferimento => ("", "riferimento"),
            Placeholder::NumeroPratica => ("", "numero_pratica"),
            Placeholder::NumeroCrescente => ("", "numero_crescente"),
            Placeholder::Declared(part) => ("", part.name()),
            Placeholder::WrittenDate => ("written.", "date"),
            Placeholder::WrittenTime => ("written.", "time"),
            Placeholder::EnteIstat => ("ente.", "codice_istat"),
            Placeholder::EnteBelfiore => ("ente.", "codice_belfiore"),
            Placeholder::Ente(name) => ("ente.", &**name),
            Placeholder::Instance(name) => ("instance.", &**name),
            Placeholder::Secret(name) => ("secret.", &**name),
            Placeholder::Capture(name) => ("capture.", &**name),
            Placeholder::Wants(name, _) => ("wants.", *name),
            Placeholder::Token => ("", "token"),
            Placeholder::NowDate => ("now.", "date"),
            Placeholder::NowTime => ("now.", "time"),
            Placeholder::Sha256(name) => ("sha256.", &**name),
        };
        write!(formatter, "{{{{{section}{name}}}}}")
    }
}
