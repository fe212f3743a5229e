//! Reads where rows stand, and what none or several of them mean.

use super::{NO_ROWS, Workshop, list, word};
use crate::config::reading::Reader;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::rows::{OneSubject, Rows, Several};

#[derive(Clone, Copy, PartialEq)]
enum SeveralWord {
    Ambiguous,
    All,
}

const SEVERAL: [(&str, SeveralWord); 2] = [
    ("ambiguous", SeveralWord::Ambiguous),
    ("all", SeveralWord::All),
];

/// The rows; absent: the whole answer is one.
pub fn rows(
    table: &mut Table<'_>,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Rows> {
    let place = table.place();
    let rows = table.values("rows").next();
    let none = table.values("none").next();
    let several = table.values("several").next();
    let one_subject = table.values("one_subject").next();
    let asked = table.values("asked").next();
    let once = table.values("once").next();
    let includes = table.values("includes").next();
    let Some(rows) = rows else {
        let without = [none, several, one_subject, asked, once, includes]
            .into_iter()
            .flatten();
        for value in without {
            reader.mistake(&value.place(), "senza «rows» non ha senso");
        }
        return None;
    };
    let each = workshop.path(rows, workshop.base, reader)?;
    let none = if let Some(value) = none {
        word(value, reader, &NO_ROWS)
    } else {
        if let Some(place) = place {
            let text = "manca «none»: che cosa vuol dire che non c'è nessuna riga";
            reader.mistake(&place, text);
        }
        None
    };
    let several = match (several, one_subject) {
        (None, None) => Some(Several::Ambiguous),
        (Some(value), None) => word(value, reader, &SEVERAL).map(|word| match word {
            SeveralWord::Ambiguous => Several::Ambiguous,
            SeveralWord::All => Several::All,
        }),
        (None, Some(value)) => one_subject_rule(value, each, workshop, reader),
        (Some(value), Some(_)) => {
            reader.mistake(&value.place(), "«several» e [one_subject] si escludono");
            None
        }
    };
    let asked = match asked {
        Some(value) => Some(workshop.expression(value, each, reader)?),
        None => None,
    };
    let once = match once {
        Some(value) => Some(workshop.expression(value, each, reader)?),
        None => None,
    };
    let includes = match includes {
        Some(value) if !matches!(several, Some(Several::All)) => {
            let text = "«includes» va con several = \"all\": di una riga sola lo dice «asked»";
            reader.mistake(&value.place(), text);
            None
        }
        Some(value) => Some(workshop.expression(value, each, reader)?),
        None => None,
    };
    Some(Rows {
        each,
        once,
        none: none?,
        several: several?,
        asked,
        includes,
    })
}

fn one_subject_rule(
    value: Value<'_>,
    each: NodeId,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Several> {
    let mut table = value.table(reader)?;
    let same = workshop.required(&mut table, "same", each, reader);
    let registration = workshop.optional(&mut table, "registration", each, reader);
    let prefer = list(table.values("prefer").next(), reader, |value, reader| {
        workshop.condition(value, each, reader)
    });
    let latest = workshop.optional(&mut table, "latest", each, reader);
    table.finish(reader);
    Some(Several::OneSubject(Box::new(OneSubject {
        same: same?,
        registration,
        prefer,
        latest,
    })))
}
