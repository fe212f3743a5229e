//! Reads the rules about what an answer means.

use std::time::Duration;

use super::{Workshop, list, word};
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::config::reading::{Read, Reader};
use crate::config::units::Span;
use crate::connectors::error::Retry;
use crate::connectors::mapping::outcome::{Outcome, VERDICTS, Verdict};

/// One rule.
pub fn outcome(
    mut table: Table<'_>,
    workshop: &mut Workshop<'_>,
    reader: &mut Reader,
) -> Option<Outcome> {
    let base = workshop.base;
    let place = table.place();
    let status = list(table.values("status").next(), reader, |value, reader| {
        let status: u32 = Read::read(value, reader)?;
        let fits = u16::try_from(status)
            .ok()
            .filter(|status| (100..600).contains(status));
        if fits.is_none() {
            reader.mistake(&value.place(), "non è uno stato HTTP");
        }
        fits
    });
    let fault = table.values("fault").next().map(|value| {
        let faults = list(Some(value), reader, |value, reader| {
            workshop.template(value, reader)
        });
        (!faults.is_empty()).then_some(faults)
    });
    let skewed = skewed(&mut table, workshop, reader);
    let when = list(table.values("when").next(), reader, |value, reader| {
        workshop.condition(value, base, reader)
    });
    let verdict: Option<Verdict> = if let Some(value) = table.values("then").next() {
        word(value, reader, &VERDICTS)
    } else {
        let text = "manca «then»: che cosa vuol dire questa risposta";
        if let Some(place) = &place {
            reader.mistake(place, text);
        }
        None
    };
    let retry = table
        .values("retry")
        .next()
        .map(|value| retry(value, reader));
    let code = workshop.optional(&mut table, "code", base, reader);
    table.finish(reader);
    if status.is_empty() && fault.is_none() && when.is_empty() {
        let text = "una regola senza «status», «fault» o «when» varrebbe per ogni risposta";
        if let Some(place) = &place {
            reader.mistake(place, text);
        }
    }
    Some(Outcome {
        status,
        fault: match fault {
            Some(texts) => Some(texts?),
            None => None,
        },
        skewed: skewed?,
        when,
        verdict: verdict?,
        retry: match retry {
            Some(retry) => Some(retry?),
            None => None,
        },
        code,
    })
}

/// `skewed = true` needs a product that is told the instant of requests.
fn skewed(table: &mut Table<'_>, workshop: &Workshop<'_>, reader: &mut Reader) -> Option<bool> {
    let place = table.values("skewed").next().map(Value::place);
    let skewed = table.or("skewed", false, reader)?;
    if let (true, false, Some(place)) = (skewed, workshop.has_clock(), place) {
        reader.mistake(
            &place,
            "vuole [now] in adapter.toml: senza istanti gli orologi non contano",
        );
        return None;
    }
    Some(skewed)
}

fn retry(value: Value<'_>, reader: &mut Reader) -> Option<Retry> {
    let expected = "\"never\", \"now\" o una durata come \"30s\"";
    value.parse(reader, expected, |text| match text {
        "never" => Some(Retry::Never),
        "now" => Some(Retry::Now),
        duration => Span::parse(duration).map(|Span(after): Span| {
            let after: Duration = after;
            Retry::After(after)
        }),
    })
}
