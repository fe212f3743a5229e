//! Makes numbered examples of live exchanges: persons are replaced, what is sent is written anew by playing, and nothing is
//! written in which an original is left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::disguise::Disguise;
use super::disguise::survivors::stands_in;
use super::play::{Played, play_with};
use super::question::question;
use super::setting::{self, Setting, lay_over};
use super::{REQUEST, RESPONSE, read_json, written};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{Adapter, Step};
use crate::connectors::charset;
use crate::connectors::error::ConnectorError;
use crate::connectors::exchange;
use crate::connectors::instance::Tenant;
use crate::connectors::tape::{Answer, Taped};
use crate::connectors::template::placeholder::DeclaredValues;
use crate::contract::operation::Operation;

/// One live question with what came of it.
pub struct Take {
    /// The name of the case.
    pub case: String,
    /// The question, as portals write it.
    pub request: Value,
    /// The exchanges.
    pub tape: Vec<Taped>,
    /// The answer in the contract's terms, or how it failed.
    pub outcome: Result<Value, ConnectorError>,
}

/// Whose exchanges they are.
pub struct Origin<'a> {
    /// The adapter.
    pub adapter: &'a Adapter,
    /// Its folder.
    pub folder: &'a Path,
    /// The operation that was asked.
    pub operation: Operation,
    /// The ente that was asked.
    pub tenant: &'a Tenant,
    /// Values of the instance.
    pub values: &'a BTreeMap<String, String>,
    /// Secrets of the instance.
    pub secrets: &'a BTreeMap<String, SecretString>,
    /// When they were made.
    pub now: DateTime<Utc>,
}

/// The files of one case, by name.
type Files = Vec<(String, String)>;

/// Writes a folder for each take; `Err` says why nothing was written.
pub fn record(origin: &Origin<'_>, takes: &[Take]) -> Result<Vec<PathBuf>, Mistake> {
    let shared = shared_setting(origin)?;
    let mut disguise = Disguise::new(
        origin.now.with_timezone(&Rome).date_naive(),
        configured(origin, &shared)?,
    );
    let answers: Result<Vec<_>, Mistake> = takes.iter().map(|take| decoded(origin, take)).collect();
    let answers = answers?;
    // What the adapter's own files say is the product's language.
    for text in texts_of(origin.folder)? {
        disguise.gather_common(&text);
    }
    // Codes of the ente are public, and stand in the setting.
    disguise.gather_common(origin.tenant.codice_istat.as_str());
    disguise.gather_common(&origin.tenant.codice_belfiore);
    for (take, answers) in takes.iter().zip(&answers) {
        gather(take, answers, &mut disguise)?;
    }
    disguise.begin();
    let mut cases: Vec<(PathBuf, Files)> = Vec::new();
    // Names are known only once all were met: the second writing replaces them in every text.
    for last in [false, true] {
        for (take, answers) in takes.iter().zip(&answers) {
            let files = files(origin, take, answers, &mut disguise)?;
            if last {
                let folder = origin
                    .folder
                    .join("examples")
                    .join(origin.operation.name())
                    .join(&take.case);
                cases.push((folder, play(origin, &shared, take, files)?));
            }
        }
    }
    for (folder, files) in &cases {
        refuse_originals(folder, files, takes, &disguise)?;
    }
    write(origin, &shared, &cases)?;
    Ok(cases.into_iter().map(|(folder, _)| folder).collect())
}

/// The texts of the adapter's files, its examples aside.
fn texts_of(folder: &Path) -> Result<Vec<String>, Mistake> {
    let entries = fs::read_dir(folder).map_err(|error| super::unreadable(folder, &error))?;
    let files = entries.flatten().map(|entry| entry.path());
    let files =
        files.filter(|path| path.is_file() && path.extension().is_none_or(|kind| kind != "md"));
    Ok(files
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect())
}

/// The setting of the adapter's examples, or one that is made up.
fn shared_setting(origin: &Origin<'_>) -> Result<Value, Mistake> {
    let path = origin.folder.join(setting::FILE);
    if path.is_file() {
        read_json(&path)
    } else {
        Ok(setting::made_up(origin.adapter, origin.now))
    }
}

/// What examples show in the place of what is configured.
fn configured(origin: &Origin<'_>, shared: &Value) -> Result<Vec<(String, String)>, Mistake> {
    let shown = |section: &Value, declared: &DeclaredValues, name: &str| {
        let written = section[name].as_str().map(str::to_owned);
        written.or_else(|| declared.get(name)?.default.clone())
    };
    let declared = origin.adapter.declared();
    let mut pairs = Vec::new();
    for (name, secret) in origin.secrets {
        let real = secret.expose_secret();
        let shown = shown(&shared["secret"], &declared.secrets, name);
        if shown.as_deref() == Some(real) {
            let text = format!("il segreto «{name}» degli esempi è quello vero");
            return Err(Mistake::of_file(origin.folder.join(setting::FILE), text));
        }
        pairs.push((
            real.to_owned(),
            shown.unwrap_or_else(|| "segreto".to_owned()),
        ));
    }
    let sections = [
        (origin.values, &shared["instance"], &declared.instance),
        (
            &origin.tenant.values,
            &shared["ente"]["values"],
            &declared.ente,
        ),
    ];
    for (values, section, declared) in sections {
        for (name, real) in values {
            let Some(shown) = shown(section, declared, name) else {
                continue;
            };
            // Several texts in one are parted by a line; shorter values are codes like others.
            let first = shown.split('|').next().unwrap_or(&shown).to_owned();
            // Codes of the ente are public, and answers have them for what they are.
            let public = [
                origin.tenant.codice_istat.as_str(),
                &origin.tenant.codice_belfiore,
            ];
            let is_public = |part: &&str| public.iter().any(|code| code.eq_ignore_ascii_case(part));
            let parts = real
                .split('|')
                .filter(|part| part.chars().count() >= 4 && !is_public(part));
            pairs.extend(parts.map(|part| (part.to_owned(), first.clone())));
        }
    }
    Ok(pairs)
}

/// The exchanges with the step that each belongs to; of one that was made twice the last.
fn decoded<'a>(
    origin: &Origin<'a>,
    take: &Take,
) -> Result<BTreeMap<String, (&'a Step, Came)>, Mistake> {
    let wrong = |text: String| Mistake::of_file(&take.case, text);
    let offered = origin
        .adapter
        .operation(origin.operation)
        .ok_or_else(|| wrong("l'adapter non offre l'operazione".to_owned()))?;
    let mut answers = BTreeMap::new();
    for taped in &take.tape {
        let of_step = |step: &&Step| {
            let rest = taped.exchange.strip_prefix(&step.name);
            rest.is_some_and(|rest| {
                rest.is_empty()
                    || rest
                        .strip_prefix('-')
                        .is_some_and(|turn| turn.parse::<u32>().is_ok())
            })
        };
        let step = offered
            .steps()
            .iter()
            .filter(of_step)
            .max_by_key(|step| step.name.len());
        let step =
            step.ok_or_else(|| wrong(format!("nessun passo ha fatto «{}»", taped.exchange)))?;
        let came = match &taped.answer {
            Answer::Rows(rows) => Came::Rows(rows.clone()),
            Answer::Http(answer) => {
                let text = charset::decode(
                    &answer.body,
                    exchange::content_type(answer),
                    exchange::fallback_charset(origin.adapter),
                );
                let text =
                    text.map_err(|unreadable| wrong(format!("{}: {unreadable}", taped.exchange)))?;
                Came::Text {
                    status: answer.status,
                    headers: answer.headers.clone(),
                    text: text.into_owned(),
                }
            }
        };
        answers.insert(taped.exchange.clone(), (step, came));
    }
    if answers.is_empty() {
        return Err(wrong(
            "il sistema non ha risposto: non c'è nulla da registrare".to_owned(),
        ));
    }
    Ok(answers)
}

/// What came, decoded.
enum Came {
    Text {
        status: u16,
        headers: http::HeaderMap,
        text: String,
    },
    Rows(Vec<crate::connectors::sql::row::SqlRow>),
}

fn gather(
    take: &Take,
    answers: &BTreeMap<String, (&Step, Came)>,
    disguise: &mut Disguise,
) -> Result<(), Mistake> {
    for code in codes(&take.request) {
        disguise.gather_code(code);
    }
    if let Ok(answer) = &take.outcome {
        common(answer, disguise);
    }
    for (exchange, (step, came)) in answers {
        match came {
            Came::Rows(rows) => disguise.gather_rows(rows, &step.mapping),
            Came::Text { text, .. } if text.trim().is_empty() => {}
            Came::Text { text, .. } => {
                disguise.gather(text, &step.mapping).map_err(|unreadable| {
                    Mistake::of_file(
                        &take.case,
                        format!("{exchange}: {unreadable}: non si può registrare"),
                    )
                })?;
            }
        }
    }
    Ok(())
}

/// Words of the answer that are nobody's: descriptions, codes, places.
fn common(value: &Value, disguise: &mut Disguise) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries
                .iter()
                .filter(|(key, _)| !PERSONAL.contains(&key.as_str()))
            {
                match value.as_str() {
                    Some(text) if !SOMEBODYS.contains(&key.as_str()) => {
                        disguise.gather_common(text);
                    }
                    Some(_) => {}
                    None => common(value, disguise),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| common(item, disguise)),
        _ => {}
    }
}

fn codes(request: &Value) -> impl Iterator<Item = &str> {
    ["codice_fiscale", "partita_iva"]
        .into_iter()
        .filter_map(|key| request[key].as_str())
}

/// Question and answers with made-up persons.
fn files(
    origin: &Origin<'_>,
    take: &Take,
    answers: &BTreeMap<String, (&Step, Came)>,
    disguise: &mut Disguise,
) -> Result<Files, Mistake> {
    let mut request = take.request.clone();
    for key in ["codice_fiscale", "partita_iva"] {
        if let Some(code) = take.request[key].as_str() {
            request[key] = disguise.code(code.trim()).into();
        }
    }
    let moment = json!({
        "now": origin.now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "ente": {"codice_istat": origin.tenant.codice_istat.as_str(), "codice_belfiore": origin.tenant.codice_belfiore},
    });
    let mut files = vec![
        ("1-portal-request.json".to_owned(), format!("{request:#}\n")),
        ("setting.json".to_owned(), format!("{moment:#}\n")),
    ];
    for (exchange, (step, came)) in answers {
        let (ending, text) = match came {
            Came::Rows(rows) => ("jsonl", disguise.rows(rows, &step.mapping)),
            Came::Text {
                status,
                headers,
                text,
            } => {
                let text = if text.trim().is_empty() {
                    String::new()
                } else {
                    let disguised = disguise.text(text, &step.mapping);
                    disguised.map_err(|unreadable| {
                        Mistake::of_file(&take.case, unreadable.to_string())
                    })?
                };
                (
                    "http",
                    written::write_http_response(*status, headers, &text),
                )
            }
        };
        files.push((format!("{RESPONSE}.{exchange}.{ending}"), text));
    }
    Ok(files)
}

/// Plays the case and adds what is sent and what comes of it; it must come to what the live exchange came to.
fn play(
    origin: &Origin<'_>,
    shared: &Value,
    take: &Take,
    mut files: Files,
) -> Result<Files, Mistake> {
    let wrong = |text: String| Mistake::of_file(&take.case, text);
    let text_of = |name: &str| {
        files
            .iter()
            .find(|(known, _)| known.starts_with(name))
            .map(|(_, text)| text.clone())
    };
    let parse = |name: &str| {
        serde_json::from_str::<Value>(&text_of(name).unwrap_or_default())
            .map_err(|_| wrong(format!("{name}: non è JSON")))
    };
    let mut written = shared.clone();
    lay_over(&mut written, parse("setting.json")?);
    let setting = Setting::of(&written, origin.adapter).map_err(wrong)?;
    let asked = question(origin.operation, &parse("1-portal-request")?).map_err(wrong)?;
    let answer = |exchange: &str| {
        text_of(&format!("{RESPONSE}.{exchange}."))
            .ok_or_else(|| wrong(format!("la chiamata «{exchange}» non è stata fatta")))
    };
    let played = play_with(origin.adapter, &setting, origin.operation, &asked, &answer)?;
    alike(take, &played).map_err(wrong)?;
    for sent in &played.exchanges {
        files.push((
            format!("{REQUEST}.{}.{}", sent.exchange, sent.ending),
            format!("{}\n", sent.text),
        ));
    }
    files.push((
        "4-portal-answer.json".to_owned(),
        format!("{:#}\n", played.answer),
    ));
    Ok(files)
}

/// Whether the example comes to the same as the live exchange: the same failure, or the same fields filled.
fn alike(take: &Take, played: &Played) -> Result<(), String> {
    let failure = played.answer["errore"].as_str().map(str::to_owned);
    match (&take.outcome, failure) {
        (Err(error), Some(kind)) if error.kind.to_string() == kind => Ok(()),
        (Err(error), failure) => Err(format!(
            "dal vivo «{}», nell'esempio «{}»",
            error.kind,
            failure.unwrap_or_else(|| "trovato".to_owned())
        )),
        (Ok(_), Some(kind)) => Err(format!("dal vivo trovato, nell'esempio «{kind}»")),
        (Ok(live), None) => {
            let (mut one, mut two) = (BTreeSet::new(), BTreeSet::new());
            filled("", live, &mut one);
            filled("", &played.answer, &mut two);
            match one.symmetric_difference(&two).next() {
                None => Ok(()),
                Some(path) => Err(format!(
                    "il campo {path} c'è dal vivo o nell'esempio, non in entrambi"
                )),
            }
        }
    }
}

fn filled(path: &str, value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => entries
            .iter()
            .for_each(|(key, value)| filled(&format!("{path}.{key}"), value, found)),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(index, item)| filled(&format!("{path}[{index}]"), item, found)),
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// Fields of the contract whose values are somebody's.
const PERSONAL: [&str; 8] = [
    "codice_fiscale",
    "partita_iva",
    "cognome",
    "nome",
    "indirizzo",
    "data_nascita",
    "data_decesso",
    "data_decorrenza_residenza",
];

/// Fields that may name somebody or something of theirs, but are too short or too common to be looked for.
const SOMEBODYS: [&str; 7] = [
    "denominazione",
    "frazione",
    "numero_civico",
    "sezione",
    "foglio",
    "particella",
    "subalterno",
];

/// The last look: whatever of the originals is left, from the answers or from what the portal would have got.
fn refuse_originals(
    folder: &Path,
    files: &Files,
    takes: &[Take],
    disguise: &Disguise,
) -> Result<(), Mistake> {
    let mut known = Vec::new();
    for take in takes {
        known.extend(codes(&take.request).map(|code| code.trim().to_uppercase()));
        if let Ok(answer) = &take.outcome {
            personal(answer, &mut known);
        }
    }
    for (name, text) in files {
        let upper = text.to_uppercase();
        let left = disguise.survivors(text)
            + known
                .iter()
                .filter(|original| stands_in(original, &upper))
                .count();
        if left > 0 {
            let text = format!("non scritto: {left} valori veri sarebbero rimasti");
            return Err(Mistake::of_file(folder.join(name), text));
        }
    }
    Ok(())
}

fn personal(value: &Value, known: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match value.as_str() {
                    Some(text) if PERSONAL.contains(&key.as_str()) && text.chars().count() > 5 => {
                        known.push(text.to_uppercase());
                    }
                    Some(_) => {}
                    None => personal(value, known),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| personal(item, known)),
        _ => {}
    }
}

fn write(origin: &Origin<'_>, shared: &Value, cases: &[(PathBuf, Files)]) -> Result<(), Mistake> {
    let unwritable = |path: &Path, error: &std::io::Error| {
        Mistake::of_file(path, format!("non si può scrivere: {error}"))
    };
    for (folder, _) in cases {
        if folder.exists() {
            return Err(Mistake::of_file(folder, "c'è già"));
        }
    }
    let path = origin.folder.join(setting::FILE);
    let missing = (!path.is_file()).then(|| (path, format!("{shared:#}\n")));
    let files = cases.iter().flat_map(|(folder, files)| {
        files
            .iter()
            .map(|(name, text)| (folder.join(name), text.clone()))
    });
    for (path, text) in missing.into_iter().chain(files) {
        let parent = path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| unwritable(&path, &error))?;
    }
    Ok(())
}
