//! One look for the new files of an instance and ente: which are there, whether they are whole, and what comes of them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Rome;

use super::intake::{Delivered, Intake, Night};
use super::layout::{Layouts, Marker};
use super::report::{Outcome, Report};
use super::shelf::Shelf;
use super::source::{Listed, Source};
use super::state::{self, State};
use crate::config::instance::InstanceSettings;
use crate::config::night::NightFiles;
use crate::connectors::adapter::{Adapter, Connector};
use crate::connectors::error::{ConnectorError, Kind};
use crate::connectors::instance::Tenant;
use crate::store::error::StoreError;
use crate::store::night::Place;

/// What ends the name of a marker.
const MARKER: &str = ".ok";
/// Files on their way, below the place's folder.
const ARRIVING: &str = "in-arrivo";

/// Whose files are looked for.
#[derive(Debug, Clone)]
pub struct Post {
    /// The instance.
    pub settings: Arc<InstanceSettings>,
    /// How its files are laid out.
    pub adapter: Arc<Adapter>,
    /// The ente.
    pub tenant: Arc<Tenant>,
}

/// Since when each file has had its size.
#[derive(Debug, Default)]
pub struct Sightings(HashMap<String, (Listed, Instant)>);

/// What a look found.
#[derive(Debug)]
pub struct Looked {
    /// What became of the files that were read or refused; empty: there was nothing new.
    pub reports: Vec<Report>,
    /// Whether files may still be growing, or lack their marker.
    pub is_waiting: bool,
    /// What is remembered now.
    pub state: State,
}

impl Post {
    /// Whose copy it is.
    pub fn place(&self) -> Place {
        Place {
            instance: self.settings.name.clone(),
            ente: self.tenant.codice_istat.to_string(),
        }
    }

    /// When and how the files are fetched.
    pub fn schedule(&self) -> NightFiles {
        self.settings.night.clone().unwrap_or_default()
    }

    fn layouts(&self) -> Result<&Layouts, ConnectorError> {
        match self.adapter.connector() {
            Connector::Files(layouts) => Ok(layouts),
            _ => Err(fault("an adapter of another connector")),
        }
    }
}

/// Files that are there for one date.
#[derive(Debug)]
struct Offer<'l> {
    date: NaiveDate,
    files: Vec<(usize, &'l Listed)>,
}

/// Looks once.
pub async fn look(
    post: &Post,
    shelf: &Arc<Shelf>,
    sightings: &mut Sightings,
    now: DateTime<Utc>,
) -> Result<Looked, ConnectorError> {
    let layouts = post.layouts()?;
    let place = post.place();
    let folder = shelf
        .vault()
        .make_folder_of(&place)
        .map_err(|e| stored(&e))?;
    let mut state = State::read(&folder).map_err(|error| fault(&error.to_string()))?;
    let source = Source::of(&post.settings)?;
    let listed = source.list().await?;
    sightings.see(&listed);
    let today = now.with_timezone(&Rome).date_naive();
    let mut is_waiting = false;
    let mut reports = Vec::new();
    for offer in offers(layouts, &listed, &post.tenant) {
        if offer.date > today {
            reports.extend(future(&offer, &mut state, layouts, now));
            continue;
        }
        if state
            .in_force
            .as_ref()
            .is_some_and(|copy| offer.date < copy.date)
        {
            break;
        }
        if !offer.is_whole(layouts, &listed, sightings, post.schedule().settle.0) {
            is_waiting = true;
            continue;
        }
        let examined: Vec<Listed> = offer
            .files
            .iter()
            .map(|(_, file)| (*file).clone())
            .collect();
        if state.examined == examined && !wants_again(shelf, &place, &folder, &state) {
            break;
        }
        let taken = bring_and_take(post, shelf, &source, &offer, &mut state, now).await?;
        state.examined = examined;
        reports.extend(taken);
        break;
    }
    keep(&folder, &state, &reports).map_err(|error| fault(&error.to_string()))?;
    Ok(Looked {
        reports,
        is_waiting,
        state,
    })
}

/// Whether files that were read before are read once more: an operator accepted them, or what came of them is gone.
fn wants_again(shelf: &Shelf, place: &Place, folder: &Path, state: &State) -> bool {
    match &state.refused {
        Some((digest, _)) => state::is_accepted(folder, digest),
        None => !matches!(shelf.copy(place), Ok(Some(_))),
    }
}

fn keep(folder: &Path, state: &State, reports: &[Report]) -> std::io::Result<()> {
    state.write(folder)?;
    for report in reports {
        state::write_report(folder, report)?;
        if report.esito.is_in_force() {
            state::end_acceptance(folder, &report.impronta)?;
        }
    }
    Ok(())
}

/// The files by date, the latest first; of several for one table and date the last by name.
fn offers<'l>(layouts: &Layouts, listed: &'l [Listed], tenant: &Tenant) -> Vec<Offer<'l>> {
    let mut dates: BTreeMap<NaiveDate, BTreeMap<&str, (usize, &'l Listed)>> = BTreeMap::new();
    for file in listed {
        for (index, layout) in layouts.files.iter().enumerate() {
            let mut patterns = layout.patterns.iter();
            let date = patterns.find_map(|pattern| pattern.date_of(&file.name, tenant));
            let Some(date) = date else {
                continue;
            };
            let known = dates.entry(date).or_default();
            match known.get(layout.name.as_str()) {
                Some((_, other)) if other.name > file.name => {}
                _ => drop(known.insert(&layout.name, (index, file))),
            }
        }
    }
    let offers = dates.into_iter().rev().map(|(date, files)| Offer {
        date,
        files: files.into_values().collect(),
    });
    offers.collect()
}

impl Offer<'_> {
    /// Whether every required file is there and none is still on its way.
    fn is_whole(
        &self,
        layouts: &Layouts,
        listed: &[Listed],
        sightings: &Sightings,
        settle: Duration,
    ) -> bool {
        let has = |table: &str| {
            let mut files = self.files.iter();
            files.any(|(index, _)| layouts.files[*index].name == table)
        };
        let tables = layouts.tables();
        let mut required = tables.iter().filter(|table| table.required);
        let is_whole = |file: &Listed| {
            let marker = format!("{}{MARKER}", file.name);
            let is_marked = listed.iter().any(|other| other.name == marker);
            is_marked || (layouts.marker == Marker::Optional && sightings.is_still(file, settle))
        };
        required.all(|table| has(&table.name)) && self.files.iter().all(|(_, file)| is_whole(file))
    }
}

impl Sightings {
    fn see(&mut self, listed: &[Listed]) {
        let now = Instant::now();
        let mut seen = HashMap::new();
        for file in listed {
            let since = match self.0.get(&file.name) {
                Some((known, since)) if known == file => *since,
                _ => now,
            };
            seen.insert(file.name.clone(), (file.clone(), since));
        }
        self.0 = seen;
    }

    fn is_still(&self, file: &Listed, settle: Duration) -> bool {
        let since = self.0.get(&file.name).map(|(_, since)| *since);
        since.is_some_and(|since| since.elapsed() >= settle)
    }
}

/// Files of a day to come are refused, and told once.
fn future(
    offer: &Offer<'_>,
    state: &mut State,
    layouts: &Layouts,
    now: DateTime<Utc>,
) -> Option<Report> {
    let names: Vec<String> = offer
        .files
        .iter()
        .map(|(_, file)| file.name.clone())
        .collect();
    if state.future == names {
        return None;
    }
    state.future = names;
    let files = offer
        .files
        .iter()
        .map(|(index, file)| super::report::FileReport {
            nome: file.name.clone(),
            tabella: layouts.files[*index].name.clone(),
            byte: file.size,
            ..Default::default()
        });
    Some(Report {
        esaminato_il: now,
        data: offer.date,
        impronta: String::new(),
        esito: Outcome::DataFutura,
        file: files.collect(),
    })
}

async fn bring_and_take(
    post: &Post,
    shelf: &Arc<Shelf>,
    source: &Source,
    offer: &Offer<'_>,
    state: &mut State,
    now: DateTime<Utc>,
) -> Result<Option<Report>, ConnectorError> {
    let place = post.place();
    let folder = shelf
        .vault()
        .make_folder_of(&place)
        .map_err(|e| stored(&e))?;
    let arriving = Arriving::make(folder.join(ARRIVING)).map_err(|e| fault(&e.to_string()))?;
    let names: Vec<&str> = offer
        .files
        .iter()
        .map(|(_, file)| file.name.as_str())
        .collect();
    let paths = source.bring(&names, &arriving.0).await?;
    let files = offer.files.iter().zip(paths);
    let night = Night {
        date: offer.date,
        files: files
            .map(|((layout, file), path)| Delivered {
                name: file.name.clone(),
                layout: *layout,
                path,
            })
            .collect(),
    };
    let (post, shelf, mut known) = (post.clone(), Arc::clone(shelf), state.clone());
    let taking = in_background(move || {
        let intake = Intake {
            vault: shelf.vault(),
            place: &place,
            layouts: post.layouts()?,
            adapter: post.adapter.digest(),
            bounds: &post.schedule(),
        };
        let accepted = |digest: &str| state::is_accepted(&folder, digest);
        let taken = intake.take(&night, &mut known, accepted, now);
        drop(arriving);
        let taken = taken.map_err(|e| stored(&e))?;
        let report = taken.map(|taken| {
            if let Some(copy) = taken.copy {
                shelf.put(&place, copy, taken.replaced);
            }
            taken.report
        });
        Ok((report, known))
    });
    let (taken, known) = taking.await?;
    *state = known;
    Ok(taken)
}

/// Works on a thread of its own: nothing here waits on a worker's.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ConnectorError> + Send + 'static,
) -> Result<T, ConnectorError> {
    let (told, done) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("night-files".to_owned());
    let started = thread.spawn(move || {
        // Who has stopped waiting is about to stop altogether.
        let _ = told.send(work());
    });
    started.map_err(|error| fault(&error.to_string()))?;
    done.await
        .map_err(|_| fault("the reading of the files broke off"))?
}

/// The folder of files on their way; they are gone when it is.
struct Arriving(PathBuf);

impl Arriving {
    fn make(folder: PathBuf) -> std::io::Result<Arriving> {
        use std::os::unix::fs::DirBuilderExt;
        // A crash may have left some behind.
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Arriving(folder))
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::error!(%error, "i file arrivati non si possono cancellare");
        }
    }
}

fn stored(error: &StoreError) -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, error.to_string())
}

fn fault(text: &str) -> ConnectorError {
    ConnectorError::permanent(Kind::Gateway, text)
}
