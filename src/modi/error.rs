//! Why a message does not prove what it should: typed, in the words that portals read, and without a word of anybody.

use super::message::TokenKind;
use crate::config::modi::Pattern;
use crate::jose::JoseError;
use crate::trust::Distrust;

/// Why a message is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", .kind.name())]
pub struct ModiError {
    /// The token at fault.
    pub kind: TokenKind,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a token, or with the message that it speaks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is demanded, and was not sent.
    #[error("absent, demanded by {}", .0.name())]
    Absent(Pattern),
    /// A header was sent twice.
    #[error("a header twice")]
    HeaderTwice,
    /// A header is not text.
    #[error("a header that is no text")]
    HeaderUnreadable,
    /// `Authorization` is of another scheme.
    #[error("not a bearer token")]
    NotBearer,
    /// The token itself.
    #[error("{0}")]
    Jose(#[from] JoseError),
    /// It names no key in the way that is demanded.
    #[error("no reference to its key")]
    ReferenceAbsent,
    /// It names its key in a way that is not accepted from this portal.
    #[error("reference not accepted")]
    ReferenceNotAccepted,
    /// It names two different keys.
    #[error("references to different keys")]
    ReferencesDiffer,
    /// Its `x5u` is not one of the portal's addresses.
    #[error("address of the certificate not accepted")]
    AddressNotAccepted,
    /// The key is not one of the portal's.
    #[error("signer unknown")]
    SignerUnknown,
    /// The signer's certificate is not trusted.
    #[error("signer's certificate not trusted: {}", .0.name())]
    SignerUntrusted(Distrust),
    /// It was signed by another key than the token in `Authorization`.
    #[error("signed by another than the caller")]
    AnotherSigner,
    /// `signed_headers` is not a list of single headers.
    #[error("signed_headers malformed")]
    SignedHeadersMalformed,
    /// A header that must be signed is not.
    #[error("a header not signed")]
    HeaderNotSigned,
    /// A signed header is not the one that was received.
    #[error("a header changed")]
    HeaderChanged,
    /// There is a body and no `Digest`.
    #[error("no digest")]
    DigestAbsent,
    /// `Digest` is in no form that is known.
    #[error("digest malformed")]
    DigestMalformed,
    /// The body is another one.
    #[error("digest of another body")]
    DigestWrong,
    /// It answers another question than the one that was asked.
    #[error("answer to another question")]
    AnswerToAnotherQuestion,
    /// It was used before.
    #[error("used before")]
    Replayed,
    /// It was given to another portal, or is bound to another certificate.
    #[error("bound to another certificate")]
    AnotherHolder,
    /// It was taken back.
    #[error("taken back")]
    Revoked,
    /// The portal must show a voucher, or the proof that belongs to it, and has shown none.
    #[error("voucher absent")]
    VoucherAbsent,
    /// The voucher was given for another evidence.
    #[error("voucher of another evidence")]
    EvidenceAnother,
}

impl ModiError {
    /// The fault of a token.
    pub fn new(kind: TokenKind, fault: Fault) -> ModiError {
        ModiError { kind, fault }
    }
}

impl Fault {
    /// What the portal's operator reads.
    pub fn text(self) -> &'static str {
        match self {
            Fault::HeaderTwice => "un'intestazione è presente più volte",
            Fault::HeaderUnreadable => "un'intestazione non è testo",
            Fault::NotBearer => "lo schema non è Bearer",
            Fault::Jose(error) => of_token(error),
            Fault::ReferenceAbsent => {
                "non indica la chiave che lo ha firmato nel modo richiesto (x5c, x5t#S256, x5u o kid)"
            }
            Fault::ReferenceNotAccepted => {
                "indica la chiave in un modo che per questo portale non è ammesso"
            }
            Fault::ReferencesDiffer => "indica chiavi diverse",
            Fault::AddressNotAccepted => "l'indirizzo in x5u non è fra quelli ammessi",
            Fault::SignerUnknown => "la chiave non è fra quelle del portale",
            Fault::SignerUntrusted(why) => why.text(),
            Fault::AnotherSigner => "la chiave non è quella del token in Authorization",
            Fault::SignedHeadersMalformed => {
                "signed_headers non è un elenco di oggetti con una sola intestazione ciascuno, in lettere minuscole"
            }
            Fault::HeaderNotSigned => {
                "un'intestazione che va firmata (digest, content-type, content-encoding o un'altra concordata) non è in signed_headers"
            }
            Fault::HeaderChanged => "un'intestazione firmata non è uguale a quella ricevuta",
            Fault::DigestAbsent => "manca l'intestazione Digest del corpo",
            Fault::DigestMalformed => {
                "l'intestazione Digest non è nella forma SHA-256=<base64> (anche SHA-384 e SHA-512)"
            }
            Fault::DigestWrong => "l'intestazione Digest non corrisponde al corpo ricevuto",
            Fault::AnswerToAnotherQuestion => {
                "manca l'impronta della richiesta (request_digest), o è di un'altra richiesta"
            }
            Fault::Replayed => "è già stato usato",
            Fault::AnotherHolder => "è di un altro portale o di un altro certificato (cnf)",
            Fault::Revoked => "è stato revocato",
            Fault::Absent(_) | Fault::VoucherAbsent => "manca",
            Fault::EvidenceAnother => {
                "è legato (digest) a un'altra evidenza, o l'evidenza manca o non è accettata"
            }
        }
    }
}

fn of_token(error: JoseError) -> &'static str {
    match error {
        JoseError::TooLong => "è troppo lungo",
        JoseError::NotCompact => "non è un JWS in forma compatta",
        JoseError::Base64 => "una parte non è in base64url senza riempimento",
        JoseError::NotAnObject => "una parte non è un oggetto JSON",
        JoseError::DuplicateMember => "un membro è presente più volte nello stesso oggetto",
        JoseError::TooDeep => "gli oggetti sono annidati troppo in profondità",
        JoseError::Unsigned => "non è firmato",
        JoseError::SharedSecret => "è firmato con un segreto condiviso, che non è ammesso",
        JoseError::AlgorithmNotAccepted => "l'algoritmo di firma non è fra quelli ammessi",
        JoseError::CriticalUnknown => "chiede un'estensione (crit) che non è prevista",
        JoseError::TypeNotAccepted => "il tipo (typ) non è quello previsto",
        JoseError::Missing(_) => "manca un membro obbligatorio",
        JoseError::Malformed(_) => "un membro non ha la forma prevista",
        JoseError::KeyNotAccepted => {
            "la chiave non va bene: serve RSA di almeno 2048 bit, P-256, P-384 o P-521"
        }
        JoseError::KeyMismatch => "l'algoritmo non è quello della chiave",
        JoseError::SignatureWrong => "la firma non è valida",
        JoseError::Expired => "è scaduto",
        JoseError::NotYetValid => "non è ancora valido",
        JoseError::IssuedInFuture => "è emesso nel futuro: controllare l'orologio",
        JoseError::TooOld => "è emesso da troppo tempo",
        JoseError::AudienceWrong => "non è destinato a questo servizio (aud)",
        JoseError::AudienceShared => "è destinato anche ad altri (aud)",
    }
}

impl Fault {
    /// The member that is missing or malformed, where it is one.
    pub fn member(self) -> Option<&'static str> {
        match self {
            Fault::Jose(JoseError::Missing(name) | JoseError::Malformed(name)) => Some(name),
            _ => None,
        }
    }
}
