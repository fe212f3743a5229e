//! Drift: fields of back ends' answers that appear, vanish or change type, against the examples and the first answers seen.
//!
//! Only some answers are looked at, and apart from their reading: of each instance at most one a second, and no large one.

mod compare;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use serde::Serialize;

use super::adapter::{Adapter, Step};
use super::charset;
use super::exchange::{content_type, fallback_charset};
use super::extract::survey::Survey;
use super::http::HttpResponse;
use super::sql::row::SqlRow;
use crate::contract::operation::Operation;

pub use compare::{Change, Difference};

/// Milliseconds between two looks at answers of one instance.
const PAUSE: u64 = 1_000;
/// Larger answers are not looked at.
const LARGEST: usize = 256 << 10;
/// So many answers of a step only teach what is usual.
const LESSONS: u32 = 20;
/// Fields of an adapter that are told one by one; of more only the number is kept.
const MOST_FIELDS: usize = 200;

/// When the answers of an instance were looked at last.
#[derive(Debug)]
pub struct Glance {
    since: Instant,
    /// Milliseconds from there to the moment from which on the next one may be looked at.
    next: AtomicU64,
}

impl Default for Glance {
    fn default() -> Self {
        Glance {
            since: Instant::now(),
            next: AtomicU64::new(0),
        }
    }
}

impl Glance {
    /// Whether it is time for a look; the next one is then a while away.
    pub fn is_due(&self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.since).as_millis();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        let next = self.next.load(Ordering::Relaxed);
        elapsed >= next
            && self
                .next
                .compare_exchange(next, elapsed + PAUSE, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}

/// What was seen of every adapter, for the whole process.
#[derive(Debug, Default)]
pub struct Drift {
    adapters: Mutex<BTreeMap<String, Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    digest: String,
    version: String,
    looked_at: u64,
    totals: [u64; Change::ALL.len()],
    steps: BTreeMap<(Operation, String), Usual>,
    fields: BTreeMap<(Operation, String, String, Change), Sighting>,
}

/// What is usual in the answers of a step.
#[derive(Debug, Default)]
struct Usual {
    survey: Survey,
    lessons: u32,
}

#[derive(Debug)]
struct Sighting {
    times: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    before: String,
    now: String,
}

/// What drifted in the answers to one adapter, as operators read it.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The adapter.
    pub adattatore: String,
    /// Its version.
    pub versione: String,
    /// Answers that were looked at.
    pub risposte_guardate: u64,
    /// How often fields appeared, vanished and changed type.
    pub comparsi: u64,
    /// How often fields vanished.
    pub spariti: u64,
    /// How often fields changed type.
    pub cambiati: u64,
    /// The fields.
    pub campi: Vec<DriftedField>,
}

/// A field that drifted.
#[derive(Debug, Serialize)]
pub struct DriftedField {
    /// The operation.
    pub operazione: &'static str,
    /// The step.
    pub passo: String,
    /// The field's path in the back end's answer.
    pub campo: String,
    /// What happened to it.
    pub cambiamento: &'static str,
    /// What stood there before.
    pub prima: String,
    /// What stands there now.
    pub adesso: String,
    /// In how many of the answers looked at.
    pub volte: u64,
    /// When that was seen first.
    pub prima_volta: DateTime<Utc>,
    /// When last.
    pub ultima_volta: DateTime<Utc>,
}

impl Drift {
    /// Looks at an answer that was understood.
    pub fn look(
        &self,
        adapter: &Adapter,
        operation: Operation,
        step: &Step,
        answer: &HttpResponse,
    ) {
        if answer.body.len() > LARGEST || !(200..300).contains(&answer.status) {
            return;
        }
        let text = charset::decode(
            &answer.body,
            content_type(answer),
            fallback_charset(adapter),
        );
        let text = text.ok().filter(|text| !text.trim().is_empty());
        let survey = text.and_then(|text| Survey::of_text(&text, &step.mapping.shape, false).ok());
        if let Some(survey) = survey {
            self.note(adapter, operation, step, &survey);
        }
    }

    /// Looks at rows.
    pub fn look_at_rows(
        &self,
        adapter: &Adapter,
        operation: Operation,
        step: &Step,
        rows: &[SqlRow],
    ) {
        if !rows.is_empty() && rows.len() <= 1_000 {
            let survey = Survey::of_rows(rows, &step.mapping.shape, false);
            self.note(adapter, operation, step, &survey);
        }
    }

    fn note(&self, adapter: &Adapter, operation: Operation, step: &Step, survey: &Survey) {
        let mut adapters = self.adapters.lock();
        let seen = adapters.entry(adapter.name().to_owned()).or_default();
        if seen.digest != adapter.digest() {
            // Another adapter under the same name reads other fields: what is usual is learnt anew, totals only grow.
            *seen = Seen {
                digest: adapter.digest().to_owned(),
                version: adapter.version().to_owned(),
                looked_at: seen.looked_at,
                totals: seen.totals,
                ..Seen::default()
            };
        }
        seen.looked_at += 1;
        let usual = seen
            .steps
            .entry((operation, step.name.clone()))
            .or_insert_with(|| Usual {
                survey: adapter
                    .usual(operation, &step.name)
                    .cloned()
                    .unwrap_or_default(),
                lessons: 0,
            });
        if usual.lessons < LESSONS {
            usual.lessons += 1;
            usual.survey.absorb(survey);
            return;
        }
        for Difference {
            path,
            change,
            before,
            now,
        } in compare::differences(&mut usual.survey, survey)
        {
            seen.totals[change as usize] += 1;
            let key = (operation, step.name.clone(), path, change);
            let is_known = seen.fields.contains_key(&key);
            if !is_known && seen.fields.len() >= MOST_FIELDS {
                continue;
            }
            let moment = Utc::now();
            let sighting = seen.fields.entry(key).or_insert_with(|| Sighting {
                times: 0,
                first: moment,
                last: moment,
                before,
                now,
            });
            sighting.times += 1;
            sighting.last = moment;
        }
    }

    /// How often fields of each adapter drifted, by change; and how many answers were looked at.
    #[expect(clippy::type_complexity, reason = "a row of a table that is read once")]
    pub fn totals(&self) -> Vec<(String, u64, [(Change, u64); Change::ALL.len()])> {
        let adapters = self.adapters.lock();
        let totals = adapters.iter().map(|(name, seen)| {
            let counted = Change::ALL.map(|change| (change, seen.totals[change as usize]));
            (name.clone(), seen.looked_at, counted)
        });
        totals.collect()
    }

    /// What drifted, adapter by adapter.
    pub fn reports(&self) -> Vec<Report> {
        let adapters = self.adapters.lock();
        adapters
            .iter()
            .map(|(name, seen)| seen.report(name))
            .collect()
    }
}

impl Seen {
    fn report(&self, name: &str) -> Report {
        let fields = self
            .fields
            .iter()
            .map(|((operation, step, path, change), sighting)| DriftedField {
                operazione: operation.name(),
                passo: step.clone(),
                campo: path.clone(),
                cambiamento: change.name(),
                prima: sighting.before.clone(),
                adesso: sighting.now.clone(),
                volte: sighting.times,
                prima_volta: sighting.first,
                ultima_volta: sighting.last,
            });
        let total = |change: Change| self.totals[change as usize];
        Report {
            adattatore: name.to_owned(),
            versione: self.version.clone(),
            risposte_guardate: self.looked_at,
            comparsi: total(Change::Appeared),
            spariti: total(Change::Vanished),
            cambiati: total(Change::Changed),
            campi: fields.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_instance_is_looked_at_once_a_second_however_many_ask() {
        let glance = Glance::default();
        let at = |milliseconds| glance.since + Duration::from_millis(milliseconds);
        let due: Vec<bool> = [0, 1, 999, 1_000, 1_001, 5_000, 5_999]
            .map(|moment| glance.is_due(at(moment)))
            .to_vec();
        assert_eq!(due, [true, false, false, true, false, true, false]);
    }
}
