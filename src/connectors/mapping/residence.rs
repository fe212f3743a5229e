//! Whether a residence may be given at all: the contract's rule, kept for every adapter in one place.

use serde::Deserialize as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error;

use super::expression::Trouble;
use super::field::{Content, FieldMapping};
use crate::connectors::extract::CellRef;
use crate::connectors::template::scope::Scope;
use crate::contract::document::Entry;
use crate::contract::persona::StatoAnagrafico;

/// The field that the rule is about.
pub const RESIDENZA: &str = "residenza";

/// The field that decides; it is read for the rule also where nobody wants to see it.
pub const STATO_ANAGRAFICO: &str = "stato_anagrafico";

/// Whether a file that fills the residence also tells the state that decides about it.
pub fn is_decided<'f>(paths: impl Iterator<Item = &'f str> + Clone) -> bool {
    let mut decisive = paths.clone();
    !paths.into_iter().any(|path| path == RESIDENZA)
        || decisive.any(|path| path == STATO_ANAGRAFICO)
}

/// Whether the person has a residence that may be given, as [`StatoAnagrafico::ha_residenza`] says.
///
/// `entry` has what was written of the person before the residence: usually the state, which is then not worked out again.
pub fn may_be_given(
    fields: &[(usize, FieldMapping)],
    entry: &Entry,
    at: CellRef<'_>,
    scope: &Scope<'_>,
) -> Result<bool, Trouble> {
    let mut fields = fields.iter();
    let Some((position, stato)) = fields.find(|(_, field)| field.path == STATO_ANAGRAFICO) else {
        return Ok(false);
    };
    let written = entry.field(*position);
    let written = written.and_then(|json| json.strip_prefix(&*stato.key));
    if let Some(json) = written {
        return ha_residenza(json.trim_matches('"'));
    }
    let Content::Value(_, stato) = &stato.content else {
        return Ok(false);
    };
    match stato.value(at, scope)? {
        Some(text) => ha_residenza(&text),
        None => Ok(false),
    }
}

fn ha_residenza(stato: &str) -> Result<bool, Trouble> {
    StatoAnagrafico::deserialize(stato.into_deserializer())
        .map(StatoAnagrafico::ha_residenza)
        .map_err(|_: Error| Trouble::of("not one of the contract's words"))
}
