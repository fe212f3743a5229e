//! A request as it is kept: who asked whom for what in clear, question and answer sealed.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::contract::operation::Operation;
use crate::contract::richiesta::Stato;
use crate::store::dialect::{Bind, Values};
use crate::store::error::StoreError;

/// How a request comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// The back end takes it on and is asked again until it has an answer.
    Polled,
    /// An officer of the ente answers.
    Manual,
    /// The back end answers at once and was slow: what was under way goes on, and is asked again where it broke off.
    Late,
    /// It changes something at the back end: never sent again while its outcome is unknown.
    Write,
}

impl Way {
    const ALL: [Way; 4] = [Way::Polled, Way::Manual, Way::Late, Way::Write];

    /// The way of that name.
    fn named(name: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| way.name() == name)
    }

    /// The way's name in the store and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Way::Polled => "interrogazione",
            Way::Manual => "manuale",
            Way::Late => "in-ritardo",
            Way::Write => "scrittura",
        }
    }
}

/// A request that outlives its call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Richiesta {
    /// What the portal is told: random.
    pub id: Uuid,
    /// What the back end is told: random, and never told to a portal.
    pub reference: Uuid,
    /// The exchange that opened it.
    pub scambio: Uuid,
    /// The portal that owns it.
    pub portal: String,
    /// ISTAT code of the ente asked.
    pub ente: String,
    /// What is asked.
    pub operation: Operation,
    /// How it comes to its end.
    pub way: Way,
    /// How far it is.
    pub state: Stato,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// When its state changed last.
    pub changed: DateTime<Utc>,
    /// When it is given up if it is still open.
    pub gives_up: DateTime<Utc>,
    /// When it is deleted, whatever its state.
    pub gone: DateTime<Utc>,
    /// When it is looked at again; none: an officer or the portal comes next.
    pub due: Option<DateTime<Utc>>,
    /// How often it was looked at in its state.
    pub turns: u32,
    /// Raised by every change.
    pub version: i64,
    /// The question, in the broker's own form. Sealed in the database, like the two after it.
    pub question: Vec<u8>,
    /// What came of it so far.
    pub progress: Option<Vec<u8>>,
    /// Its answer or refusal.
    pub outcome: Option<Vec<u8>>,
    /// Of a write: digest of portal, operation and idempotency key; one request each.
    pub idempotency: Option<[u8; 32]>,
    /// Of a write: digest of the body sent under the key.
    pub body_digest: Option<[u8; 32]>,
    /// When its delivery to the portal's own address is tried next; none: no delivery, or done.
    pub push_due: Option<DateTime<Utc>>,
    /// How often delivery was tried.
    pub push_turns: u32,
}

/// How many requests of one way are open in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequests {
    /// How they come to their end.
    pub way: Way,
    /// How far they are.
    pub state: Stato,
    /// How many.
    pub count: u64,
    /// When the oldest was opened.
    pub oldest: DateTime<Utc>,
}

impl OpenRequests {
    /// Reads a row.
    pub(super) fn read(row: &dyn Values) -> Result<OpenRequests, StoreError> {
        let out_of_form = || StoreError::Unsealable("una riga non ha la sua forma");
        let text = |position| row.text(position)?.ok_or_else(out_of_form);
        let oldest = row.number(3)?.and_then(DateTime::from_timestamp_micros);
        let count = row.number(2)?.and_then(|count| u64::try_from(count).ok());
        Ok(OpenRequests {
            way: Way::named(&text(0)?).ok_or_else(out_of_form)?,
            state: Stato::named(&text(1)?).ok_or_else(out_of_form)?,
            count: count.ok_or_else(out_of_form)?,
            oldest: oldest.ok_or_else(out_of_form)?,
        })
    }
}

/// The columns, in the order in which rows are written and read.
pub(super) const COLUMNS: &str = "id, reference, scambio, portal, ente, operation, way, state, opened, changed, gives_up, gone, \
     due, turns, version, question, progress, outcome, idempotency, body_digest, push_due, push_turns";

/// The sealed parts, named in what they are sealed for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Question,
    Progress,
    Outcome,
}

impl Richiesta {
    /// What a part is sealed for: it opens as this part of this request of this portal and ente, and as nothing else.
    pub(super) fn place(&self, part: Part) -> Vec<u8> {
        let part: &[u8] = match part {
            Part::Question => b"question",
            Part::Progress => b"progress",
            Part::Outcome => b"outcome",
        };
        let operation = self.operation.name().as_bytes();
        let pieces = [
            part,
            self.id.as_bytes(),
            self.portal.as_bytes(),
            self.ente.as_bytes(),
            operation,
        ];
        pieces.join(&0)
    }

    /// Binds everything but the sealed parts' clear text, which comes sealed.
    pub(super) fn bind(&self, sealed: &Sealed, to: &mut dyn Bind) {
        for id in [self.id, self.reference, self.scambio] {
            to.bytes(Some(id.as_bytes()));
        }
        let texts = [
            self.portal.as_str(),
            self.ente.as_str(),
            self.operation.name(),
            self.way.name(),
            self.state.name(),
        ];
        for text in texts {
            to.text(Some(text));
        }
        for instant in [self.opened, self.changed, self.gives_up, self.gone] {
            to.number(Some(instant.timestamp_micros()));
        }
        to.number(self.due.map(|due| due.timestamp_micros()));
        to.number(Some(self.turns.into()));
        to.number(Some(self.version));
        to.bytes(Some(&sealed.question));
        to.bytes(sealed.progress.as_deref());
        to.bytes(sealed.outcome.as_deref());
        to.bytes(self.idempotency.as_ref().map(|digest| &digest[..]));
        to.bytes(self.body_digest.as_ref().map(|digest| &digest[..]));
        to.number(self.push_due.map(|due| due.timestamp_micros()));
        to.number(Some(self.push_turns.into()));
    }

    /// Reads a row; the sealed parts are still sealed.
    pub(super) fn read(row: &dyn Values) -> Result<Richiesta, StoreError> {
        let out_of_form = || StoreError::Unsealable("una riga non ha la sua forma");
        let text = |position| row.text(position)?.ok_or_else(out_of_form);
        let number = |position| Ok::<_, StoreError>(row.number(position)?.unwrap_or_default());
        let id = |position| {
            let bytes = row.bytes(position)?.unwrap_or_default();
            Uuid::from_slice(&bytes).map_err(|_| out_of_form())
        };
        let digest = |position| {
            let bytes = row.bytes(position)?;
            let digest = bytes.map(|bytes| <[u8; 32]>::try_from(bytes).map_err(|_| out_of_form()));
            digest.transpose()
        };
        let instant = |position| {
            let micros = row.number(position)?;
            Ok::<_, StoreError>(micros.and_then(DateTime::from_timestamp_micros))
        };
        let way = text(6)?;
        Ok(Richiesta {
            id: id(0)?,
            reference: id(1)?,
            scambio: id(2)?,
            portal: text(3)?,
            ente: text(4)?,
            operation: Operation::named(&text(5)?).ok_or_else(out_of_form)?,
            way: Way::named(&way).ok_or_else(out_of_form)?,
            state: Stato::named(&text(7)?).ok_or_else(out_of_form)?,
            opened: instant(8)?.ok_or_else(out_of_form)?,
            changed: instant(9)?.ok_or_else(out_of_form)?,
            gives_up: instant(10)?.ok_or_else(out_of_form)?,
            gone: instant(11)?.ok_or_else(out_of_form)?,
            due: instant(12)?,
            turns: u32::try_from(number(13)?).unwrap_or(u32::MAX),
            version: number(14)?,
            question: row.bytes(15)?.unwrap_or_default(),
            progress: row.bytes(16)?,
            outcome: row.bytes(17)?,
            idempotency: digest(18)?,
            body_digest: digest(19)?,
            push_due: instant(20)?,
            push_turns: u32::try_from(number(21)?).unwrap_or(u32::MAX),
        })
    }
}

/// The sealed parts of a request.
pub(super) struct Sealed {
    pub(super) question: Vec<u8>,
    pub(super) progress: Option<Vec<u8>>,
    pub(super) outcome: Option<Vec<u8>>,
}
