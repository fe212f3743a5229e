//! The login of a live question as an example of its own: what it gives is a secret, and stands for nothing but itself.

use serde_json::{Value, json};

use super::super::disguise::Disguise;
use super::super::play::play_login_with;
use super::super::{Example, LOGIN, REQUEST, RESPONSE, Subject, examples_of, read_json};
use super::exchanges::{Came, moment, setting_of};
use super::{Files, Origin, Take};
use crate::config::mistake::Mistake;
use crate::connectors::adapter::Step;
use crate::connectors::tape::Of;

/// A login with what it came to.
pub(super) struct LoginTake<'a> {
    /// The name of its case.
    pub case: &'a str,
    step: &'a Step,
    came: Came,
    /// The names of what it gave, or how it failed.
    outcome: Result<Vec<String>, String>,
}

/// The last login of a take, if one was made.
pub(super) fn login_of<'a>(
    origin: &Origin<'a>,
    take: &'a Take,
) -> Result<Option<LoginTake<'a>>, Mistake> {
    let mut tape = take.tape.iter().rev();
    let made = tape.find_map(|taped| match &taped.of {
        Of::Login(outcome) => Some((taped, outcome)),
        Of::Step(_) => None,
    });
    let (Some((taped, outcome)), Some(step)) = (made, origin.adapter.token()) else {
        return Ok(None);
    };
    let came = Came::of(origin.adapter, taped);
    Ok(Some(LoginTake {
        case: &take.case,
        step,
        came: came.map_err(|text| Mistake::of_file(&take.case, text))?,
        outcome: match outcome {
            Ok(captures) => Ok(captures.keys().map(ToString::to_string).collect()),
            Err(error) => Err(error.kind.to_string()),
        },
    }))
}

impl LoginTake<'_> {
    /// Notes the originals in its answer.
    pub(super) fn gather(&self, disguise: &mut Disguise) -> Result<(), Mistake> {
        let gathered = self.came.gather(&self.step.mapping, disguise);
        gathered.map_err(|text| self.wrong(format!("{}: {text}", self.step.name)))
    }

    /// The files of its example; it must come to what the live login came to.
    pub(super) fn files(
        &self,
        origin: &Origin<'_>,
        shared: &Value,
        disguise: &mut Disguise,
    ) -> Result<Files, Mistake> {
        let wrong = |text: String| self.wrong(text);
        let disguised = self.came.disguised(&self.step.mapping, disguise);
        let (ending, text) = disguised.map_err(wrong)?;
        let setting = setting_of(origin, shared).map_err(wrong)?;
        let played = play_login_with(origin.adapter, &setting, self.step, &text).map_err(wrong)?;
        let came_to = match (&played.answer, played.answer["errore"].as_str()) {
            (_, Some(kind)) => Err(kind.to_owned()),
            (Value::Object(captures), None) => Ok(captures.keys().cloned().collect()),
            (_, None) => Ok(Vec::new()),
        };
        if came_to != self.outcome {
            return Err(wrong(
                "l'accesso non dà nell'esempio ciò che ha dato dal vivo".to_owned(),
            ));
        }
        let mut files = vec![
            moment(origin),
            (
                format!("{RESPONSE}.{}.{ending}", self.step.name),
                text.into(),
            ),
        ];
        for sent in &played.exchanges {
            let name = format!("{REQUEST}.{}.{}", sent.exchange, sent.ending);
            files.push((name, format!("{}\n", sent.text).into()));
        }
        let answer = format!("{:#}\n", json!(played.answer));
        files.push((OUTCOME.to_owned(), answer.into()));
        Ok(files)
    }

    fn wrong(&self, text: String) -> Mistake {
        Mistake::of_file(format!("{LOGIN}/{}", self.case), text)
    }
}

/// What a login's example says that it gives.
const OUTCOME: &str = "4-outcome.json";

/// Whether an example of the adapter, or another that is about to be written, shows the same login: what is sent and what it gives.
pub(super) fn is_known(
    origin: &Origin<'_>,
    written: &[&Files],
    files: &Files,
) -> Result<bool, Mistake> {
    let told = |files: &Files| -> Vec<Vec<u8>> {
        let parts = files
            .iter()
            .filter(|(name, _)| name.starts_with(REQUEST) || name == OUTCOME);
        parts.map(|(_, text)| text.clone()).collect()
    };
    let wanted = told(files);
    if written.iter().any(|other| told(other) == wanted) {
        return Ok(true);
    }
    let examples = examples_of(origin.folder)?;
    let logins = examples
        .iter()
        .filter(|example| example.of == Subject::Login);
    Ok(logins.into_iter().any(|example| shows(example, &wanted)))
}

fn shows(example: &Example, wanted: &[Vec<u8>]) -> bool {
    let [request, outcome] = wanted else {
        return false;
    };
    let exchanges = example.exchanges(REQUEST).unwrap_or_default();
    let sent = exchanges.iter().any(|exchange| {
        let text = example.exchange_text(REQUEST, exchange).unwrap_or_default();
        text.trim_end().as_bytes() == request.trim_ascii_end()
    });
    let gives = read_json(&example.answer_file()).ok();
    sent && gives.is_some() && gives == serde_json::from_slice(outcome).ok()
}
