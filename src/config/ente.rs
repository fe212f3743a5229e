//! `[[ente]]`: a municipality and the instances that answer for it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::pdnd::EService;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{Domain, Operation};

/// A municipality.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ente {
    /// ISTAT code, six digits.
    pub codice_istat: CodiceIstat,
    /// Belfiore (cadastral) code.
    pub codice_belfiore: String,
    /// Code in the index of public administrations.
    pub codice_ipa: String,
    /// Name.
    pub denominazione: String,
    /// Which instance answers for each domain; absent: the ente does not offer it yet.
    pub servizi: BTreeMap<Domain, Servizio>,
    /// The operations over several enti that it signed for: it is asked too where a portal names no enti.
    pub joins: BTreeSet<Operation>,
}

/// One domain of an ente.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Servizio {
    /// The instance that answers.
    pub instance: String,
    /// Values for the adapter's `{{ente.…}}` placeholders that differ from ente to ente (account, path, tenant).
    pub values: BTreeMap<String, String>,
    /// The instance of night copies that answers while the other is closed by its calendar; absent: nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub while_closed: Option<String>,
    /// The e-service under which portals with vouchers reach it; absent: they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdnd: Option<EService>,
}

impl FromTable for Ente {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let codice_istat = table.required("codice_istat", reader);
        let codice_belfiore = table.required("codice_belfiore", reader);
        let codice_ipa = table.required("codice_ipa", reader);
        let denominazione = table.required("denominazione", reader);
        let servizi = table.or_default("servizi", reader);
        let joins = table.or_default("joins", reader);
        table.finish(reader);
        Some(Ente {
            codice_istat: codice_istat?,
            codice_belfiore: codice_belfiore?,
            codice_ipa: codice_ipa?,
            denominazione: denominazione?,
            servizi: servizi?,
            joins: joins?,
        })
    }
}

impl FromTable for Servizio {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let instance = table.required("instance", reader);
        let values = table.or_default("values", reader);
        let while_closed = table.optional("while_closed", reader);
        let pdnd = table.optional("pdnd", reader);
        let pdnd_written = table.values("pdnd").next().is_some();
        table.finish(reader);
        Some(Servizio {
            instance: instance?,
            values: values?,
            while_closed,
            // What is written and wrong must not count as absent.
            pdnd: match pdnd {
                None if pdnd_written => return None,
                pdnd => pdnd,
            },
        })
    }
}
