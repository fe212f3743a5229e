//! `[[instance]]`: a back end as it is installed somewhere, configured once and referenced by the enti that it serves.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use http::uri::Scheme;
use serde::Serialize;

use super::back_end_modi::BackEndModi;
use super::back_end_pdnd::BackEndPdnd;
use super::calendar::Calendar;
use super::limits::Rate;
use super::night::NightFiles;
use super::reading::address::Address;
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::secret::DatedSecret;
use super::units::{Size, Span};

/// A back-end instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceSettings {
    /// Its name; enti refer to it.
    pub name: String,
    /// The adapter (folder below `adapters/`) that speaks its language.
    pub adapter: String,
    /// Base address: `http(s)://host:port/path`, for SQL `sqlite:`, `postgres://` or `mysql://`, for nightly
    /// files `folder:` or `sftp://user@host:port/path`, always without a password, or `operatori:` where an officer of the
    /// ente answers.
    pub address: String,
    /// Values for the adapter's `{{instance.…}}` placeholders.
    pub values: BTreeMap<String, String>,
    /// By portal, values that hold for its questions instead: the account that the back end wants for who asks.
    pub per_portal: BTreeMap<String, BTreeMap<String, String>>,
    /// Secrets for the adapter's `{{secret.…}}` placeholders; for SQL the key `password`, for SFTP `key`.
    pub secrets: BTreeMap<String, DatedSecret>,
    /// TLS towards the back end; a snapshot's digest takes the files' contents, not their names.
    #[serde(skip_serializing)]
    pub tls: BackendTls,
    /// The tokens of ModI that it demands, and by what its answers are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modi: Option<BackEndModi>,
    /// The vouchers of the PDND that it demands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pdnd: Option<BackEndPdnd>,
    /// When it answers; without one, always.
    pub calendar: Calendar,
    /// When a back end that answers later is asked, where it differs from what the adapter says.
    pub deferred: Deferred,
    /// When and how nightly files are fetched; only where the adapter speaks in files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub night: Option<NightFiles>,
    /// Bounds; each has a default.
    pub bounds: Bounds,
}

impl InstanceSettings {
    /// Whether the back end is told for whom it is asked.
    pub fn names_the_asker(&self) -> bool {
        let modi = self.modi.as_ref();
        modi.is_some_and(BackEndModi::names_the_asker)
    }

    /// Whether anybody on the way to it can read and change what is said: HTTP without TLS, unless it is on this machine.
    pub fn is_in_clear(&self) -> bool {
        let Ok(address) = self.address.parse::<http::Uri>() else {
            return false;
        };
        let host = address.host().unwrap_or_default();
        let numbers = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_here = host == "localhost" || numbers.is_ok_and(|address| address.is_loopback());
        address.scheme() == Some(&Scheme::HTTP) && !is_here
    }

    /// Whether each answer is one request's alone: it is asked for in one person's name, or for the purpose of one body.
    pub fn answers_one_request(&self) -> bool {
        self.names_the_asker() || self.pdnd.is_some()
    }

    /// The values that hold for that portal alone.
    pub fn of_portal(&self, portal: Option<&str>) -> Option<&BTreeMap<String, String>> {
        self.per_portal.get(portal?)
    }
}

/// When a back end that answers later is asked, where it differs from what its adapter says; and whether one that answers at once
/// may answer later when it is slow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Deferred {
    /// How long a portal waits for a back end that answers at once before it is told to come back; absent: to the end.
    pub after: Option<Span>,
    /// How long after a request was handed over the first question comes.
    pub first: Option<Span>,
    /// The shortest time between two questions.
    pub least: Option<Span>,
    /// The longest.
    pub most: Option<Span>,
    /// When a request without an answer is given up.
    pub gives_up: Option<Span>,
}

/// TLS towards a back end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackendTls {
    /// Authorities to trust, PEM; absent: the public ones.
    pub authorities: Option<PathBuf>,
    /// Our client certificate chain, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub key: Option<PathBuf>,
}

impl BackendTls {
    /// Whether there is anything to read.
    pub fn names_files(&self) -> bool {
        self.authorities.is_some() || self.certificate.is_some()
    }
}

/// Bounds of an instance, held for the whole process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// A connection must stand within this time.
    pub connect_deadline: Span,
    /// An answer must be in within this time.
    pub answer_deadline: Span,
    /// Calls at once (bulkhead).
    pub concurrency: usize,
    /// Calls that may wait for a place; more are refused at once.
    pub waiting: usize,
    /// Of these places, how many one ente may hold; absent: an equal share, at least one.
    pub per_ente: Option<usize>,
    /// Largest answer.
    pub answer_size: Size,
    /// Calls per second that the back end bears; absent: no limit of ours.
    pub rate: Option<Rate>,
    /// Failures in a row that open the breaker.
    pub breaker_failures: u32,
    /// How long the breaker stays open before one probe.
    pub breaker_pause: Span,
    /// Tries of an idempotent read, the first included.
    pub tries: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        let seconds = |seconds| Span(std::time::Duration::from_secs(seconds));
        Bounds {
            connect_deadline: seconds(3),
            answer_deadline: seconds(10),
            concurrency: 16,
            waiting: 64,
            per_ente: None,
            answer_size: Size(4 << 20),
            rate: None,
            breaker_failures: 5,
            breaker_pause: seconds(15),
            tries: 2,
        }
    }
}

impl FromTable for InstanceSettings {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let name = table.name("name", reader);
        let adapter = table.required("adapter", reader);
        let address: Option<Address> = table.required("address", reader);
        let values = table.or_default("values", reader);
        let per_portal = table.or_default("per_portal", reader);
        let secrets = table.or_default("secrets", reader);
        let tls = table.or_default("tls", reader);
        let modi = table.optional("modi", reader);
        let pdnd = table.optional("pdnd", reader);
        let calendar = table.or_default("calendar", reader);
        let deferred = table.or_default("deferred", reader);
        let night = table.optional("night", reader);
        let bounds = table.or_default("bounds", reader);
        table.finish(reader);
        Some(InstanceSettings {
            name: name?,
            adapter: adapter?,
            address: address?.0,
            values: values?,
            per_portal: per_portal?,
            secrets: secrets?,
            tls: tls?,
            modi,
            pdnd,
            calendar: calendar?,
            deferred: deferred?,
            night,
            bounds: bounds?,
        })
    }
}

impl FromTable for Deferred {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let deferred = Deferred {
            after: table.optional("after", reader),
            first: table.optional("first", reader),
            least: table.optional("least", reader),
            most: table.optional("most", reader),
            gives_up: table.optional("gives_up", reader),
        };
        table.finish(reader);
        Some(deferred)
    }
}

impl FromTable for BackendTls {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let authorities = table.optional("authorities", reader);
        let certificate = table.optional("certificate", reader);
        let key = table.optional("key", reader);
        table.finish(reader);
        Some(BackendTls {
            authorities,
            certificate,
            key,
        })
    }
}

impl FromTable for Bounds {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let shipped = Bounds::default();
        let connect_deadline = table.or("connect_deadline", shipped.connect_deadline, reader);
        let answer_deadline = table.or("answer_deadline", shipped.answer_deadline, reader);
        let concurrency = table.or("concurrency", shipped.concurrency, reader);
        let waiting = table.or("waiting", shipped.waiting, reader);
        let per_ente = table.optional("per_ente", reader);
        let answer_size = table.or("answer_size", shipped.answer_size, reader);
        let rate = table.optional("rate", reader);
        let breaker_failures = table.or("breaker_failures", shipped.breaker_failures, reader);
        let breaker_pause = table.or("breaker_pause", shipped.breaker_pause, reader);
        let tries = table.or("tries", shipped.tries, reader);
        table.finish(reader);
        Some(Bounds {
            connect_deadline: connect_deadline?,
            answer_deadline: answer_deadline?,
            concurrency: concurrency?,
            waiting: waiting?,
            per_ente,
            answer_size: answer_size?,
            rate,
            breaker_failures: breaker_failures?,
            breaker_pause: breaker_pause?,
            tries: tries?,
        })
    }
}
