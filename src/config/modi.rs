//! `[portal.modi]`: which tokens of the Italian interoperability model a portal sends, and by what its signatures are known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::certificate::CertificateMatch;
use super::reading::similar::most_similar;
use super::reading::table::Table;
use super::reading::value::Value;
use super::reading::{FromTable, Read, Reader};
use super::units::Span;
use crate::contract::operation::Operation;
use crate::jose::Algorithm;

/// How old a token may be where the configuration does not say.
const OLDEST: Span = Span(Duration::from_mins(5));

/// How far a portal's clock may be ahead of ours where the configuration does not say.
const SKEW: Span = Span(Duration::from_secs(5));

/// The longest that a token may be accepted after it was issued: so long its `jti` is kept.
pub const MOST_OLD: Duration = Duration::from_hours(1);

/// A security pattern of ModI for REST (AgID, Linee guida sull'interoperabilità tecnica, documento operativo 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Who calls, in `Authorization`.
    IdAuthRest01,
    /// The same, each token once.
    IdAuthRest02,
    /// Body and headers signed, in `Agid-JWT-Signature`, by a certificate's key.
    IntegrityRest01,
    /// The same, by a key that is known by its `kid`.
    IntegrityRest02,
    /// For whom the portal asks, in `Agid-JWT-TrackingEvidence`.
    AuditRest01,
    /// The same with a nonce, so that a voucher can be bound to it.
    AuditRest02,
}

/// How a token says which key signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// The certificate itself.
    X5c,
    /// Its SHA-256.
    X5tS256,
    /// Where it can be had.
    X5u,
    /// The name of a key.
    Kid,
}

/// `[portal.modi]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Modi {
    /// What tokens must name in `aud`, one of these.
    pub audience: Vec<String>,
    /// Whether others may stand in `aud` beside it.
    pub audience_shared: bool,
    /// The patterns demanded for operations that name none of their own.
    pub patterns: BTreeSet<Pattern>,
    /// The patterns demanded for single operations, in the place of those.
    pub operations: BTreeMap<Operation, BTreeSet<Pattern>>,
    /// The algorithms accepted.
    pub algorithms: BTreeSet<AcceptedAlgorithm>,
    /// How tokens may refer to their key.
    pub references: BTreeSet<Reference>,
    /// The certificates that may sign; without any, those that the portal calls with.
    pub certificates: Vec<CertificateMatch>,
    /// Certificates known beforehand (PEM), for `x5t#S256` and for signers without a recognized authority.
    #[serde(skip_serializing)]
    pub signers: Vec<PathBuf>,
    /// Keys known beforehand (JWK set), for `kid`.
    #[serde(skip_serializing)]
    pub keys: Option<PathBuf>,
    /// Where known certificates can be had: an `x5u` must be one of these addresses, which are never called.
    #[serde(serialize_with = "addresses_only")]
    pub addresses: BTreeMap<String, PathBuf>,
    /// Headers that must be signed where they are sent, beside those of the norm; in small letters.
    pub signed_headers: BTreeSet<String>,
    /// How old a token may be.
    pub oldest: Span,
    /// How far the portal's clock may be ahead.
    pub skew: Span,
    /// Whether answers are signed, with the digest of the request.
    pub answers_signed: bool,
    /// Whether one evidence may serve for several requests until it expires.
    pub evidence_reused: bool,
}

/// An algorithm as the configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AcceptedAlgorithm(pub Algorithm);

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 6] = [
        Pattern::IdAuthRest01,
        Pattern::IdAuthRest02,
        Pattern::IntegrityRest01,
        Pattern::IntegrityRest02,
        Pattern::AuditRest01,
        Pattern::AuditRest02,
    ];

    /// Its name in the norm.
    pub fn name(self) -> &'static str {
        match self {
            Pattern::IdAuthRest01 => "ID_AUTH_REST_01",
            Pattern::IdAuthRest02 => "ID_AUTH_REST_02",
            Pattern::IntegrityRest01 => "INTEGRITY_REST_01",
            Pattern::IntegrityRest02 => "INTEGRITY_REST_02",
            Pattern::AuditRest01 => "AUDIT_REST_01",
            Pattern::AuditRest02 => "AUDIT_REST_02",
        }
    }
}

impl Reference {
    const ALL: [Reference; 4] = [
        Reference::X5c,
        Reference::X5tS256,
        Reference::X5u,
        Reference::Kid,
    ];

    /// Its name in a token's header.
    pub fn name(self) -> &'static str {
        match self {
            Reference::X5c => "x5c",
            Reference::X5tS256 => "x5t#S256",
            Reference::X5u => "x5u",
            Reference::Kid => "kid",
        }
    }
}

impl Modi {
    /// The patterns that the operation demands; without one, those of all.
    pub fn demanded(&self, operation: Option<Operation>) -> &BTreeSet<Pattern> {
        let own = operation.and_then(|operation| self.operations.get(&operation));
        own.unwrap_or(&self.patterns)
    }

    /// The algorithms accepted, as tokens are read with them.
    pub fn accepted(&self) -> Vec<Algorithm> {
        self.algorithms.iter().map(|one| one.0).collect()
    }

    /// The files whose change calls for a new snapshot.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let addresses = self.addresses.values();
        self.signers.iter().chain(&self.keys).chain(addresses)
    }
}

impl FromTable for Modi {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let audience: Option<BTreeSet<String>> = table.required("audience", reader);
        let audience_shared = table.or_default("audience_shared", reader);
        let patterns = table.required("patterns", reader);
        let operations = table.or_default("operations", reader);
        let all = Algorithm::ALL.map(AcceptedAlgorithm).into();
        let algorithms = table.or("algorithms", all, reader);
        let references = table.or("references", BTreeSet::from([Reference::X5c]), reader);
        let certificates = table.or_default("certificates", reader);
        let signers = table.or_default("signers", reader);
        let keys = table.optional("keys", reader);
        let addresses = table.or_default("addresses", reader);
        let signed_headers: Option<BTreeSet<String>> = table.or_default("signed_headers", reader);
        let oldest = table.or("oldest", OLDEST, reader);
        let skew = table.or("skew", SKEW, reader);
        let evidence_reused = table.or_default("evidence_reused", reader);
        let answers_signed = table.or_default("answers_signed", reader);
        let place = table.place();
        table.finish(reader);
        let modi = Modi {
            audience: audience?.into_iter().collect(),
            audience_shared: audience_shared?,
            patterns: patterns?,
            operations: operations?,
            algorithms: algorithms?,
            references: references?,
            certificates: certificates?,
            signers: signers?,
            keys,
            addresses: addresses?,
            signed_headers: signed_headers?
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            oldest: oldest?,
            skew: skew?,
            evidence_reused: evidence_reused?,
            answers_signed: answers_signed?,
        };
        let mistakes = modi.mistakes();
        if let Some(place) = place {
            for text in &mistakes {
                reader.mistake(&place, text.clone());
            }
        }
        mistakes.is_empty().then_some(modi)
    }
}

impl Modi {
    /// What does not go together.
    fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        let mut when = |wrong: bool, text: &str| {
            if wrong {
                mistakes.push(text.to_owned());
            }
        };
        when(
            self.audience.is_empty(),
            "«audience» è vuoto: nessun token sarebbe accettato",
        );
        when(
            self.algorithms.is_empty(),
            "«algorithms» è vuoto: nessun token sarebbe accettato",
        );
        when(
            self.references.is_empty(),
            "«references» è vuoto: nessun token sarebbe accettato",
        );
        when(
            self.references.contains(&Reference::Kid) && self.keys.is_none(),
            "«references» ammette kid ma in «keys» non c'è un insieme di chiavi",
        );
        when(
            self.references.contains(&Reference::X5u) && self.addresses.is_empty(),
            "«references» ammette x5u ma in «addresses» non c'è nessun indirizzo",
        );
        when(
            self.oldest.0 > MOST_OLD || self.oldest.0.is_zero(),
            "«oldest» va da 1s a 1h",
        );
        when(self.skew.0 > Duration::from_mins(1), "«skew» è al più 60s");
        when(
            self.addresses.keys().any(|address| !is_public(address)),
            "gli indirizzi in «addresses» cominciano con https:// e nominano un dominio pubblico, non un indirizzo IP né una \
             macchina interna",
        );
        mistakes
    }
}

/// Whether an address is https and names a host by a name of the public DNS.
fn is_public(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let host = host.to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let internal = ["local", "localhost", "internal", "lan", "home", "intranet"];
    !authority.contains(['@', '[', '\\'])
        && host.contains('.')
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !internal.contains(&last)
}

impl Read for Pattern {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let names = Pattern::ALL.map(Pattern::name);
        named(value, reader, "un pattern di sicurezza", &names, |text| {
            Pattern::ALL.into_iter().find(|one| one.name() == text)
        })
    }
}

impl Read for Reference {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let names = Reference::ALL.map(Reference::name);
        named(
            value,
            reader,
            "un riferimento alla chiave",
            &names,
            |text| Reference::ALL.into_iter().find(|one| one.name() == text),
        )
    }
}

impl Read for AcceptedAlgorithm {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let names = Algorithm::ALL.map(Algorithm::name);
        named(value, reader, "un algoritmo di firma", &names, |text| {
            Algorithm::named(text).map(AcceptedAlgorithm)
        })
    }
}

impl Read for BTreeMap<Operation, BTreeSet<Pattern>> {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let mut table = value.table(reader)?;
        let mut read = Vec::new();
        for operation in Operation::ALL {
            if let Some(patterns) = table.values(operation.name()).next() {
                let patterns: Option<BTreeSet<Pattern>> = reader.below(operation.name(), patterns);
                read.push(patterns.map(|patterns| (operation, patterns)));
            }
        }
        table.finish(reader);
        read.into_iter().collect()
    }
}

/// Reads one of several names.
fn named<T>(
    value: Value<'_>,
    reader: &mut Reader,
    what: &str,
    names: &[&'static str],
    find: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let hint = value
        .text()
        .and_then(|text| most_similar(text, names.iter().copied()))
        .map(|similar| format!(" (forse «{similar}»)"))
        .unwrap_or_default();
    let expected = format!("{what} fra {}{hint}", names.join(", "));
    value.parse(reader, &expected, find)
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for AcceptedAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

fn addresses_only<S: Serializer>(
    addresses: &BTreeMap<String, PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.keys())
}

#[cfg(test)]
mod tests {
    use super::is_public;

    #[test]
    fn addresses_of_certificates_are_https_and_public_names() {
        assert!(is_public("https://pki.portale.example/firma.pem"));
        assert!(is_public("https://pki.portale.example:8443/firma.pem"));
        for address in [
            "http://pki.portale.example/firma.pem",
            "https://127.0.0.1/x",
            "https://[::1]/x",
            "https://10.0.0.1:8443/x",
            "https://localhost/x",
            "https://server/x",
            "https://pki.portale.example@169.254.169.254/x",
            "https://metadata.internal/x",
            "file:///etc/passwd",
        ] {
            assert!(!is_public(address), "{address}");
        }
    }
}
