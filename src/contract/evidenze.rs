//! The evidence of exchanges, as portals and witnesses fetch it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Radici di una pagina al più.
pub const MASSIMO_RADICI: usize = 100;

/// Radici delle prove, per chi vuole tenerle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ElencoRadici {
    /// Le radici: di un nodo dalla più vecchia, o la più recente con il sigillo di ciascun nodo.
    #[schema(max_items = 100)]
    pub items: Vec<RadiceSigillata>,
}

/// Una radice con il suo sigillo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RadiceSigillata {
    /// Il nodo che l'ha fatta.
    #[schema(max_length = 100, example = "uno")]
    pub nodo: String,
    /// Il suo lotto, da 1 senza salti.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64, format = Int64, example = 120)]
    pub lotto: u64,
    /// I byte del documento (JSON canonico), in Base64.
    #[schema(max_length = 100_000, format = "byte", example = "eyJhbHRyaSI6W119")]
    pub documento: String,
    /// Il sigillo sul manifesto della radice (CAdES, DER), in Base64; assente finché non c'è.
    #[schema(max_length = 100_000, format = "byte", example = "MIIB")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigillo: Option<String>,
}
