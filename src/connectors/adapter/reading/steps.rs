//! Reads the operations of `adapter.toml` and their steps, with the rules that hold among steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::deferral;
use super::files::Files;
use super::writing;
use crate::config::reading::Reader;
use crate::config::reading::places::Place;
use crate::config::reading::source::Source;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::units::Span;
use crate::connectors::adapter::{AdapterOperation, Connector, MOST_CALLS, Step, StepRequest};
use crate::connectors::extract::shape::Format;
use crate::connectors::mapping::reading::{Workshop, mapping};
use crate::connectors::mapping::{Mapping, canonical};
use crate::connectors::template::placeholder::Known;
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::provenienza::Fonte;

/// What steps are built with.
pub(super) struct Bench<'f> {
    /// The connector of the adapter.
    pub connector: Connector,
    /// The format of its answers.
    pub format: Format,
    /// The folder's files.
    pub files: &'f mut Files,
}

impl Bench<'_> {
    /// Every operation.
    pub fn operations(
        &mut self,
        value: Value<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Vec<AdapterOperation> {
        let DeValue::Table(entries) = value.get() else {
            let _: Option<()> = value.refuse(reader, "una tabella di operazioni");
            return Vec::new();
        };
        let mut read = Vec::new();
        for (name, item) in entries {
            let operation =
                Operation::named(name.get_ref()).filter(|found| found.is_answered_by_adapters());
            let Some(operation) = operation else {
                let names = Operation::ALL
                    .into_iter()
                    .filter(|operation| operation.is_answered_by_adapters());
                let names: Vec<&str> = names.map(Operation::name).collect();
                let text = format!(
                    "operazione sconosciuta: qui si conoscono {}",
                    names.join(", ")
                );
                reader.mistake(&Place::new(value.source(), name.span().start), text);
                continue;
            };
            let item = Value::new(value.source(), item);
            read.extend(self.operation(operation, item, known, reader));
        }
        read
    }

    #[expect(
        clippy::too_many_lines,
        reason = "the keys of one section, each checked against those before it"
    )]
    fn operation(
        &mut self,
        operation: Operation,
        value: Value<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<AdapterOperation> {
        if matches!(self.connector, Connector::Manual) {
            return Self::manual_operation(operation, value, reader);
        }
        let mut table = value.table(reader)?;
        let keep: Option<Span> = table.optional("keep", reader);
        let repeatable = table.required("repeatable", reader);
        let usual_delay: Option<Span> = table.optional("usual_delay", reader);
        let together = table.or("together", false, reader);
        let only_this_year = only_this_year(operation, &mut table, reader);
        let fonte =
            match table.values("fonte").next() {
                None if operation.is_national() => Some(Fonte::Anpr),
                None if matches!(self.connector, Connector::Files(_)) => Some(Fonte::CopiaNotturna),
                None => Some(Fonte::GestionaleComunale),
                Some(value) => value.parse(
                    reader,
                    "gestionale_comunale o copia_notturna",
                    |text| match text {
                        "gestionale_comunale" => Some(Fonte::GestionaleComunale),
                        "copia_notturna" => Some(Fonte::CopiaNotturna),
                        _ => None,
                    },
                ),
            };
        let deferral = deferral::written(&mut table, reader);
        let writing = writing::written(operation, &mut table, reader);
        let mut captures: Vec<(String, bool)> = Vec::new();
        let mut lists: Vec<(String, bool)> = Vec::new();
        let mut steps = Vec::new();
        let written = table.values("steps").next();
        let items = match written.map(Value::get) {
            Some(DeValue::Array(items)) => items.iter().collect(),
            _ => Vec::new(),
        };
        let written = items.len();
        for item in items {
            let known = Known {
                operation: Some(operation),
                captures: &captures,
                lists: &lists,
                ..*known
            };
            let item = Value::new(value.source(), item);
            if let Some(mut step) = self.step(item, &known, false, reader) {
                let needed = steps.iter().rposition(|earlier| step.needs(earlier));
                step.after = needed.map_or(0, |last| last + 1);
                for capture in &step.mapping.captures {
                    let kept = if capture.every {
                        &mut lists
                    } else {
                        &mut captures
                    };
                    kept.push((capture.name.to_string(), capture.integer));
                }
                steps.push(step);
            }
        }
        table.finish(reader);
        if steps.len() == written {
            check_steps(operation, &steps, &value.place(), reader);
        }
        let deferral = match deferral? {
            Some(deferral) => Some(deferral.checked(&steps, reader)?),
            None => None,
        };
        let writing = match writing? {
            Some(writing) => Some(writing.checked(&steps, reader)?),
            None => None,
        };
        if together == Some(true) {
            let free = steps.iter().enumerate().skip(1);
            let mut free = free.filter(|(place, step)| step.after < *place);
            let asked = matches!(self.connector, Connector::Soap(_) | Connector::Rest(_));
            if !asked || repeatable != Some(true) || deferral.is_some() || free.next().is_none() {
                let text = "together vale per letture ripetibili via HTTP in cui una chiamata non usa ciò che la precedente cattura";
                reader.mistake(&value.place(), text);
            }
        }
        if operation.is_national()
            && (!matches!(self.connector, Connector::Rest(_))
                || keep.is_some()
                || deferral.is_some()
                || fonte != Some(Fonte::Anpr))
        {
            let text = "l'ANPR risponde via REST a una richiesta sola, di cui è la fonte: né keep, né deferred, né fonte";
            reader.mistake(&value.place(), text);
        }
        if writing.is_some() && (deferral.is_some() || keep.is_some() || repeatable == Some(true)) {
            let text = "una scrittura non si ripete, non si conserva e non è «deferred»";
            reader.mistake(&value.place(), text);
        }
        Some(AdapterOperation {
            operation,
            keep: keep.map(|span| span.0),
            repeatable: repeatable?,
            only_this_year: only_this_year?,
            together: together?,
            fonte: fonte?,
            usual_delay: usual_delay.map(|span| span.0),
            tributi: tributi(operation, &steps),
            steps,
            filled_in: FieldSet::NONE,
            deferral,
            writing,
        })
    }

    /// What an officer answers: the fields to fill in, and until when.
    fn manual_operation(
        operation: Operation,
        value: Value<'_>,
        reader: &mut Reader,
    ) -> Option<AdapterOperation> {
        if operation.is_write() || operation.is_national() {
            let text = "con [connector.manual] risponde un operatore dell'ente: non si scrive e non si chiede all'ANPR";
            reader.mistake(&value.place(), text);
            return None;
        }
        let mut table = value.table(reader)?;
        let usual_delay: Option<Span> = table.optional("usual_delay", reader);
        let fields: Option<Vec<String>> = table.required("fields", reader);
        let deferral = deferral::manual(&mut table, reader);
        table.finish(reader);
        let fields = fields?;
        let mut wrong = |text: &str| reader.mistake(&value.place(), text);
        let filled_in = match FieldSet::of(operation, fields.iter().map(String::as_str)) {
            Ok(set) if !set.is_empty() => set,
            Ok(_) => {
                wrong("fields: un operatore compila almeno un campo");
                return None;
            }
            Err(unknown) => {
                wrong(&format!(
                    "fields: «{unknown}» non è un campo dell'operazione"
                ));
                return None;
            }
        };
        Some(AdapterOperation {
            operation,
            keep: None,
            repeatable: true,
            fonte: Fonte::Operatore,
            usual_delay: usual_delay.map(|span| span.0),
            tributi: tributi(operation, &[]),
            only_this_year: false,
            together: false,
            steps: Vec::new(),
            filled_in,
            deferral: Some(deferral?),
            writing: None,
        })
    }

    /// One step, or the login.
    pub fn step(
        &mut self,
        value: Value<'_>,
        known: &Known<'_>,
        is_login: bool,
        reader: &mut Reader,
    ) -> Option<Step> {
        let mut table = value.table(reader)?;
        let name = if is_login {
            Some("token".to_owned())
        } else {
            table.name("name", reader)
        };
        let tributo = table.values("tributo").next().map(|value| {
            value.parse(reader, "IMU o TARI", |text| {
                [Tributo::Imu, Tributo::Tari]
                    .into_iter()
                    .find(|tributo| tributo.name() == text)
            })
        });
        let for_each = self::for_each(&mut table, known, reader);
        let repeatable = table.or("repeatable", true, reader);
        let mut captures = known.captures.to_vec();
        captures.extend(for_each.iter().flatten().cloned());
        let known = &Known {
            captures: &captures,
            ..*known
        };
        let request = match self.connector {
            Connector::Soap(_) => self.soap_request(&mut table, known, reader),
            Connector::Rest(_) => self.rest_request(&mut table, known, is_login, reader),
            Connector::Sql => self.sql_request(&mut table, known, reader),
            Connector::Manual => {
                reader.mistake(
                    &value.place(),
                    "con [connector.manual] non ci sono passi: risponde un operatore",
                );
                None
            }
            Connector::Files(_) => self.files_request(&mut table, known, reader),
        };
        let response = self.file(&mut table, "response", reader);
        let mapping = response.and_then(|source| self.mapping(&source, known, reader));
        table.finish(reader);
        if let (Some(mapping), Some(request)) = (&mapping, &request) {
            self.check_columns(mapping, request, &value.place(), reader);
        }
        let captures = mapping.as_ref().map(|mapping: &Mapping| &mapping.captures);
        if is_login && captures.is_some_and(|all| all.iter().all(|one| &*one.name != "token")) {
            reader.mistake(
                &value.place(),
                "la risposta del login deve catturare «token»",
            );
        }
        let request = request?;
        Some(Step {
            name: name?,
            tributo: match tributo {
                Some(tributo) => Some(tributo?),
                None => None,
            },
            for_each: for_each?.map(|(name, _)| name.into()),
            after: 0,
            repeatable: repeatable?,
            sent_captures: request.captures(),
            request,
            mapping: mapping?,
        })
    }

    /// What a mapping reads must stand in the files: rows come from nowhere else.
    fn check_columns(
        &self,
        mapping: &Mapping,
        request: &StepRequest,
        place: &Place,
        reader: &mut Reader,
    ) {
        let (Connector::Files(layouts), StepRequest::Files { table, with, .. }) =
            (&self.connector, request)
        else {
            return;
        };
        let tables = with.iter().map(|(other, _)| other.as_str());
        let tables = tables
            .chain([&**table])
            .filter_map(|name| layouts.table(name));
        let columns: Vec<&String> = tables.flat_map(|layout| &layout.columns).collect();
        for column in mapping.shape.columns() {
            if !columns
                .iter()
                .any(|known| known.eq_ignore_ascii_case(column))
            {
                let text = format!("la risposta legge «{column}», che la tabella «{table}» non ha");
                reader.mistake(place, text);
            }
        }
    }

    fn mapping(
        &self,
        source: &Arc<Source>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<Mapping> {
        match DeTable::parse(&source.text) {
            Ok(parsed) => {
                let mut table = Table::empty();
                table.add_layer(source, parsed.get_ref(), 0);
                let soap = matches!(self.connector, Connector::Soap(_));
                mapping(table, Workshop::new(self.format, soap, *known), reader)
            }
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                reader
                    .mistakes
                    .push(source.mistake(offset, error.message()));
                None
            }
        }
    }
}

/// Whether `years` says that only the current one is told.
fn only_this_year(
    operation: Operation,
    table: &mut Table<'_>,
    reader: &mut Reader,
) -> Option<bool> {
    let Some(value) = table.values("years").next() else {
        return Some(false);
    };
    value.parse(reader, "\"all\" o \"current\"", |text| match text {
        "all" => Some(false),
        "current" if operation == Operation::RicercaPosizione => Some(true),
        _ => None,
    })
}

/// The values that the step is made once for each of; `None` where that is wrong.
#[expect(clippy::option_option, reason = "absent and wrong are two things")]
fn for_each(
    table: &mut Table<'_>,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Option<(String, bool)>> {
    let Some(value) = table.values("for_each").next() else {
        return Some(None);
    };
    let expected = "ciò che un passo precedente cattura con «every»";
    let found = value.parse(reader, expected, |text| {
        known.lists.iter().find(|(name, _)| name == text).cloned()
    });
    found.map(Some)
}

fn tributi(operation: Operation, steps: &[Step]) -> Vec<Tributo> {
    if operation != Operation::RicercaPosizione {
        return Vec::new();
    }
    let of_a_tax = steps.iter().filter_map(|step| step.tributo);
    let named: BTreeSet<Tributo> = of_a_tax.collect();
    if named.is_empty() {
        vec![Tributo::Imu, Tributo::Tari]
    } else {
        named.into_iter().collect()
    }
}

fn check_steps(operation: Operation, steps: &[Step], place: &Place, reader: &mut Reader) {
    if steps.is_empty() {
        reader.mistake(place, "un'operazione ha almeno un passo");
    }
    let taxes: &[Option<Tributo>] = match operation {
        Operation::RicercaPosizione => &[Some(Tributo::Imu), Some(Tributo::Tari)],
        _ => &[None],
    };
    for tax in taxes {
        let serving = || steps.iter().filter(|step| step.serves(*tax));
        if serving().count() > MOST_CALLS {
            reader.mistake(place, format!("più di {MOST_CALLS} passi per una domanda"));
        }
        let mut given = FieldSet::NONE;
        for step in serving() {
            let both = given.intersection(step.mapping.given());
            // A write gives them, and so does the look-up where it is not known what became of it: one or the other.
            for name in both.names(operation).filter(|_| !operation.is_write()) {
                let text = format!("il campo «{name}» è dato da più di un passo");
                reader.mistake(place, text);
            }
            given = given.union(step.mapping.given());
        }
    }
    let giving = steps
        .iter()
        .filter(|step| !step.mapping.given().is_empty())
        .count();
    if canonical::is_list(operation) && giving != 1 {
        reader.mistake(place, "le persone di una famiglia le dà un solo passo");
    }
    let names: BTreeMap<&str, usize> = steps.iter().fold(BTreeMap::new(), |mut names, step| {
        *names.entry(step.name.as_str()).or_default() += 1;
        names
    });
    for (name, _) in names.iter().filter(|(_, count)| **count > 1) {
        reader.mistake(place, format!("due passi si chiamano «{name}»"));
    }
}
