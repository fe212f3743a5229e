//! Instances and enti: names and codes once, references that exist, bounds that do not contradict each other.

use std::path::Path;
use std::time::Duration;

use crate::config::ente::Ente;
use crate::config::instance::InstanceSettings;
use crate::config::mistake::Mistake;
use crate::config::reading::places::Entry;
use crate::config::written::Written;
use crate::contract::operation::Operation;

use super::{duplicates, unknown};

/// A back end whose portals need not wait may take so long for an answer.
const LONGEST_LATE_ANSWER: Duration = Duration::from_mins(1);

/// The longest closure that can be announced.
const LONGEST_WINDOW: chrono::Duration = chrono::Duration::days(366);

/// Checks instances and enti.
pub fn check(written: &Written) -> Vec<Mistake> {
    let mut mistakes = duplicates(&written.instances, "name", |entry| entry.value.name.clone());
    mistakes.extend(duplicates(&written.enti, "codice_istat", |entry| {
        entry.value.codice_istat.clone()
    }));
    mistakes.extend(duplicates(&written.enti, "codice_belfiore", |entry| {
        entry.value.codice_belfiore.clone()
    }));
    mistakes.extend(duplicates(&written.enti, "codice_ipa", |entry| {
        entry.value.codice_ipa.clone()
    }));
    let request_deadline = written
        .sections
        .portal_door
        .as_ref()
        .map(|door| door.request_deadline.0);
    for instance in &written.instances.read {
        // Nobody is called where an officer answers.
        if instance.value.address != "operatori:" {
            check_bounds(instance, request_deadline, &mut mistakes);
        }
        check_patience(instance, request_deadline, &mut mistakes);
        check_tls(instance, &mut mistakes);
        check_calendar(instance, &mut mistakes);
        check_night(instance, &mut mistakes);
    }
    for ente in &written.enti.read {
        check_ente(ente, written, &mut mistakes);
    }
    mistakes
}

fn check_bounds(
    entry: &Entry<InstanceSettings>,
    request_deadline: Option<Duration>,
    mistakes: &mut Vec<Mistake>,
) {
    let bounds = &entry.value.bounds;
    let mut require = |holds: bool, key: &str, text: String| {
        if !holds {
            mistakes.push(entry.places.mistake(&format!("bounds.{key}"), text));
        }
    };
    match entry.value.deferred.after {
        // Nobody waits for the answer of a back end that may be late.
        Some(_) => require(
            bounds.answer_deadline.0 <= LONGEST_LATE_ANSWER,
            "answer_deadline",
            format!("{} è più di un minuto", bounds.answer_deadline),
        ),
        None => require(
            request_deadline.is_none_or(|deadline| bounds.answer_deadline.0 < deadline),
            "answer_deadline",
            format!(
                "{} non sta entro portal_door.request_deadline: la risposta arriverebbe a chi non aspetta più",
                bounds.answer_deadline
            ),
        ),
    }
    require(
        bounds.connect_deadline.0 <= bounds.answer_deadline.0,
        "connect_deadline",
        format!("supera answer_deadline ({})", bounds.answer_deadline),
    );
    require(
        !bounds.connect_deadline.0.is_zero(),
        "connect_deadline",
        "serve una durata maggiore di zero".to_owned(),
    );
    require(
        bounds.concurrency > 0,
        "concurrency",
        "serve almeno 1".to_owned(),
    );
    require(
        bounds
            .per_ente
            .is_none_or(|places| (1..=bounds.concurrency).contains(&places)),
        "per_ente",
        format!("da 1 a concurrency ({})", bounds.concurrency),
    );
    require(
        bounds.answer_size.0 >= 1024,
        "answer_size",
        "serve almeno 1KiB".to_owned(),
    );
    require(
        bounds.breaker_failures > 0,
        "breaker_failures",
        "serve almeno 1".to_owned(),
    );
    require(
        !bounds.breaker_pause.0.is_zero(),
        "breaker_pause",
        "serve una durata maggiore di zero".to_owned(),
    );
    require(
        (1..=5).contains(&bounds.tries),
        "tries",
        "da 1 a 5".to_owned(),
    );
}

fn check_patience(
    entry: &Entry<InstanceSettings>,
    request_deadline: Option<Duration>,
    mistakes: &mut Vec<Mistake>,
) {
    let Some(after) = entry.value.deferred.after else {
        return;
    };
    let in_time = request_deadline.is_none_or(|deadline| after.0 < deadline);
    if !in_time || after.0.is_zero() {
        let text = format!("{after}: serve più di zero e meno di portal_door.request_deadline");
        mistakes.push(entry.places.mistake("deferred.after", text));
    }
}

fn check_tls(entry: &Entry<InstanceSettings>, mistakes: &mut Vec<Mistake>) {
    let tls = &entry.value.tls;
    let mut report = |key: &str, text: String| {
        mistakes.push(entry.places.mistake(key, text));
    };
    let files = [
        ("tls.authorities", &tls.authorities),
        ("tls.certificate", &tls.certificate),
        ("tls.key", &tls.key),
    ];
    for (key, file) in files {
        if let Some(Err(error)) = file.as_deref().map(readable) {
            report(key, format!("il file non si può leggere: {error}"));
        }
    }
    if tls.certificate.is_some() != tls.key.is_some() {
        report("tls", "certificate e key vanno insieme".to_owned());
    }
    let written = files.iter().any(|(_, file)| file.is_some());
    let scheme = entry.value.address.split(':').next().unwrap_or_default();
    if written && ["http", "sqlite", "operatori", "folder", "sftp"].contains(&scheme) {
        report(
            "tls",
            format!("l'indirizzo è {scheme}: il TLS non verrebbe usato"),
        );
    }
}

fn check_calendar(entry: &Entry<InstanceSettings>, mistakes: &mut Vec<Mistake>) {
    for (position, window) in entry.value.calendar.once.iter().enumerate() {
        let path = format!("calendar.once[{position}].to");
        if window.to <= window.from {
            let text = "finisce prima di cominciare";
            mistakes.push(entry.places.mistake(&path, text));
        } else if window.to - window.from > LONGEST_WINDOW {
            let text = "dura più di un anno: un sistema chiuso così a lungo si toglie dagli enti";
            mistakes.push(entry.places.mistake(&path, text));
        }
    }
}

fn check_night(entry: &Entry<InstanceSettings>, mistakes: &mut Vec<Mistake>) {
    const DAY: Duration = Duration::from_hours(24);
    let Some(night) = &entry.value.night else {
        return;
    };
    let mut require = |holds: bool, key: &str, text: &str| {
        if !holds {
            mistakes.push(entry.places.mistake(&format!("night.{key}"), text));
        }
    };
    require(!night.times.is_empty(), "times", "serve almeno un'ora");
    let first = night.times.iter().min();
    require(
        first.is_none_or(|first| *first < night.expected_by),
        "expected_by",
        "viene prima di tutte le ore di «times»: il file mancherebbe sempre",
    );
    require(
        night.retry.0 >= Duration::from_secs(1),
        "retry",
        "almeno un secondo",
    );
    require(
        night.fresh.0 <= night.oldest.0,
        "oldest",
        "è meno di «fresh»",
    );
    require(
        night.oldest.0 <= night.retention.0,
        "retention",
        "è meno di «oldest»: la copia sarebbe cancellata mentre risponde ancora",
    );
    require(
        night.retention.0 >= DAY && night.retention.0 <= 366 * DAY,
        "retention",
        "da un giorno a un anno",
    );
    require(night.most_lost < 100, "most_lost", "meno di 100");
    require(night.most_rejected < 100, "most_rejected", "meno di 100");
}

fn readable(path: &Path) -> std::io::Result<()> {
    std::fs::File::open(path).map(|_| ())
}

fn check_ente(entry: &Entry<Ente>, written: &Written, mistakes: &mut Vec<Mistake>) {
    let belfiore = entry.value.codice_belfiore.as_bytes();
    let in_shape = belfiore.len() == 4
        && belfiore[0].is_ascii_uppercase()
        && belfiore[1..].iter().all(u8::is_ascii_digit);
    if !in_shape {
        let text = "serve una lettera maiuscola e tre cifre, come \"C933\"";
        mistakes.push(entry.places.mistake("codice_belfiore", text));
    }
    for operation in &entry.value.joins {
        let several = |operation: &Operation| operation.asked_of_each().is_some();
        if !several(operation) {
            let possible = Operation::ALL.into_iter().filter(several);
            let possible: Vec<&str> = possible.map(Operation::name).collect();
            let text = format!(
                "non è un'operazione su più enti, come {}",
                possible.join(", ")
            );
            mistakes.push(entry.places.mistake(&format!("joins[{operation}]"), text));
        }
    }
    for (domain, servizio) in &entry.value.servizi {
        if !written.instances.knows(&servizio.instance) {
            let known = written.instances.names.iter().map(String::as_str);
            let path = format!("servizi.{}.instance", domain.name());
            let text = unknown("l'istanza", &servizio.instance, known);
            mistakes.push(entry.places.mistake(&path, text));
        }
        if let Some(night) = &servizio.while_closed
            && !written.instances.knows(night)
        {
            let known = written.instances.names.iter().map(String::as_str);
            let path = format!("servizi.{}.while_closed", domain.name());
            let text = unknown("l'istanza", night, known);
            mistakes.push(entry.places.mistake(&path, text));
        }
    }
}
