//! The rounds for nightly files: at its times each instance's files are looked for, for each ente that it serves, and again
//! until they are there; old copies are deleted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::config::night::{DayTime, NightFiles};
use crate::connectors::adapter::Connector;
use crate::connectors::files::look::{Looked, Post, Sightings, look};
use crate::connectors::files::report::{Outcome, Report};
use crate::connectors::files::shelf::{Shelf, Tally};
use crate::connectors::files::state::{self, State};
use crate::gateway::Gateway;
use crate::snapshot::Snapshot;
use crate::store::night::Place;

/// How often the configuration is compared with the rounds, and an operator's acceptance is looked for.
const GLANCE: Duration = Duration::from_secs(2);
/// Even where nothing is due, age and retention are looked at.
const LONGEST_PAUSE: Duration = Duration::from_mins(30);
/// Looks at a time: sources may be slow, and reading takes a processor.
const AT_ONCE: usize = 2;
/// How long the copy of an ente that is no longer served by nightly files is kept: somebody may have slipped.
const LEFT_OVER: u64 = 30;

/// One instance and ente on its round.
struct Round {
    settings: Arc<crate::config::instance::InstanceSettings>,
    adapter: String,
    task: JoinHandle<()>,
}

impl Drop for Round {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Goes the rounds for as long as the gateway runs. Never ends.
pub async fn go(gateway: Arc<Gateway>) {
    let Some(shelf) = gateway.instances.copies().cloned() else {
        return;
    };
    let leaves = Arc::new(Semaphore::new(AT_ONCE));
    let mut rounds: BTreeMap<Place, Round> = BTreeMap::new();
    let mut generation = 0;
    loop {
        let snapshot = gateway.snapshot();
        if snapshot.generation != generation {
            generation = snapshot.generation;
            let posts = posts(&snapshot);
            rounds.retain(|place, round| {
                posts.get(place).is_some_and(|post| {
                    post.settings == round.settings && post.adapter.digest() == round.adapter
                })
            });
            shelf.keep_tallies(|place| posts.contains_key(place));
            sweep(&shelf, |place| posts.contains_key(place));
            for (place, post) in posts {
                rounds.entry(place).or_insert_with(|| Round {
                    settings: Arc::clone(&post.settings),
                    adapter: post.adapter.digest().to_owned(),
                    task: tokio::spawn(watch(
                        Arc::clone(&gateway),
                        Arc::clone(&shelf),
                        Arc::clone(&leaves),
                        post,
                    )),
                });
            }
        }
        sleep(GLANCE).await;
    }
}

/// Everyone whose files are looked for.
fn posts(snapshot: &Snapshot) -> BTreeMap<Place, Post> {
    let mut posts = BTreeMap::new();
    for ente in snapshot.enti() {
        for (_, binding) in ente.bindings() {
            let own = Some((&binding.instance, &binding.adapter));
            let night = binding.while_closed.as_ref();
            let night = night.map(|night| (&night.instance, &night.adapter));
            for (settings, adapter) in own.into_iter().chain(night) {
                if matches!(adapter.connector(), Connector::Files(_)) {
                    let post = Post {
                        settings: Arc::clone(settings),
                        adapter: Arc::clone(adapter),
                        tenant: Arc::clone(&binding.tenant),
                    };
                    posts.insert(post.place(), post);
                }
            }
        }
    }
    posts
}

/// Looks again and again for the files of one instance and ente.
async fn watch(gateway: Arc<Gateway>, shelf: Arc<Shelf>, leaves: Arc<Semaphore>, post: Post) {
    let place = post.place();
    let schedule = post.schedule();
    let mut sightings = Sightings::default();
    let mut told_missing = None;
    loop {
        let found = {
            let _leave = leaves.acquire().await;
            look(&post, &shelf, &mut sightings, Utc::now()).await
        };
        let folder = shelf.vault().folder_of(&place);
        let (state, is_waiting) = match found {
            Ok(looked) => {
                tell(&gateway, &place, &looked);
                (looked.state, looked.is_waiting)
            }
            Err(error) => {
                tracing::warn!(instance = %place.instance, ente = %place.ente, kind = %error.kind, detail = %error.detail, "i file notturni non si possono cercare");
                (State::read(&folder).unwrap_or_default(), false)
            }
        };
        let now = Utc::now();
        let state = retire(&shelf, &place, &schedule, state, now);
        let is_missing = is_missing(&schedule, &state, now);
        shelf.tell(&place, tally(&state, is_missing));
        let today = now.with_timezone(&Rome).date_naive();
        if is_missing && told_missing != Some(today) {
            told_missing = Some(today);
            let last = state.in_force.as_ref().map(|copy| copy.date.to_string());
            tracing::error!(instance = %place.instance, ente = %place.ente, last, "manca il file notturno: all'ora attesa non è in vigore");
        }
        let until = match is_waiting {
            true => schedule
                .settle
                .0
                .max(Duration::from_millis(200))
                .min(schedule.retry.0),
            false => pause(&schedule, &state, now),
        };
        rest(until, &folder, &state).await;
    }
}

/// Waits, but not longer than until an operator accepts the files that were refused.
async fn rest(until: Duration, folder: &std::path::Path, state: &State) {
    let end = tokio::time::Instant::now() + until;
    loop {
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        sleep(left.min(GLANCE)).await;
        let is_accepted = state
            .refused
            .as_ref()
            .is_some_and(|(digest, _)| state::is_accepted(folder, digest));
        if left <= GLANCE || is_accepted {
            return;
        }
    }
}

/// Log and metrics of a look.
fn tell(gateway: &Gateway, place: &Place, looked: &Looked) {
    for report in &looked.reports {
        gateway
            .telemetry
            .metrics
            .night_delivery(report.esito.name());
        let Report { data, esito, .. } = report;
        let rows: u64 = report.file.iter().map(|file| file.righe).sum();
        let rejected: u64 = report.file.iter().map(|file| file.scartate).sum();
        let (instance, ente, outcome) = (&place.instance, &place.ente, esito.name());
        match esito {
            Outcome::InVigore | Outcome::Confermato | Outcome::InVigorePerAccettazione => {
                tracing::info!(%instance, %ente, %data, outcome, rows, rejected, "copia notturna in vigore");
            }
            Outcome::Doppione => {
                tracing::warn!(%instance, %ente, %data, outcome, "file notturno già in vigore");
            }
            _ => {
                tracing::error!(%instance, %ente, %data, outcome, rows, rejected, "file notturno rifiutato: resta la copia precedente");
            }
        }
    }
}

fn tally(state: &State, is_missing: bool) -> Tally {
    let copy = state.in_force.as_ref();
    Tally {
        date: copy.map(|copy| copy.date),
        rows: copy.map_or(0, |copy| copy.rows.values().sum()),
        rejected: copy.map_or(0, |copy| copy.rejected),
        is_missing,
    }
}

/// Deletes a copy that has been kept for as long as it may.
fn retire(
    shelf: &Shelf,
    place: &Place,
    schedule: &NightFiles,
    mut state: State,
    now: DateTime<Utc>,
) -> State {
    let Some(copy) = &state.in_force else {
        return state;
    };
    let today = now.with_timezone(&Rome).date_naive();
    let kept = Days::new(schedule.retention.0.as_secs() / 86_400);
    if copy
        .date
        .checked_add_days(kept)
        .is_none_or(|last| today <= last)
    {
        return state;
    }
    if delete(shelf, place) {
        state.in_force = None;
        let folder = shelf.vault().folder_of(place);
        if let Err(error) = state.write(&folder) {
            tracing::error!(%error, "lo stato della copia notturna non si può scrivere");
        }
    }
    state
}

/// Deletes copies that nobody serves from any more, once they are old.
fn sweep(shelf: &Shelf, is_served: impl Fn(&Place) -> bool) {
    let oldest = Utc::now().date_naive() - Days::new(LEFT_OVER);
    let places = shelf.vault().places().unwrap_or_default();
    for place in places.iter().filter(|place| !is_served(place)) {
        let state = State::read(&shelf.vault().folder_of(place)).unwrap_or_default();
        let is_old = |date: NaiveDate| date < oldest;
        if state
            .in_force
            .is_none_or(|copy| is_old(copy.made.date_naive()))
        {
            delete(shelf, place);
        }
    }
}

fn delete(shelf: &Shelf, place: &Place) -> bool {
    shelf.forget(place);
    match shelf.vault().delete(place) {
        Ok(was_there) => {
            if was_there {
                tracing::info!(instance = %place.instance, ente = %place.ente, "copia notturna cancellata: è passata la sua conservazione");
            }
            true
        }
        Err(error) => {
            tracing::error!(%error, "la copia notturna non si può cancellare");
            false
        }
    }
}

/// Whether the night's files should be in force by now and are not.
fn is_missing(schedule: &NightFiles, state: &State, now: DateTime<Utc>) -> bool {
    let expected = latest(&[schedule.expected_by], now);
    // Any of that night's times would have done.
    let begun = expected.and_then(|expected| {
        let day_before = expected - chrono::Duration::days(1);
        let looks =
            instants(&schedule.times, expected).chain(instants(&schedule.times, day_before));
        looks.filter(|at| *at > day_before && *at <= expected).min()
    });
    begun.is_some_and(|begun| state.satisfied.is_none_or(|found| found < begun))
}

/// How long until the next look: while files are due, the time between two tries.
fn pause(schedule: &NightFiles, state: &State, now: DateTime<Utc>) -> Duration {
    let last = latest(&schedule.times, now);
    let is_due = last.is_some_and(|last| state.satisfied.is_none_or(|found| found < last));
    if is_due {
        return schedule.retry.0;
    }
    let tomorrow = now + chrono::Duration::days(1);
    let next = instants(&schedule.times, now).chain(instants(&schedule.times, tomorrow));
    let next = next.filter(|at| *at > now).min();
    let wait = next.and_then(|next| (next - now).to_std().ok());
    wait.unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// The latest of these times that is not after an instant.
fn latest(times: &[DayTime], before: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let yesterday = before - chrono::Duration::days(1);
    let candidates = instants(times, before).chain(instants(times, yesterday));
    candidates.filter(|at| *at <= before).max()
}

/// These times on the day, in Italy, of an instant. One that the change of clocks leaves out is an hour later.
fn instants(times: &[DayTime], on: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let day = on.with_timezone(&Rome).date_naive();
    times.iter().filter_map(move |DayTime(minutes)| {
        let at = |minutes: u32| {
            let local = day.and_hms_opt(minutes / 60, minutes % 60, 0)?;
            Rome.from_local_datetime(&local).earliest()
        };
        let minutes = u32::from(*minutes);
        at(minutes)
            .or_else(|| at(minutes + 60))
            .map(|at| at.with_timezone(&Utc))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn schedule() -> NightFiles {
        NightFiles {
            times: vec![DayTime(3 * 60), DayTime(5 * 60)],
            expected_by: DayTime(7 * 60),
            ..NightFiles::default()
        }
    }

    fn satisfied(text: &str) -> State {
        State {
            satisfied: Some(at(text)),
            ..State::default()
        }
    }

    #[test]
    fn files_are_missing_only_after_the_hour_at_which_they_are_expected() {
        // In winter Rome is an hour ahead: expected at 6:00 UTC, looked for at 2:00 and 4:00.
        let yesterday = satisfied("2026-11-22T02:30:00Z");
        assert!(!is_missing(
            &schedule(),
            &yesterday,
            at("2026-11-23T05:59:00Z")
        ));
        assert!(is_missing(
            &schedule(),
            &yesterday,
            at("2026-11-23T06:01:00Z")
        ));
        let tonight = satisfied("2026-11-23T04:01:00Z");
        assert!(!is_missing(
            &schedule(),
            &tonight,
            at("2026-11-23T06:01:00Z")
        ));
        assert!(is_missing(
            &schedule(),
            &State::default(),
            at("2026-11-23T00:01:00Z")
        ));
    }

    #[test]
    fn the_next_look_is_at_the_next_time_or_after_the_pause_between_tries() {
        let tonight = satisfied("2026-11-23T04:01:00Z");
        let schedule = NightFiles {
            retry: crate::config::units::Span(Duration::from_mins(1)),
            ..schedule()
        };
        assert_eq!(
            pause(&schedule, &tonight, at("2026-11-23T04:02:00Z")),
            LONGEST_PAUSE
        );
        let soon = pause(&schedule, &tonight, at("2026-11-24T01:50:00Z"));
        assert_eq!(soon, Duration::from_mins(10));
        let due = pause(&schedule, &tonight, at("2026-11-24T02:01:00Z"));
        assert_eq!(due, Duration::from_mins(1));
    }

    #[test]
    fn an_hour_that_the_clocks_leave_out_comes_an_hour_later() {
        let times = [DayTime(2 * 60 + 30)];
        let found: Vec<_> = instants(&times, at("2026-03-29T12:00:00Z")).collect();
        assert_eq!(found, [at("2026-03-29T01:30:00Z")]);
    }
}
