//! Replays the examples of every adapter: what is sent for a question, and what becomes of the answer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use pontile::connectors::adapter::{Adapter, Step};
use pontile::connectors::call::Call;
use pontile::connectors::conversation::{Conversation, Credentials, Login};
use pontile::connectors::error::ConnectorError;
use pontile::connectors::exchange::{self, Request, SqlRequest};
use pontile::connectors::extract::Extract;
use pontile::connectors::http::{HttpRequest, HttpResponse};
use pontile::connectors::sql::row::SqlRow;
use pontile::contract::codice_fiscale::{CodiceFiscale, PartitaIva};
use pontile::contract::operation::{FieldSet, Operation};
use pontile::contract::posizione::Tributo;
use pontile::contract::question::{Parameters, Soggetto};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::setting::{Setting, read_json};

/// The adapters of the project and the template that new ones start from; other folders that begin with `_` are none.
fn adapters() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    let mut folders: Vec<PathBuf> = folders_in(&root)
        .into_iter()
        .filter(|folder| {
            let name = folder.file_name().unwrap().to_string_lossy();
            !name.starts_with('_') || name == "_template"
        })
        .collect();
    folders.sort();
    folders
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn load(folder: &Path) -> Adapter {
    Adapter::load(folder).unwrap_or_else(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

fn question(operation: Operation, request: &Value) -> (Parameters, FieldSet) {
    let code = |name: &str| request[name].as_str();
    let parameters = match operation {
        Operation::RicercaPosizione => Parameters::Posizione {
            soggetto: match code("partita_iva") {
                Some(code) => Soggetto::PartitaIva(PartitaIva::parse(code).unwrap()),
                None => Soggetto::CodiceFiscale(
                    CodiceFiscale::parse(code("codice_fiscale").unwrap()).unwrap(),
                ),
            },
            tributo: match code("tributo").unwrap() {
                "IMU" => Tributo::Imu,
                _ => Tributo::Tari,
            },
            anno: u16::try_from(request["anno"].as_u64().unwrap()).unwrap(),
        },
        _ => Parameters::Persona {
            codice_fiscale: CodiceFiscale::parse(code("codice_fiscale").unwrap()).unwrap(),
        },
    };
    let fields = match request["campi"].as_array() {
        Some(names) => {
            FieldSet::of(operation, names.iter().map(|name| name.as_str().unwrap())).unwrap()
        }
        None => FieldSet::all(operation),
    };
    (parameters, fields)
}

/// Plays the back end's part of one step from the files of the example.
fn file(case: &Path, number: &str, step: &str) -> String {
    let prefix = format!("{number}.{step}.");
    let mut found = std::fs::read_dir(case)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(&prefix)
        });
    let path = found
        .next()
        .unwrap_or_else(|| panic!("{}: no file {prefix}…", case.display()));
    std::fs::read_to_string(path).unwrap()
}

fn written(request: &HttpRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.path);
    for (name, value) in &request.headers {
        text.extend([name.as_str(), ": ", value.to_str().unwrap(), "\n"]);
    }
    text += "\n";
    text += std::str::from_utf8(&request.body).unwrap();
    text.trim_end().to_owned()
}

fn statement(request: &SqlRequest<'_>) -> String {
    let values = request.values.iter();
    let values = values.map(|(name, value)| format!("\n:{name} = {}", json!(value)));
    format!("{}{}", request.query.file, values.collect::<String>())
}

/// An answer as the examples write it: status line, headers, blank line, body.
fn response(text: &str) -> HttpResponse {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split_whitespace().nth(1).unwrap();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        headers.insert(
            HeaderName::try_from(name.trim()).unwrap(),
            HeaderValue::from_str(value.trim()).unwrap(),
        );
    }
    HttpResponse {
        status: status.parse().unwrap(),
        headers,
        body: Bytes::from(body.trim_end().to_owned()),
    }
}

/// Rows are written as JSON lines, one object per row; columns not written are NULL.
fn rows(text: &str, step: &Step) -> Result<Extract, ConnectorError> {
    let columns: Vec<String> = step
        .mapping
        .shape
        .columns()
        .map(str::to_lowercase)
        .collect();
    let names: Arc<[String]> = columns.into();
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let rows: Vec<SqlRow> = lines
        .map(|line| {
            let row: BTreeMap<String, Option<String>> = serde_json::from_str(line).unwrap();
            let written: BTreeMap<String, Option<String>> = row
                .into_iter()
                .map(|(name, text)| (name.to_lowercase(), text))
                .collect();
            assert!(written.keys().all(|name| names.contains(name)), "{line}");
            let values = names
                .iter()
                .map(|name| written.get(name).cloned().flatten());
            SqlRow::new(Arc::clone(&names), values.collect())
        })
        .collect();
    exchange::of_rows(step, &rows)
}

fn replay(adapter: &Adapter, setting: &Setting, operation: Operation, case: &Path) {
    let request = read_json(&case.join("1-portal-request.json"));
    let (parameters, fields) = question(operation, &request);
    let call = Call {
        operation,
        tenant: &setting.tenant,
        parameters: &parameters,
        fields: fields.intersection(adapter.operation(operation).unwrap().fields()),
        deadline: Instant::now() + Duration::from_secs(5),
        traceparent: None,
    };
    let token = SecretString::from("TOKEN");
    let credentials = Credentials {
        secrets: &setting.secrets,
        token: adapter.token().map(|_| &token),
    };
    let mut made = 0;
    let outcome = converse(adapter, setting, &call, credentials, case, &mut made);
    let answer = match outcome {
        Ok(document) => document,
        Err(error) => json!({"errore": error.kind.to_string(), "codice": error.code}),
    };
    let expected = read_json(&case.join("4-portal-answer.json"));
    assert_eq!(answer, expected, "{}:\n{answer:#}", case.display());
    let requests = std::fs::read_dir(case).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("2-")
    });
    assert_eq!(
        requests.count(),
        made,
        "{}: a step was not made",
        case.display()
    );
}

fn converse(
    adapter: &Adapter,
    setting: &Setting,
    call: &Call<'_>,
    credentials: Credentials<'_>,
    case: &Path,
    made: &mut usize,
) -> Result<Value, ConnectorError> {
    let mut conversation = Conversation::begin(adapter, &setting.settings, call, setting.now)?;
    while let Some(step) = conversation.step() {
        *made += 1;
        let expected = file(
            case,
            "2-back-end-request",
            &conversation.exchange_name(step),
        );
        let answer = file(
            case,
            "3-back-end-response",
            &conversation.exchange_name(step),
        );
        let sent = conversation.request(step, credentials)?;
        let (sent, outcome) = match &sent {
            Request::Http(request) => {
                let outcome = conversation.answered(step, &response(&answer), credentials);
                (written(request), outcome)
            }
            Request::Sql(request) => {
                let text = statement(request);
                (
                    text,
                    conversation.rows(step, rows(&answer, step)?, credentials),
                )
            }
        };
        assert_eq!(
            sent,
            expected.trim_end(),
            "{}: step {}",
            case.display(),
            step.name
        );
        outcome.map_err(|refusal| refusal.error)?;
    }
    let document = conversation.finish(setting.now).document;
    let mut out = Vec::new();
    document.write_cut(FieldSet::all(call.operation), &mut out);
    Ok(serde_json::from_slice(&out).unwrap())
}

#[test]
fn every_adapter_of_the_project_is_without_mistakes() {
    let folders = adapters();
    assert!(folders.len() >= 4, "three adapters and the template");
    for folder in folders {
        let adapter = load(&folder);
        assert_eq!(adapter.digest().len(), 64);
        assert!(
            folder.join("notes.md").is_file(),
            "{}: notes.md",
            folder.display()
        );
    }
}

#[test]
fn every_example_of_every_adapter_is_as_written() {
    let mut played = 0;
    for folder in adapters() {
        let adapter = load(&folder);
        let setting = Setting::read(&folder, &adapter);
        for operation in folders_in(&folder.join("examples")) {
            let name = operation
                .file_name()
                .unwrap()
                .to_string_lossy()
                .into_owned();
            if name == "_login" {
                continue;
            }
            let known = Operation::named(&name).unwrap_or_else(|| panic!("{name}"));
            for case in folders_in(&operation) {
                replay(&adapter, &setting, known, &case);
                played += 1;
            }
        }
    }
    assert!(played >= 20, "only {played} examples");
}

#[test]
fn every_operation_of_every_adapter_has_an_example_of_finding_and_of_not_finding() {
    for folder in adapters() {
        let adapter = load(&folder);
        for operation in adapter.operations() {
            let cases = folder.join("examples").join(operation.operation().name());
            let answers: Vec<Value> = folders_in(&cases)
                .iter()
                .map(|case| read_json(&case.join("4-portal-answer.json")))
                .collect();
            let found = answers.iter().any(|answer| answer["errore"].is_null());
            let unknown = answers.iter().any(|answer| answer["errore"] == "not found");
            assert!(found && unknown, "{}", cases.display());
        }
    }
}

#[test]
fn every_login_is_as_its_example_says() {
    for folder in adapters() {
        let adapter = load(&folder);
        let Some(step) = adapter.token() else {
            continue;
        };
        let setting = Setting::read(&folder, &adapter);
        let call = Call {
            operation: Operation::RicercaPersona,
            tenant: &setting.tenant,
            parameters: &Parameters::Nessuno,
            fields: FieldSet::NONE,
            deadline: Instant::now(),
            traceparent: None,
        };
        for case in folders_in(&folder.join("examples/_login")) {
            let login = Login::new(&adapter, step, &setting.settings, &call, &setting.secrets);
            let sent = written(&login.request().unwrap());
            assert_eq!(sent, file(&case, "2-back-end-request", "token").trim_end());
            let answer = response(&file(&case, "3-back-end-response", "token"));
            let outcome = match login.answered(&answer) {
                Ok(captures) => json!(captures),
                Err(error) => json!({"errore": error.kind.to_string(), "codice": error.code}),
            };
            assert_eq!(
                outcome,
                read_json(&case.join("4-outcome.json")),
                "{}",
                case.display()
            );
        }
    }
}
