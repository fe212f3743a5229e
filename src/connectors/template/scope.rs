//! What placeholders stand for while a call is carried out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use secrecy::{ExposeSecret, SecretString};

use super::placeholder::{DeclaredPart, DeclaredValues, Placeholder};
use super::stamps::{self, Stamps};
use crate::config::instance::InstanceSettings;
use crate::connectors::call::Call;
use crate::connectors::error::{ConnectorError, Kind};
use crate::contract::instants;
use crate::contract::question::{Parameters, Soggetto, Variazione};

/// Where the values come from while a call is carried out.
pub struct Scope<'a> {
    /// The call.
    pub call: &'a Call<'a>,
    /// The instance.
    pub settings: &'a InstanceSettings,
    /// The instance's secrets, read.
    pub secrets: &'a BTreeMap<String, SecretString>,
    /// Defaults of the instance's and the ente's values.
    pub declared: (&'a DeclaredValues, &'a DeclaredValues),
    /// The token, if the adapter has a login.
    pub token: Option<&'a SecretString>,
    /// What earlier steps captured.
    pub captures: &'a BTreeMap<Box<str>, String>,
    /// Today in Italy.
    pub today: NaiveDate,
    /// What requests are stamped with.
    pub stamps: &'a Stamps,
    /// The one instant of the request.
    pub now: DateTime<Utc>,
    /// The request's number, greater than those of all earlier ones.
    pub number: i64,
}

impl Scope<'_> {
    /// The value of the placeholder in this call.
    #[expect(clippy::too_many_lines, reason = "a table: one arm a placeholder")]
    pub fn value(&self, placeholder: &Placeholder) -> Result<Cow<'_, str>, ConnectorError> {
        let unsupported = || {
            ConnectorError::permanent(
                Kind::Unsupported,
                format!("the adapter asks for {placeholder}, the question has none"),
            )
        };
        let borrowed = match placeholder {
            Placeholder::CodiceFiscale => self.codice_fiscale().ok_or_else(unsupported)?,
            Placeholder::PartitaIva => self.partita_iva().ok_or_else(unsupported)?,
            Placeholder::Soggetto => self.call.parameters.soggetto().ok_or_else(unsupported)?,
            Placeholder::Tributo => match self.call.parameters {
                Parameters::Posizione { tributo, .. } => tributo.name(),
                _ => return Err(unsupported()),
            },
            Placeholder::Anno | Placeholder::AnnoInizio | Placeholder::AnnoFine => {
                let Parameters::Posizione { anno, .. } = self.call.parameters else {
                    return Err(unsupported());
                };
                return Ok(Cow::Owned(match placeholder {
                    Placeholder::AnnoInizio => format!("{anno:04}-01-01"),
                    Placeholder::AnnoFine => format!("{anno:04}-12-31"),
                    _ => anno.to_string(),
                }));
            }
            Placeholder::Oggi => return Ok(Cow::Owned(instants::day(self.today))),
            Placeholder::NowDate
            | Placeholder::NowTime
            | Placeholder::WrittenDate
            | Placeholder::WrittenTime => {
                let clock = self.stamps.clock.as_ref();
                let clock = clock.ok_or_else(|| self.not_configured(placeholder))?;
                let is_date =
                    matches!(placeholder, Placeholder::NowDate | Placeholder::WrittenDate);
                let at = match placeholder {
                    Placeholder::NowDate | Placeholder::NowTime => self.now,
                    // Played in one go, a write is looked for at the instant at which it is written.
                    _ => self.call.turn.written().unwrap_or(self.now),
                };
                return Ok(Cow::Owned(clock.written(at, is_date)));
            }
            Placeholder::Declared(part) => {
                let Parameters::Variazione(declared) = self.call.parameters else {
                    return Err(unsupported());
                };
                return self.declared(declared, *part);
            }
            Placeholder::Sha256(name) => {
                let text = self.stamps.hashes.get(name);
                let text = text.ok_or_else(|| self.not_configured(placeholder))?;
                return Ok(Cow::Owned(stamps::sha256(&text.render(self)?)));
            }
            Placeholder::NumeroPratica => match self.call.parameters {
                Parameters::PersonaPerPratica { numero_pratica, .. } => numero_pratica,
                _ => return Err(unsupported()),
            },
            Placeholder::NumeroCrescente => return Ok(Cow::Owned(self.number.to_string())),
            Placeholder::Riferimento => self.call.turn.reference().ok_or_else(unsupported)?,
            Placeholder::EnteIstat => self.call.tenant.codice_istat.as_str(),
            Placeholder::EnteBelfiore => &self.call.tenant.codice_belfiore,
            Placeholder::Ente(name) => {
                self.configured(&self.call.tenant.values, self.declared.1, name, placeholder)?
            }
            Placeholder::Instance(name) => {
                let given = match self.settings.of_portal(self.call.portal) {
                    Some(given) if given.contains_key(&**name) => given,
                    Some(_) | None => &self.settings.values,
                };
                self.configured(given, self.declared.0, name, placeholder)?
            }
            Placeholder::Secret(name) => self
                .secrets
                .get(&**name)
                .map(ExposeSecret::expose_secret)
                .ok_or_else(|| self.not_configured(placeholder))?,
            Placeholder::Capture(name) => self
                .captures
                .get(name)
                .map(String::as_str)
                .ok_or_else(unsupported)?,
            Placeholder::Wants(_, position) => {
                if self.call.fields.contains(*position) {
                    "true"
                } else {
                    "false"
                }
            }
            Placeholder::Token => self
                .token
                .map(ExposeSecret::expose_secret)
                .ok_or_else(|| self.not_configured(placeholder))?,
        };
        Ok(Cow::Borrowed(borrowed))
    }

    /// A part of what a write declares.
    fn declared<'v>(
        &self,
        declared: &'v Variazione,
        part: DeclaredPart,
    ) -> Result<Cow<'v, str>, ConnectorError> {
        let day = |day: NaiveDate| {
            let form = self.stamps.clock.as_ref().map(|clock| clock.date);
            Cow::Owned(form.map_or_else(|| instants::day(day), |form| day.format(form).to_string()))
        };
        let area = declared.superficie_mq.normalize();
        Ok(match part {
            DeclaredPart::Utenza => Cow::Borrowed(declared.utenza.as_str()),
            DeclaredPart::SuperficieDecimo if area.scale() > 1 => {
                return Err(ConnectorError::permanent(
                    Kind::Unsupported,
                    "the product knows tenths of square metres alone",
                ));
            }
            DeclaredPart::Superficie | DeclaredPart::SuperficieDecimo => {
                Cow::Owned(area.to_string())
            }
            DeclaredPart::DataDecorrenza => day(declared.data_decorrenza),
            DeclaredPart::DataDichiarazione => day(declared.data_dichiarazione),
            DeclaredPart::ProtocolloNumero => Cow::Borrowed(declared.protocollo_numero.as_str()),
            DeclaredPart::ProtocolloData => day(declared.protocollo_data),
        })
    }

    fn taxpayer(&self) -> Option<&Soggetto> {
        match self.call.parameters {
            Parameters::Posizione { soggetto, .. } => Some(soggetto),
            Parameters::Variazione(declared) => Some(&declared.soggetto),
            _ => None,
        }
    }

    fn codice_fiscale(&self) -> Option<&str> {
        match (self.call.parameters, self.taxpayer()) {
            (
                Parameters::Persona { codice_fiscale }
                | Parameters::PersonaPerPratica { codice_fiscale, .. },
                _,
            )
            | (_, Some(Soggetto::CodiceFiscale(codice_fiscale))) => Some(codice_fiscale.as_str()),
            _ => None,
        }
    }

    fn partita_iva(&self) -> Option<&str> {
        match self.taxpayer() {
            Some(Soggetto::PartitaIva(partita_iva)) => Some(partita_iva.as_str()),
            _ => None,
        }
    }

    fn configured<'v>(
        &self,
        given: &'v BTreeMap<String, String>,
        declared: &'v DeclaredValues,
        name: &str,
        placeholder: &Placeholder,
    ) -> Result<&'v str, ConnectorError> {
        let default = || {
            declared
                .get(name)
                .and_then(|value| value.default.as_deref())
        };
        given
            .get(name)
            .map(String::as_str)
            .or_else(default)
            .ok_or_else(|| self.not_configured(placeholder))
    }

    fn not_configured(&self, placeholder: &Placeholder) -> ConnectorError {
        ConnectorError::permanent(
            Kind::Gateway,
            format!(
                "instance {} has no value for {placeholder}",
                self.settings.name
            ),
        )
    }
}
