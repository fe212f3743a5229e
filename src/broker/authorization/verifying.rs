//! What has to be asked to verify declarations: as much as their statements take, under the grant that lets them be verified.

use std::sync::Arc;

use crate::contract::dichiarazioni::{of_the_family, of_the_person};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::question::Parameters;

use super::Permit;

/// The Permits to ask for the person's record and for their family; none where no statement takes it.
///
/// What they allow to be fetched is compared and thrown away: the fields that may leave are those of the Permit that they are made from.
pub(in crate::broker) fn to_verify(whole: &Permit) -> (Option<Permit>, Option<Permit>) {
    let asked = |operation: Operation, fields: FieldSet| {
        let Parameters::Dichiarazioni { codice_fiscale, .. } = &whole.parameters else {
            return None;
        };
        (!fields.is_empty()).then(|| Permit {
            snapshot: Arc::clone(&whole.snapshot),
            portal: Arc::clone(&whole.portal),
            grant: whole.grant,
            operation,
            ente: whole.ente.clone(),
            parameters: Parameters::Persona {
                codice_fiscale: codice_fiscale.clone(),
            },
            fields,
            fresh: whole.fresh,
            purpose: whole.purpose.clone(),
            proven: whole.proven.clone(),
            representation: whole.representation.clone(),
        })
    };
    (
        asked(Operation::RicercaPersona, of_the_person(whole.fields)),
        asked(Operation::RicercaFamiglia, of_the_family(whole.fields)),
    )
}
