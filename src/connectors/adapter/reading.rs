//! Reads `adapter.toml` and every file that it names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use toml::de::{DeTable, DeValue};

use super::step::{Floor, Method, Query, Step, StepRequest};
use super::{Adapter, AdapterOperation, Connector, Declarations, Rest, Soap};
use crate::config::mistake::Mistake;
use crate::config::reading::places::Place;
use crate::config::reading::source::Source;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::reading::{FromTable, Reader};
use crate::config::units::Span;
use crate::connectors::charset::Charset;
use crate::connectors::extract::shape::Format;
use crate::connectors::mapping::reading::{Workshop, mapping};
use crate::connectors::mapping::{Mapping, canonical};
use crate::connectors::sql::statement::Statement;
use crate::connectors::template::placeholder::{Declared, Known, Placeholder};
use crate::connectors::template::{BadTemplate, Language, Template};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::posizione::Tributo;
use crate::contract::provenienza::Fonte;

/// Calls that one question may take.
const MOST_STEPS: usize = 8;

/// Reads the folder.
pub fn adapter(folder: &Path) -> Result<Adapter, Vec<Mistake>> {
    let mut files = Files {
        folder: folder.to_owned(),
        named: BTreeSet::from(["adapter.toml".to_owned(), "notes.md".to_owned()]),
    };
    let source = Arc::new(Source::read(&folder.join("adapter.toml")).map_err(|error| vec![error])?);
    let parsed = match DeTable::parse(&source.text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            return Err(vec![source.mistake(offset, error.message())]);
        }
    };
    let mut table = Table::empty();
    table.add_layer(&source, parsed.get_ref(), 0);
    let mut reader = Reader::default();
    let read = contents(table, &mut files, &mut reader);
    reader.mistakes.extend(files.check());
    let digest = files.digest();
    match (read, digest) {
        (Some(mut adapter), Ok(digest)) if reader.mistakes.is_empty() => {
            adapter.digest = digest;
            Ok(adapter)
        }
        (_, Err(mistake)) => {
            reader.mistakes.push(mistake);
            Err(reader.mistakes)
        }
        _ => {
            reader.mistakes.sort();
            reader.mistakes.dedup();
            Err(reader.mistakes)
        }
    }
}

fn contents(mut table: Table<'_>, files: &mut Files, reader: &mut Reader) -> Option<Adapter> {
    let vendor: Option<String> = table.required("vendor", reader);
    let product: Option<String> = table.required("product", reader);
    let version: Option<String> = table.required("version", reader);
    let declared = Declarations {
        instance: table.or_default("instance", reader).unwrap_or_default(),
        ente: table.or_default("ente", reader).unwrap_or_default(),
        secrets: table.or_default("secret", reader).unwrap_or_default(),
    };
    let connector = table.values("connector").next();
    let token = table.values("token").next();
    let known = Known {
        operation: None,
        instance: &declared.instance,
        ente: &declared.ente,
        secrets: &declared.secrets,
        captures: &[],
        token: token.is_some(),
    };
    let connector = match connector {
        Some(value) => self::connector(value, &known, reader),
        None => {
            note_missing(&table, "connector", reader);
            None
        }
    };
    let mut bench = connector.map(|(connector, format)| Bench {
        connector,
        format,
        files,
    });
    let login = match (token, &mut bench) {
        (Some(value), Some(bench)) => {
            let before = Known {
                token: false,
                ..known
            };
            bench.step(value, &before, true, reader).map(Some)
        }
        (Some(_), None) | (None, _) => Some(None),
    };
    let operations = table.values("operations").next();
    let operations = match (operations, &mut bench) {
        (Some(value), Some(bench)) => bench.operations(value, &known, reader),
        (Some(_), None) => Vec::new(),
        (None, _) => {
            note_missing(&table, "operations", reader);
            Vec::new()
        }
    };
    table.finish(reader);
    let (_, _) = (vendor?, product?);
    let bench = bench?;
    let name = bench.files.folder_name(reader)?;
    Some(Adapter {
        name,
        version: version?,
        digest: String::new(),
        connector: bench.connector,
        declared,
        token: login?,
        operations,
    })
}

fn note_missing(table: &Table<'_>, key: &str, reader: &mut Reader) {
    if let Some(place) = table.place() {
        reader.mistake(&place, format!("manca «{key}»"));
    }
}

fn connector(
    value: Value<'_>,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<(Connector, Format)> {
    let mut table = value.table(reader)?;
    let soap = table.values("soap").next();
    let rest = table.values("rest").next();
    let sql = table.values("sql").next();
    let soap = soap.map(|value| {
        let soap = self::soap(value.table(reader)?, known, reader)?;
        Some((Connector::Soap(soap), Format::Xml))
    });
    let rest = rest.map(|value| {
        let (rest, format) = self::rest(value.table(reader)?, known, reader)?;
        Some((Connector::Rest(rest), format))
    });
    let sql = sql.map(|value| {
        value.table(reader)?.finish(reader);
        Some((Connector::Sql, Format::Columns))
    });
    table.one_of([soap, rest, sql], reader)
}

fn soap(mut table: Table<'_>, known: &Known<'_>, reader: &mut Reader) -> Option<Soap> {
    let path = table.values("path").next();
    let path = match path {
        Some(value) => template(value, Language::Address, known, reader),
        None => {
            note_missing(&table, "path", reader);
            None
        }
    };
    let version = table.values("version").next().map(|value| {
        value.parse(reader, "\"1.1\" o \"1.2\"", |text| match text {
            "1.1" => Some(false),
            "1.2" => Some(true),
            _ => None,
        })
    });
    let quoted_action = table.or("quoted_action", true, reader);
    let fallback_charset = charset(&mut table, reader);
    table.finish(reader);
    Some(Soap {
        path: path?,
        is_1_2: version.unwrap_or(Some(false))?,
        quoted_action: quoted_action?,
        fallback_charset: fallback_charset?,
    })
}

fn rest(mut table: Table<'_>, known: &Known<'_>, reader: &mut Reader) -> Option<(Rest, Format)> {
    let format = match table.values("format").next() {
        None => Some(Format::Json),
        Some(value) => value.parse(reader, "\"json\" o \"xml\"", |text| match text {
            "json" => Some(Format::Json),
            "xml" => Some(Format::Xml),
            _ => None,
        }),
    };
    let written = table.values("headers").next();
    let headers = written.map_or(Some(Vec::new()), |value| headers(value, known, reader));
    let fallback_charset = charset(&mut table, reader);
    table.finish(reader);
    let rest = Rest {
        headers: headers?,
        fallback_charset: fallback_charset?,
    };
    Some((rest, format?))
}

fn headers(
    value: Value<'_>,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Vec<(http::HeaderName, Template)>> {
    let DeValue::Table(entries) = value.get() else {
        return value.refuse(reader, "una tabella di intestazioni");
    };
    let mut headers = Vec::new();
    for (name, item) in entries {
        let template = template(
            Value::new(value.source(), item),
            Language::Header,
            known,
            reader,
        );
        match http::HeaderName::from_bytes(name.get_ref().as_bytes()) {
            Ok(name) => headers.push(template.map(|template| (name, template))),
            Err(_) => {
                let place = Place::new(value.source(), name.span().start);
                reader.mistake(&place, "non è il nome di un'intestazione HTTP");
            }
        }
    }
    headers.into_iter().collect()
}

fn charset(table: &mut Table<'_>, reader: &mut Reader) -> Option<Option<Charset>> {
    let value = table.values("fallback_charset").next();
    value.map_or(Some(None), |value| {
        let expected = "iso-8859-1 o windows-1252";
        value.parse(reader, expected, Charset::named).map(Some)
    })
}

/// A text of `adapter.toml` with placeholders.
fn template(
    value: Value<'_>,
    language: Language,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Template> {
    let Some(text) = value.text() else {
        return value.refuse(reader, "un testo");
    };
    match Template::parse(text, language, known) {
        Ok(template) => Some(template),
        Err(mistakes) => {
            for mistake in mistakes {
                reader.mistake(&value.place(), mistake.text);
            }
            None
        }
    }
}

impl FromTable for Declared {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let about = table.required("about", reader);
        let default = table.optional("default", reader);
        let integer = table.or("integer", false, reader);
        table.finish(reader);
        Some(Declared {
            about: about?,
            default,
            integer: integer?,
        })
    }
}

/// What steps are built with.
struct Bench<'f> {
    connector: Connector,
    format: Format,
    files: &'f mut Files,
}

impl Bench<'_> {
    fn operations(
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
            let operation = Operation::named(name.get_ref()).filter(|found| found.is_personal());
            let Some(operation) = operation else {
                let names = Operation::ALL
                    .into_iter()
                    .filter(|operation| operation.is_personal());
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

    fn operation(
        &mut self,
        operation: Operation,
        value: Value<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<AdapterOperation> {
        let mut table = value.table(reader)?;
        let keep: Option<Span> = table.optional("keep", reader);
        let repeatable = table.required("repeatable", reader);
        let usual_delay: Option<Span> = table.optional("usual_delay", reader);
        let fonte =
            match table.values("fonte").next() {
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
        let mut captures: Vec<(String, bool)> = Vec::new();
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
                ..*known
            };
            let item = Value::new(value.source(), item);
            if let Some(step) = self.step(item, &known, false, reader) {
                let captured = step.mapping.captures.iter();
                let captured = captured.map(|capture| (capture.name.to_string(), capture.integer));
                let captured: Vec<_> = captured.collect();
                captures.extend(captured);
                steps.push(step);
            }
        }
        table.finish(reader);
        if steps.len() == written {
            check_steps(operation, &steps, &value.place(), reader);
        }
        Some(AdapterOperation {
            operation,
            keep: keep.map(|span| span.0),
            repeatable: repeatable?,
            fonte: fonte?,
            usual_delay: usual_delay.map(|span| span.0),
            tributi: tributi(operation, &steps),
            steps,
        })
    }

    fn step(
        &mut self,
        value: Value<'_>,
        known: &Known<'_>,
        is_login: bool,
        reader: &mut Reader,
    ) -> Option<Step> {
        let mut table = value.table(reader)?;
        let name = match is_login {
            true => Some("token".to_owned()),
            false => table.name("name", reader),
        };
        let tributo = table.values("tributo").next().map(|value| {
            value.parse(reader, "IMU o TARI", |text| {
                [Tributo::Imu, Tributo::Tari]
                    .into_iter()
                    .find(|tributo| tributo.name() == text)
            })
        });
        let request = match self.connector {
            Connector::Soap(_) => self.soap_request(&mut table, known, reader),
            Connector::Rest(_) => self.rest_request(&mut table, known, is_login, reader),
            Connector::Sql => self.sql_request(&mut table, known, reader),
        };
        let response = self.file(&mut table, "response", reader);
        let mapping = response.and_then(|source| self.mapping(&source, known, reader));
        table.finish(reader);
        let captures = mapping.as_ref().map(|mapping: &Mapping| &mapping.captures);
        if is_login && captures.is_some_and(|all| all.iter().all(|one| &*one.name != "token")) {
            reader.mistake(
                &value.place(),
                "la risposta del login deve catturare «token»",
            );
        }
        Some(Step {
            name: name?,
            tributo: match tributo {
                Some(tributo) => Some(tributo?),
                None => None,
            },
            request: request?,
            mapping: mapping?,
        })
    }

    fn soap_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let action: Option<String> = match table.values("action").next() {
            Some(value) => value.parse(reader, "il nome di un'azione", |text| {
                text.bytes()
                    .all(|byte| matches!(byte, b' '..=b'~'))
                    .then(|| text.to_owned())
            }),
            None => Some(String::new()),
        };
        let source = self.file(table, "request", reader)?;
        let body = in_file(&source, Language::Xml, known, reader);
        Some(StepRequest::Soap {
            action: action?.into(),
            body: body?,
        })
    }

    fn rest_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        is_login: bool,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let method = match table.values("method").next() {
            None => Some(Method::Get),
            Some(value) => value.parse(reader, "\"GET\" o \"POST\"", |text| {
                [Method::Get, Method::Post]
                    .into_iter()
                    .find(|method| method.name() == text)
            }),
        };
        let path = match table.values("path").next() {
            Some(value) => template(value, Language::Address, known, reader),
            None => None,
        };
        if path.is_none() {
            note_missing(table, "path", reader);
        }
        let has_body = table.values("request").next().is_some();
        let body = match has_body {
            false => Some(None),
            true => self.rest_body(table, known, reader).map(Some),
        };
        Some(StepRequest::Rest {
            method: method?,
            path: path?,
            body: body?,
            with_headers: !is_login,
        })
    }

    fn rest_body(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<(Template, &'static str)> {
        let source = self.file(table, "request", reader)?;
        let extension = source
            .name
            .extension()
            .and_then(|extension| extension.to_str());
        let (language, content_type) = match extension {
            Some("json") => (Language::Json, "application/json; charset=utf-8"),
            Some("xml") => (Language::Xml, "application/xml; charset=utf-8"),
            Some("form") => (Language::Form, "application/x-www-form-urlencoded"),
            _ => {
                let text = "un modello di richiesta finisce in .json, .xml o .form";
                reader.mistakes.push(Mistake::of_file(&source.name, text));
                return None;
            }
        };
        Some((in_file(&source, language, known, reader)?, content_type))
    }

    fn sql_request(
        &mut self,
        table: &mut Table<'_>,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<StepRequest> {
        let query = self.query(table, "statement", known, reader);
        let has_floor = table.values("floor").next().is_some();
        let at_least = table.values("at_least").next();
        let at_least = at_least.map(|value| template(value, Language::Plain, known, reader));
        let floor = match (has_floor, at_least) {
            (false, None) => Some(None),
            (true, Some(at_least)) => {
                let query = self.query(table, "floor", known, reader);
                query
                    .zip(at_least)
                    .map(|(query, at_least)| Some(Floor { query, at_least }))
            }
            _ => {
                let place = table.place();
                let text = "«floor» e «at_least» vanno insieme";
                place.iter().for_each(|place| reader.mistake(place, text));
                None
            }
        };
        Some(StepRequest::Sql {
            query: query?,
            floor: floor?,
        })
    }

    fn query(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        known: &Known<'_>,
        reader: &mut Reader,
    ) -> Option<Query> {
        let source = self.file(table, key, reader)?;
        let statement = match Statement::parse(&source.name, &source.text) {
            Ok(statement) => statement,
            Err(mistakes) => {
                reader.mistakes.extend(mistakes);
                return None;
            }
        };
        let mut parameters = Vec::new();
        for written in statement.placeholders() {
            match Placeholder::parse(&written.name, known) {
                Ok(placeholder) => {
                    // A year is text: views keep it in a CHAR(4) at least as often as in a number.
                    let is_year = matches!(placeholder, Placeholder::Anno | Placeholder::Wants(..));
                    let integer = placeholder.is_bare(known) && !is_year;
                    parameters.push(Some((written.name.clone(), placeholder, integer)));
                }
                Err(text) => {
                    reader.mistakes.push(source.mistake(written.offset, text));
                    parameters.push(None);
                }
            }
        }
        let parameters: Option<Vec<_>> = parameters.into_iter().collect();
        let file = source.name.file_name()?.to_string_lossy().into_owned();
        Some(Query {
            file,
            statement,
            parameters: parameters?,
        })
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

    /// The file that stands under a key.
    fn file(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader,
    ) -> Option<Arc<Source>> {
        let value = table.values(key).next();
        let Some(value) = value else {
            note_missing(table, key, reader);
            return None;
        };
        let name = value.parse(reader, "il nome di un file della cartella", |text| {
            let plain = !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\\']);
            plain.then(|| text.to_owned())
        })?;
        let read = Source::read(&self.files.folder.join(&name));
        self.files.named.insert(name);
        match read {
            Ok(source) => Some(Arc::new(source)),
            Err(mistake) => {
                reader.mistake(&value.place(), mistake.text);
                None
            }
        }
    }
}

fn in_file(
    source: &Arc<Source>,
    language: Language,
    known: &Known<'_>,
    reader: &mut Reader,
) -> Option<Template> {
    match Template::parse(source.text.trim_end(), language, known) {
        Ok(template) => Some(template),
        Err(mistakes) => {
            note(source, mistakes, reader);
            None
        }
    }
}

fn note(source: &Source, mistakes: Vec<BadTemplate>, reader: &mut Reader) {
    let mistakes = mistakes.into_iter();
    reader
        .mistakes
        .extend(mistakes.map(|mistake| source.mistake(mistake.offset, mistake.text)));
}

fn tributi(operation: Operation, steps: &[Step]) -> Vec<Tributo> {
    if operation != Operation::RicercaPosizione {
        return Vec::new();
    }
    let of_a_tax = steps.iter().filter_map(|step| step.tributo);
    let named: BTreeSet<Tributo> = of_a_tax.collect();
    match named.is_empty() {
        true => vec![Tributo::Imu, Tributo::Tari],
        false => named.into_iter().collect(),
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
        if serving().count() > MOST_STEPS {
            reader.mistake(place, format!("più di {MOST_STEPS} passi per una domanda"));
        }
        let mut given = FieldSet::NONE;
        for step in serving() {
            let both = given.intersection(step.mapping.given());
            for name in both.names(operation) {
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

/// The files of the folder.
struct Files {
    folder: PathBuf,
    named: BTreeSet<String>,
}

impl Files {
    fn folder_name(&self, reader: &mut Reader) -> Option<String> {
        let resolved = self
            .folder
            .canonicalize()
            .unwrap_or_else(|_| self.folder.clone());
        let name = resolved
            .file_name()
            .and_then(|name| name.to_str())
            .map(str::to_owned);
        if name.is_none() {
            let text = "la cartella di un adattatore ha un nome";
            reader.mistakes.push(Mistake::of_file(&self.folder, text));
        }
        name
    }

    /// A file that nothing names is most likely a slip of the hand.
    fn check(&self) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        let entries = std::fs::read_dir(&self.folder)
            .into_iter()
            .flatten()
            .flatten();
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && !self.named.contains(&name) {
                let text = "nessun passo di adapter.toml nomina questo file";
                mistakes.push(Mistake::of_file(entry.path(), text));
            }
        }
        mistakes
    }

    fn digest(&self) -> Result<String, Mistake> {
        let mut paths = Vec::new();
        collect(&self.folder, &mut paths)?;
        paths.sort();
        let mut context = Context::new(&SHA256);
        for path in paths {
            let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            let name = path.strip_prefix(&self.folder).unwrap_or(&path);
            let name = name.to_string_lossy();
            context.update(&(name.len() as u64).to_be_bytes());
            context.update(name.as_bytes());
            context.update(&(bytes.len() as u64).to_be_bytes());
            context.update(&bytes);
        }
        Ok(hex::encode(context.finish().as_ref()))
    }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<(), Mistake> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        match path.is_dir() {
            true => collect(&path, paths)?,
            false => paths.push(path),
        }
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Mistake {
    Mistake::of_file(path, format!("non si può leggere: {error}"))
}
