//! The kinds of citizens' cards, told by the policies of their authentication certificates.

/// A kind of card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardKind {
    /// Carta nazionale dei servizi.
    Cns,
    /// Carta regionale dei servizi of Lombardy.
    Crs,
    /// Carta d'identità elettronica.
    Cie,
}

/// Policies (RFC 5280, 4.2.1.4) under which authentication certificates of cards are issued.
const POLICIES: [(&str, CardKind); 4] = [
    ("1.3.76.16.2.1", CardKind::Cns),
    ("1.3.159.6.1.3.2.10", CardKind::Crs),
    ("1.3.76.12.1.1.10.2.2.10", CardKind::Crs),
    ("1.3.76.47.4", CardKind::Cie),
];

impl CardKind {
    /// The kind of a card with these policies; `None` where it is none of ours.
    pub fn of(policies: &[String]) -> Option<CardKind> {
        POLICIES
            .iter()
            .find(|(policy, _)| policies.iter().any(|one| one == policy))
            .map(|(_, kind)| *kind)
    }

    /// As the claims name it.
    pub fn name(self) -> &'static str {
        match self {
            CardKind::Cns => "cns",
            CardKind::Crs => "crs",
            CardKind::Cie => "cie",
        }
    }

    /// As citizens know it.
    pub fn text(self) -> &'static str {
        match self {
            CardKind::Cns => "Carta Nazionale dei Servizi",
            CardKind::Crs => "Carta Regionale dei Servizi",
            CardKind::Cie => "Carta d'Identità Elettronica",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_tells_the_kind() {
        let kind = |policy: &str| CardKind::of(&[policy.to_owned()]);
        assert_eq!(kind("1.3.76.16.2.1"), Some(CardKind::Cns));
        assert_eq!(kind("1.3.159.6.1.3.2.10"), Some(CardKind::Crs));
        assert_eq!(kind("1.3.76.47.4"), Some(CardKind::Cie));
        assert_eq!(kind("1.3.76.47"), None);
        assert_eq!(CardKind::of(&[]), None);
    }
}
