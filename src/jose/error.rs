//! Why a token, a claim or a key is refused: typed, and without a word of what stood in it.

/// Why a token, a claim or a key is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum JoseError {
    /// Longer than a token may be.
    #[error("longer than a token may be")]
    TooLong,
    /// Not three parts separated by dots.
    #[error("not in compact form")]
    NotCompact,
    /// A part is not base64url without padding.
    #[error("not base64url without padding")]
    Base64,
    /// A part is not one JSON object.
    #[error("not one JSON object")]
    NotAnObject,
    /// A member stands twice in an object.
    #[error("a member twice")]
    DuplicateMember,
    /// Objects and arrays stand in each other too deeply.
    #[error("nested too deeply")]
    TooDeep,
    /// `alg` is `none`: nothing signed.
    #[error("not signed")]
    Unsigned,
    /// `alg` names a secret shared with us (HS256 and the like): we share none.
    #[error("signed with a shared secret")]
    SharedSecret,
    /// `alg` is unknown, or not among those accepted from this peer.
    #[error("algorithm not accepted")]
    AlgorithmNotAccepted,
    /// `crit` names an extension, and we know none.
    #[error("critical extension unknown")]
    CriticalUnknown,
    /// `typ` is not what is expected here.
    #[error("type not accepted")]
    TypeNotAccepted,
    /// A member or claim that must be there is not.
    #[error("{0} missing")]
    Missing(&'static str),
    /// A member or claim is not of its type or form.
    #[error("{0} malformed")]
    Malformed(&'static str),
    /// The key cannot be used: its type, size, curve or declared use.
    #[error("key not accepted")]
    KeyNotAccepted,
    /// The algorithm is not one of the key.
    #[error("algorithm and key do not go together")]
    KeyMismatch,
    /// The signature is not that of the key over these bytes.
    #[error("signature wrong")]
    SignatureWrong,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `nbf` is still to come.
    #[error("not valid yet")]
    NotYetValid,
    /// `iat` lies in the future.
    #[error("issued in the future")]
    IssuedInFuture,
    /// `iat` lies back further than accepted.
    #[error("issued too long ago")]
    TooOld,
    /// `aud` names somebody else.
    #[error("meant for another audience")]
    AudienceWrong,
    /// `aud` names others beside us.
    #[error("meant for several audiences")]
    AudienceShared,
}

impl JoseError {
    /// The label in metrics and records: small letters and underscores.
    pub fn name(self) -> &'static str {
        match self {
            JoseError::TooLong => "too_long",
            JoseError::NotCompact => "not_compact",
            JoseError::Base64 => "base64",
            JoseError::NotAnObject => "not_an_object",
            JoseError::DuplicateMember => "duplicate_member",
            JoseError::TooDeep => "too_deep",
            JoseError::Unsigned => "unsigned",
            JoseError::SharedSecret => "shared_secret",
            JoseError::AlgorithmNotAccepted => "algorithm_not_accepted",
            JoseError::CriticalUnknown => "critical_unknown",
            JoseError::TypeNotAccepted => "type_not_accepted",
            JoseError::Missing(_) => "missing",
            JoseError::Malformed(_) => "malformed",
            JoseError::KeyNotAccepted => "key_not_accepted",
            JoseError::KeyMismatch => "key_mismatch",
            JoseError::SignatureWrong => "signature_wrong",
            JoseError::Expired => "expired",
            JoseError::NotYetValid => "not_yet_valid",
            JoseError::IssuedInFuture => "issued_in_future",
            JoseError::TooOld => "too_old",
            JoseError::AudienceWrong => "audience_wrong",
            JoseError::AudienceShared => "audience_shared",
        }
    }
}
