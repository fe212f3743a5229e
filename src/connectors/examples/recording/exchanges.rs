//! The exchanges of a live question as files of an example.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::disguise::Disguise;
use super::super::play::{Played, play_with};
use super::super::question::question;
use super::super::setting::{Setting, lay_over};
use super::super::{REQUEST, RESPONSE, written};
use super::originals::{PERSONAL, SOMEBODYS, codes};
use super::{Files, Origin, Take};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::{Adapter, Step};
use crate::connectors::charset;
use crate::connectors::exchange;
use crate::connectors::mapping::Mapping;
use crate::connectors::sql::row::SqlRow;
use crate::connectors::tape::{Answer, Of, Taped};

/// The exchanges of a take with the steps that made them.
pub(super) type Exchanges<'a> = BTreeMap<String, (&'a Step, Came)>;

/// What came, decoded.
pub(super) enum Came {
    Text {
        status: u16,
        headers: http::HeaderMap,
        text: String,
    },
    Rows(Vec<SqlRow>),
}

/// The exchanges of the operation's steps; logins are none.
pub(super) fn decoded<'a>(origin: &Origin<'a>, take: &Take) -> Result<Exchanges<'a>, Mistake> {
    let wrong = |text: String| Mistake::of_file(&take.case, text);
    let offered = origin
        .adapter
        .operation(origin.operation)
        .ok_or_else(|| wrong("l'adapter non offre l'operazione".to_owned()))?;
    let mut answers = BTreeMap::new();
    for taped in &take.tape {
        let Of::Step(name) = &taped.of else {
            continue;
        };
        let mut steps = offered.steps().iter();
        let step = steps.find(|step| step.name == *name);
        let step =
            step.ok_or_else(|| wrong(format!("nessun passo ha fatto «{}»", taped.exchange)))?;
        let came = Came::of(origin.adapter, taped).map_err(wrong)?;
        answers.insert(taped.exchange.clone(), (step, came));
    }
    Ok(answers)
}

impl Came {
    /// Decodes what came; `Err` says why it cannot be.
    pub(super) fn of(adapter: &Adapter, taped: &Taped) -> Result<Came, String> {
        let answer = match &taped.answer {
            Answer::Rows(rows) => return Ok(Came::Rows(rows.clone())),
            Answer::Http(answer) => answer,
        };
        let text = charset::decode(
            &answer.body,
            exchange::content_type(answer),
            exchange::fallback_charset(adapter),
        );
        let text = text.map_err(|unreadable| format!("{}: {unreadable}", taped.exchange))?;
        Ok(Came::Text {
            status: answer.status,
            headers: answer.headers.clone(),
            text: text.into_owned(),
        })
    }

    /// Notes the originals in it.
    pub(super) fn gather(&self, mapping: &Mapping, disguise: &mut Disguise) -> Result<(), String> {
        match self {
            Came::Rows(rows) => disguise.gather_rows(rows, mapping),
            Came::Text { text, .. } if text.trim().is_empty() => {}
            Came::Text { text, .. } => disguise
                .gather(text, mapping)
                .map_err(|unreadable| format!("{unreadable}: non si può registrare"))?,
        }
        Ok(())
    }

    /// As examples write it, with made-up persons; and what such a file ends in.
    pub(super) fn disguised(
        &self,
        mapping: &Mapping,
        disguise: &mut Disguise,
    ) -> Result<(&'static str, String), String> {
        match self {
            Came::Rows(rows) => Ok(("jsonl", disguise.rows(rows, mapping))),
            Came::Text {
                status,
                headers,
                text,
            } => {
                let text = match text.trim().is_empty() {
                    true => String::new(),
                    false => disguise
                        .text(text, mapping)
                        .map_err(|unreadable| unreadable.to_string())?,
                };
                let text = written::write_http_response(*status, headers, &text);
                Ok(("http", text))
            }
        }
    }
}

/// Notes the originals of a take.
pub(super) fn gather(
    take: &Take,
    answers: &Exchanges<'_>,
    disguise: &mut Disguise,
) -> Result<(), Mistake> {
    for code in codes(&take.request) {
        disguise.gather_code(code);
    }
    if let Ok(answer) = &take.outcome {
        common(answer, disguise);
    }
    for (exchange, (step, came)) in answers {
        came.gather(&step.mapping, disguise)
            .map_err(|text| Mistake::of_file(&take.case, format!("{exchange}: {text}")))?;
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

/// Question and answers with made-up persons.
pub(super) fn files(
    origin: &Origin<'_>,
    take: &Take,
    answers: &Exchanges<'_>,
    disguise: &mut Disguise,
) -> Result<Files, Mistake> {
    let mut request = take.request.clone();
    for key in ["codice_fiscale", "partita_iva"] {
        if let Some(code) = take.request[key].as_str() {
            request[key] = disguise.code(code.trim()).into();
        }
    }
    let mut files = vec![
        (
            "1-portal-request.json".to_owned(),
            format!("{request:#}\n").into(),
        ),
        moment(origin),
    ];
    for (exchange, (step, came)) in answers {
        let (ending, text) = came
            .disguised(&step.mapping, disguise)
            .map_err(|text| Mistake::of_file(&take.case, text))?;
        files.push((format!("{RESPONSE}.{exchange}.{ending}"), text.into()));
    }
    Ok(files)
}

/// When and for which ente it was recorded.
pub(super) fn moment(origin: &Origin<'_>) -> (String, Vec<u8>) {
    let moment = json!({
        "now": origin.now.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        "ente": {"codice_istat": origin.tenant.codice_istat.as_str(), "codice_belfiore": origin.tenant.codice_belfiore},
    });
    ("setting.json".to_owned(), format!("{moment:#}\n").into())
}

/// The setting of an example that was recorded.
pub(super) fn setting_of(origin: &Origin<'_>, shared: &Value) -> Result<Setting, String> {
    let (_, own) = moment(origin);
    let own = serde_json::from_slice(&own).map_err(|error| error.to_string())?;
    let mut written = shared.clone();
    lay_over(&mut written, own);
    Setting::of(&written, origin.adapter)
}

/// Plays the case and adds what is sent and what comes of it; it must come to what the live exchange came to.
pub(super) fn play(
    origin: &Origin<'_>,
    shared: &Value,
    take: &Take,
    mut files: Files,
) -> Result<Files, Mistake> {
    let wrong = |text: String| Mistake::of_file(&take.case, text);
    let text_of = |name: &str| {
        let mut files = files.iter();
        let (_, text) = files.find(|(known, _)| known.starts_with(name))?;
        String::from_utf8(text.clone()).ok()
    };
    let setting = setting_of(origin, shared).map_err(wrong)?;
    let request = text_of("1-portal-request.json").unwrap_or_default();
    let request = serde_json::from_str(&request).map_err(|error| wrong(error.to_string()))?;
    let asked = question(origin.operation, &request).map_err(wrong)?;
    let answer = |exchange: &str| {
        text_of(&format!("{RESPONSE}.{exchange}."))
            .ok_or_else(|| wrong(format!("la chiamata «{exchange}» non è stata fatta")))
    };
    let played = play_with(origin.adapter, &setting, origin.operation, &asked, &answer)?;
    alike(take, &played).map_err(wrong)?;
    for sent in &played.exchanges {
        files.push((
            format!("{REQUEST}.{}.{}", sent.exchange, sent.ending),
            format!("{}\n", sent.text).into(),
        ));
    }
    files.push((
        "4-portal-answer.json".to_owned(),
        format!("{:#}\n", played.answer).into(),
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
