//! What left in a time, summed up: by ente, portal, operation, purpose, grant and outcome, with the persons concerned counted.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::database::Database;
use super::error::StoreError;
use super::export::Pages;
use super::read::RecordRow;

/// Whose exchanges are looked at.
#[derive(Debug, Clone, Default)]
pub struct Suspicion {
    /// Of these enti; empty: all.
    pub enti: BTreeSet<String>,
    /// Of this portal alone.
    pub portal: Option<String>,
}

/// What exchanges have in common that are counted together; a text that an exchange lacks is empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alike {
    /// ISTAT code.
    pub ente: String,
    /// The portal that asked.
    pub portal: String,
    /// The operation.
    pub operation: String,
    /// The purpose.
    pub purpose: String,
    /// The grant as `id/version`: its document says which fields could leave.
    pub grant: String,
    /// `risposto`, or the slug of a problem.
    pub outcome: String,
}

/// What was counted of them.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Exchanges.
    pub exchanges: u64,
    /// When the first of them began, as it stands on record.
    pub first: String,
    /// When the last of them began.
    pub last: String,
    /// Digests of the persons asked about or disclosed: per ente, hexadecimal.
    pub persons: BTreeSet<String>,
}

/// Sums up the exchanges that began in `from..to`. An answer that was recorded and not given counts apart, as `trattenuto`.
pub(super) async fn sum_up(
    database: &Database,
    suspicion: &Suspicion,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<BTreeMap<Alike, Counted>, StoreError> {
    let mut sums = BTreeMap::new();
    let mut pages = Pages::of(database, None, from, to)?;
    while let Some(rows) = pages.next().await? {
        for row in rows.iter().filter(|row| suspicion.concerns(row)) {
            count(&mut sums, row);
        }
    }
    Ok(sums)
}

impl Suspicion {
    fn concerns(&self, row: &RecordRow) -> bool {
        let of_ente = self.enti.is_empty() || self.enti.contains(row.text("ente"));
        let portal = self.portal.as_deref();
        of_ente && portal.is_none_or(|portal| portal == row.text("portal"))
    }
}

fn count(sums: &mut BTreeMap<Alike, Counted>, row: &RecordRow) {
    let text = |column| row.text(column).to_owned();
    let grant = match (row.text("grant_id"), row.value("grant_version").as_i64()) {
        (id, Some(version)) => format!("{id}/{version}"),
        (id, None) => id.to_owned(),
    };
    let withheld = row.value("withheld").as_bool() == Some(true);
    let alike = Alike {
        ente: text("ente"),
        portal: text("portal"),
        operation: text("operation"),
        purpose: text("purpose"),
        grant,
        outcome: match withheld {
            true => "trattenuto".to_owned(),
            false => text("outcome"),
        },
    };
    let begun = row.text("begun");
    let counted = sums.entry(alike).or_insert_with(|| Counted {
        exchanges: 0,
        first: begun.to_owned(),
        last: String::new(),
        persons: BTreeSet::new(),
    });
    counted.exchanges += 1;
    begun.clone_into(&mut counted.last);
    let persons = row.subjects.iter().map(|subject| subject.digest.clone());
    counted.persons.extend(persons);
}
