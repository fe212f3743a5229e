//! Money: exact decimals inside, `{"importo": "12.34", "valuta": "EUR"}` outside (RAC_GEN_FORMAT_005).

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount in euros with two decimals, never floating point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Importo {
    /// Importo con due decimali e il punto come separatore.
    #[schema(value_type = String, pattern = "^-?[0-9]{1,15}\\.[0-9]{2}$", example = "128.50")]
    #[serde(with = "rust_decimal::serde::str")]
    importo: Decimal,
    /// Valuta secondo ISO 4217.
    #[schema(example = "EUR")]
    valuta: Valuta,
}

/// ISO 4217 code; the euro is the only currency of Italian local taxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Valuta {
    /// Euro.
    #[serde(rename = "EUR")]
    Eur,
}

impl Importo {
    /// An amount in euros; `None` if it has more than two significant decimals or over 15 whole digits.
    pub fn euro(mut amount: Decimal) -> Option<Importo> {
        if amount.normalize().scale() > 2
            || amount.abs().trunc().normalize() >= Decimal::from(1_000_000_000_000_000_u64)
        {
            return None;
        }
        amount.rescale(2);
        Some(Importo {
            importo: amount,
            valuta: Valuta::Eur,
        })
    }

    /// The amount in euros.
    pub fn amount(&self) -> Decimal {
        self.importo
    }
}
