//! `[instance.modi]`: which tokens of the Italian interoperability model a back end demands, and by what its answers are known.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::modi::{AcceptedAlgorithm, MOST_OLD, Pattern, Reference};
use super::reading::table::Table;
use super::reading::{FromTable, Reader};
use super::units::Span;
use crate::jose::Algorithm;

/// How old an answer's token may be where the configuration does not say.
const OLDEST: Span = Span(Duration::from_mins(5));

/// How far a back end's clock may be ahead of ours where the configuration does not say.
const SKEW: Span = Span(Duration::from_secs(5));

/// `[instance.modi]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackEndModi {
    /// `aud` of our tokens.
    pub audience: String,
    /// The patterns that the back end demands.
    pub patterns: BTreeSet<Pattern>,
    /// How our tokens refer to the signer's key.
    pub reference: Reference,
    /// What the back end calls that key, for `kid`; absent: its thumbprint (RFC 7638).
    pub key_id: Option<String>,
    /// `purposeId` of the evidence; absent: none.
    pub purpose_id: Option<String>,
    /// Headers that are signed where they are sent, beside those of the norm; in small letters.
    pub signed_headers: BTreeSet<String>,
    /// By what answers are known; absent: they are not signed.
    pub answers: Option<SignedAnswers>,
}

/// `[instance.modi.answers]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedAnswers {
    /// What their tokens must name in `aud`, one of these.
    pub audience: Vec<String>,
    /// The certificates (PEM) that sign them, for `x5c` and `x5t#S256`.
    #[serde(skip_serializing)]
    pub signers: Vec<PathBuf>,
    /// The keys (JWK set) that sign them, for `kid`.
    #[serde(skip_serializing)]
    pub keys: Option<PathBuf>,
    /// The algorithms accepted.
    pub algorithms: BTreeSet<AcceptedAlgorithm>,
    /// Whether they must carry the digest of what was asked, where that had a body.
    pub request_digest: bool,
    /// How old a token may be.
    pub oldest: Span,
    /// How far the back end's clock may be ahead.
    pub skew: Span,
}

impl BackEndModi {
    /// Whether our tokens stand in `Authorization`.
    pub fn takes_authorization(&self) -> bool {
        self.demands(&[Pattern::IdAuthRest01, Pattern::IdAuthRest02])
    }

    /// Whether messages are signed.
    pub fn signs_messages(&self) -> bool {
        self.demands(&[Pattern::IntegrityRest01, Pattern::IntegrityRest02])
    }

    /// Whether the back end must be told for whom it is asked: then no answer may serve another request.
    pub fn names_the_asker(&self) -> bool {
        self.demands(&[Pattern::AuditRest01, Pattern::AuditRest02])
    }

    /// The files whose change calls for a new snapshot.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let answers = self.answers.iter();
        answers.flat_map(|answers| answers.signers.iter().chain(&answers.keys))
    }

    fn demands(&self, either: &[Pattern]) -> bool {
        either.iter().any(|one| self.patterns.contains(one))
    }

    /// What does not go together.
    fn mistakes(&self) -> Vec<&'static str> {
        let by_name = [Pattern::IntegrityRest02, Pattern::AuditRest02];
        [
            (
                self.audience.is_empty(),
                "«audience» è vuoto: nessuno accetterebbe i token",
            ),
            (
                self.patterns.is_empty(),
                "«patterns» è vuoto: senza token si toglie tutta la tabella",
            ),
            (
                self.reference == Reference::X5u,
                "«reference» è x5c, x5t#S256 o kid: x5u farebbe chiamare un indirizzo a chi verifica",
            ),
            (
                self.demands(&by_name) && self.reference != Reference::Kid,
                "INTEGRITY_REST_02 e AUDIT_REST_02 indicano la chiave per nome: «reference» è kid",
            ),
            (
                self.key_id.is_some() && self.reference != Reference::Kid,
                "«key_id» serve solo con «reference» kid",
            ),
            (
                self.purpose_id.is_some() && !self.names_the_asker(),
                "«purpose_id» sta nell'evidenza di AUDIT_REST, che qui non è richiesta",
            ),
            (
                !self.signed_headers.is_empty() && !self.signs_messages(),
                "«signed_headers» sta nella firma di INTEGRITY_REST, che qui non è richiesta",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, text)| wrong.then_some(text))
        .collect()
    }
}

impl SignedAnswers {
    /// The algorithms accepted, as tokens are read with them.
    pub fn accepted(&self) -> Vec<Algorithm> {
        self.algorithms.iter().map(|one| one.0).collect()
    }

    fn mistakes(&self) -> Vec<&'static str> {
        [
            (
                self.audience.is_empty(),
                "«audience» è vuoto: nessuna risposta sarebbe accettata",
            ),
            (
                self.signers.is_empty() && self.keys.is_none(),
                "servono i certificati in «signers» o le chiavi in «keys»: nessuna risposta sarebbe accettata",
            ),
            (
                self.algorithms.is_empty(),
                "«algorithms» è vuoto: nessuna risposta sarebbe accettata",
            ),
            (
                self.oldest.0 > MOST_OLD || self.oldest.0.is_zero(),
                "«oldest» va da 1s a 1h",
            ),
            (
                self.skew.0 > Duration::from_mins(1),
                "«skew» è al più 60s",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, text)| wrong.then_some(text))
        .collect()
    }
}

impl FromTable for BackEndModi {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let audience = table.required("audience", reader);
        let patterns = table.required("patterns", reader);
        let reference = table.or("reference", Reference::X5c, reader);
        let key_id = table.optional("key_id", reader);
        let purpose_id = table.optional("purpose_id", reader);
        let signed_headers: Option<BTreeSet<String>> = table.or_default("signed_headers", reader);
        let answers = table.optional("answers", reader);
        let place = table.place();
        table.finish(reader);
        let modi = BackEndModi {
            audience: audience?,
            patterns: patterns?,
            reference: reference?,
            key_id,
            purpose_id,
            signed_headers: signed_headers?
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect(),
            answers,
        };
        let mistakes = modi.mistakes();
        if let Some(place) = place {
            for text in &mistakes {
                reader.mistake(&place, (*text).to_owned());
            }
        }
        mistakes.is_empty().then_some(modi)
    }
}

impl FromTable for SignedAnswers {
    fn from_table(mut table: Table<'_>, reader: &mut Reader) -> Option<Self> {
        let audience: Option<BTreeSet<String>> = table.required("audience", reader);
        let signers = table.or_default("signers", reader);
        let keys = table.optional("keys", reader);
        let all = Algorithm::ALL.map(AcceptedAlgorithm).into();
        let algorithms = table.or("algorithms", all, reader);
        let request_digest = table.or("request_digest", true, reader);
        let oldest = table.or("oldest", OLDEST, reader);
        let skew = table.or("skew", SKEW, reader);
        let place = table.place();
        table.finish(reader);
        let answers = SignedAnswers {
            audience: audience?.into_iter().collect(),
            signers: signers?,
            keys,
            algorithms: algorithms?,
            request_digest: request_digest?,
            oldest: oldest?,
            skew: skew?,
        };
        let mistakes = answers.mistakes();
        if let Some(place) = place {
            for text in &mistakes {
                reader.mistake(&place, (*text).to_owned());
            }
        }
        mistakes.is_empty().then_some(answers)
    }
}
