//! `[login.trust_list]` and `[login.revocation_lists]`: what the issuers of cards and their supervisor publish, and where it is fetched.

use std::path::PathBuf;
use std::time::Duration;

use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Reader};
use super::units::Span;

/// Where the login host learns whose cards are recognized, beyond the files that it names itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardIssuers {
    /// The trusted list of the member state.
    pub trust_list: Option<TrustList>,
    /// Revocation lists that are fetched.
    pub revocation_lists: Option<RevocationLists>,
}

/// `[login.trust_list]`: the authorities of cards, as the trusted list has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustList {
    /// The list (XML): the last good copy, read like every other file.
    pub file: PathBuf,
    /// The certificates of who may sign it, PEM.
    pub signers: Vec<PathBuf>,
    /// Where it is fetched; absent: somebody else puts the file there.
    pub address: Option<String>,
    /// The authorities of that address (PEM); absent: the public ones.
    pub address_authorities: Option<PathBuf>,
    /// How often it is fetched.
    pub every: Span,
    /// How long past its next update it still counts.
    pub grace: Span,
}

/// `[login.revocation_lists]`: the lists of the cards' issuers, fetched outside requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationLists {
    /// Where they are kept.
    pub folder: PathBuf,
    /// Where they are fetched, whatever the cards say.
    pub addresses: Vec<String>,
    /// Hosts that are also fetched from where a card of a recognized issuer names them; with their port where it is not the usual one.
    pub hosts: Vec<String>,
    /// How often each is fetched.
    pub every: Span,
    /// How long past its next update a list still counts; afterwards cards of its issuer are refused.
    pub grace: Span,
}

impl CardIssuers {
    /// What is looked at for changes: files, and the folder in which fetched lists are replaced whole.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let listed = self.trust_list.iter();
        let listed = listed.flat_map(|list| std::iter::once(&list.file).chain(&list.signers));
        listed.chain(self.revocation_lists.iter().map(|lists| &lists.folder))
    }

    /// Reads both tables, asked for last in `[login]`; `None` where one is written and wrong, which must not count as absent.
    pub(super) fn read(table: &mut Table<'_>, reader: &mut Reader) -> Option<CardIssuers> {
        let trust_list = table.optional("trust_list", reader);
        let revocation_lists = table.optional("revocation_lists", reader);
        let written = |key, table: &mut Table<'_>| table.values(key).next().is_some();
        if trust_list.is_none() && written("trust_list", table)
            || revocation_lists.is_none() && written("revocation_lists", table)
        {
            return None;
        }
        Some(CardIssuers {
            trust_list,
            revocation_lists,
        })
    }
}

impl RevocationLists {
    /// Whether what a card names is at a host that may be asked.
    pub fn allows(&self, address: &str) -> bool {
        let rest = ["http://", "https://"]
            .iter()
            .find_map(|scheme| address.strip_prefix(scheme));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
        host.is_some_and(|host| {
            self.hosts
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(host))
        })
    }
}

impl FromTable for TrustList {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let file = table.required("file", reader);
        let signers: Option<Vec<PathBuf>> = table.required("signers", reader);
        let signers_at = table.values("signers").next().map(Value::place);
        let address: Option<String> = table.optional("address", reader);
        let address_at = table.values("address").next().map(Value::place);
        let address_authorities = table.optional("address_authorities", reader);
        let every = table.or("every", hours(6), reader);
        let grace = table.or("grace", hours(30 * 24), reader);
        table.finish(reader);
        if let (Some(place), true) = (signers_at, signers.as_ref().is_some_and(Vec::is_empty)) {
            reader.mistake(&place, "serve almeno un certificato di chi firma l'elenco");
        }
        if let (Some(place), Some(address)) = (address_at, &address)
            && !address.starts_with("https://")
        {
            reader.mistake(&place, "serve un indirizzo https://");
        }
        Some(TrustList {
            file: file?,
            signers: signers?,
            address,
            address_authorities,
            every: every?,
            grace: grace?,
        })
    }
}

impl FromTable for RevocationLists {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let folder = table.required("folder", reader);
        let addresses: Option<Vec<String>> = table.or_default("addresses", reader);
        let addresses_at = table.values("addresses").next().map(Value::place);
        let hosts: Option<Vec<String>> = table.or_default("hosts", reader);
        let hosts_at = table.values("hosts").next().map(Value::place);
        let every = table.or("every", hours(1), reader);
        let grace = table.or("grace", hours(12), reader);
        table.finish(reader);
        let (addresses, hosts) = (addresses?, hosts?);
        let is_address = |one: &String| one.starts_with("http://") || one.starts_with("https://");
        if let (Some(place), false) = (addresses_at, addresses.iter().all(is_address)) {
            // The lists are signed: whoever changes one on the way makes it useless, and no more.
            reader.mistake(&place, "servono indirizzi http:// o https://");
        }
        let is_host = |one: &String| !one.is_empty() && !one.contains(['/', '@', '*']);
        if let (Some(place), false) = (hosts_at, hosts.iter().all(is_host)) {
            reader.mistake(
                &place,
                "servono nomi di host, come \"crl.emittente.example\"",
            );
        }
        Some(RevocationLists {
            folder: folder?,
            addresses,
            hosts,
            every: every?,
            grace: grace?,
        })
    }
}

fn hours(number: u64) -> Span {
    Span(Duration::from_hours(number))
}
