//! Whose fault a refusal is.

/// The side at fault (`lato`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The portal: the request must change.
    Portale,
    /// The gateway: call its operator.
    Gateway,
    /// The ente's system: wait, or call the ente.
    Ente,
}

impl Side {
    /// The side's name in problems and records.
    pub fn name(self) -> &'static str {
        match self {
            Side::Portale => "portale",
            Side::Gateway => "gateway",
            Side::Ente => "ente",
        }
    }
}
