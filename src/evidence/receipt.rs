//! The receipt of an exchange: what a leaf is the hash of. Its members are the format; a change is a new `versione`.

use std::str;

use chrono::{DateTime, Utc};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::contract::instants::serialize_instant;

use super::tree::{Hash, leaf_hash};

/// The format that this program writes.
pub const VERSION: u32 = 1;

/// What one exchange was, for whoever verifies it. In canonical JSON; what does not apply is left out. Persons are in it only as they
/// are in the record: under keyed digests, in `prove`. Salts are not, so that erasing them changes no leaf.
///
/// Members stand in the order of their names, so that what serde writes is canonical already: a receipt costs no tree of values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub struct Receipt<'a> {
    /// The adapter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adattatore: Option<&'a str>,
    /// The adapter's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adattatore_versione: Option<&'a str>,
    /// `fresca`, `cache`, `scaduta`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<&'a str>,
    /// SHA-256 of its certificate.
    pub certificato: Digest,
    /// The grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concessione: Option<&'a str>,
    /// The grant's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concessione_versione: Option<u64>,
    /// SHA-256 of that configuration.
    pub configurazione: Digest,
    /// ISTAT code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ente: Option<&'a str>,
    /// `risposto`, or the slug of the problem.
    pub esito: &'a str,
    /// Age of the answer in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta_secondi: Option<u64>,
    /// The purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalita: Option<&'a str>,
    /// `intestazione` or `voucher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finalita_origine: Option<&'a str>,
    /// When the answer was ready.
    #[serde(serialize_with = "serialize_instant")]
    pub fine: DateTime<Utc>,
    /// Generation of the configuration in force.
    pub generazione: u64,
    /// When the request's head was read: RFC 3339, UTC, to the microsecond.
    #[serde(serialize_with = "serialize_instant")]
    pub inizio: DateTime<Utc>,
    /// The side at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lato: Option<&'a str>,
    /// The month of its number, `2026-11`, UTC.
    pub mese: &'a str,
    /// The node that carried it out. Each month of it has a series of its own.
    pub nodo: &'a str,
    /// The operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operazione: Option<&'a str>,
    /// The exchange whose call to the back end the answer comes from, or that opened the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origine: Option<Uuid>,
    /// The exchange with several enti that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padre: Option<Uuid>,
    /// The portal; absent when the certificate belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub portale: Option<&'a str>,
    /// The tokens that it came with, by kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prove: Vec<TokenEvidence<'a>>,
    /// The request's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub richiesta: Option<BodyDigest>,
    /// What went to the back end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub richiesta_ente: Option<BodyDigest>,
    /// The reply's body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risposta: Option<BodyDigest>,
    /// What came from the back end, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risposta_ente: Option<BodyDigest>,
    /// The exchange's number.
    pub scambio: Uuid,
    /// Its place in that series, from 1 without a gap.
    pub sequenza: u64,
    /// HTTP status of the answer.
    pub stato: u16,
    /// [`VERSION`].
    pub versione: u32,
}

/// 32 bytes, written in hexadecimal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

/// A body under its salted digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BodyDigest {
    /// Bytes of the body.
    pub byte: u64,
    /// SHA-256(salt ‖ body); the salt has 32 bytes.
    pub sha256: Digest,
}

/// What a token proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenEvidence<'a> {
    /// The `kid` that it named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chiave: Option<&'a str>,
    /// Of a voucher: which e-service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eservice: Option<&'a str>,
    /// Of a voucher: who consumes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fruitore: Option<&'a str>,
    /// Its `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'a str>,
    /// The thumbprint (RFC 7638) of the key that signed it.
    pub impronta: Digest,
    /// The pattern, by its name in the norm.
    pub modello: &'a str,
    /// The keyed digest of the person whom it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persona: Option<Digest>,
    /// The version of that digest's secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persona_chiave: Option<u64>,
    /// `id_auth`, `integrity`, `audit`.
    pub tipo: &'a str,
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(S::Error::custom)?;
        serializer.serialize_str(str::from_utf8(&digits).map_err(S::Error::custom)?)
    }
}

impl Receipt<'_> {
    /// The bytes that are hashed and handed out.
    pub fn bytes(&self) -> Vec<u8> {
        // Most are between 900 and 1400 bytes.
        let mut bytes = Vec::with_capacity(1_536);
        serde_json::to_writer(&mut bytes, self).expect("texts and numbers are always JSON");
        bytes
    }

    /// Its leaf.
    pub fn leaf(&self) -> Hash {
        leaf_hash(&self.bytes())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn at(microsecond: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(1_795_478_400_000_000 + microsecond).expect("an instant")
    }

    pub fn refused(sequenza: u64) -> Receipt<'static> {
        Receipt {
            versione: VERSION,
            scambio: uuid::uuid!("019abc00-0000-7000-8000-000000000001"),
            padre: None,
            nodo: "a",
            mese: "2026-11",
            sequenza,
            inizio: at(1),
            fine: at(2),
            portale: Some("sportello"),
            certificato: Digest([0; 32]),
            ente: Some("013075"),
            operazione: Some("anagrafe.ricerche-persona"),
            concessione: None,
            concessione_versione: None,
            generazione: 3,
            configurazione: Digest([0x11; 32]),
            finalita: None,
            finalita_origine: None,
            adattatore: None,
            adattatore_versione: None,
            cache: None,
            eta_secondi: None,
            origine: None,
            prove: Vec::new(),
            richiesta: Some(BodyDigest {
                sha256: Digest([0x22; 32]),
                byte: 41,
            }),
            richiesta_ente: None,
            risposta_ente: None,
            risposta: None,
            esito: "concessione-assente",
            lato: Some("portale"),
            stato: 403,
        }
    }

    #[test]
    fn a_receipt_has_the_documented_bytes_and_leaf() {
        let receipt = refused(7);
        let expected = [
            "{\"certificato\":\"",
            &"00".repeat(32),
            "\",\"configurazione\":\"",
            &"11".repeat(32),
            "\",\"ente\":\"013075\",\"esito\":\"concessione-assente\",\"fine\":\"2026-11-24T00:00:00.000002Z\",\"generazione\":3,",
            "\"inizio\":\"2026-11-24T00:00:00.000001Z\",\"lato\":\"portale\",\"mese\":\"2026-11\",\"nodo\":\"a\",",
            "\"operazione\":\"anagrafe.ricerche-persona\",\"portale\":\"sportello\",\"richiesta\":{\"byte\":41,\"sha256\":\"",
            &"22".repeat(32),
            "\"},\"scambio\":\"019abc00-0000-7000-8000-000000000001\",\"sequenza\":7,\"stato\":403,\"versione\":1}",
        ]
        .concat();
        let bytes = receipt.bytes();
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), expected);
        let leaf = leaf_hash(expected.as_bytes());
        assert_eq!(receipt.leaf(), leaf);
        assert_ne!(refused(8).leaf(), leaf);
    }

    #[test]
    fn what_is_written_in_one_go_is_canonical() {
        let digest = || {
            Some(BodyDigest {
                byte: 41,
                sha256: Digest([0x22; 32]),
            })
        };
        let token = TokenEvidence {
            chiave: Some("k\u{e0}\"\u{1f600}\u{7}"),
            eservice: Some("e"),
            fruitore: Some("f"),
            id: Some("j"),
            impronta: Digest([0x44; 32]),
            modello: "AUDIT_REST_01",
            persona: Some(Digest([0x55; 32])),
            persona_chiave: Some(1),
            tipo: "audit",
        };
        let whole = Receipt {
            padre: Some(Uuid::nil()),
            concessione: Some("c"),
            concessione_versione: Some(2),
            finalita: Some("f"),
            finalita_origine: Some("voucher"),
            adattatore: Some("a"),
            adattatore_versione: Some("1"),
            cache: Some("cache"),
            eta_secondi: Some(12),
            origine: Some(Uuid::nil()),
            prove: vec![token],
            richiesta_ente: digest(),
            risposta_ente: digest(),
            risposta: digest(),
            ..refused(1)
        };
        let canonical = crate::evidence::canonical(&whole).expect("canonical");
        assert_eq!(whole.bytes(), canonical.into_bytes());
    }
}
