//! Names of nightly files: text, the ente's codes, the date, and `*` for whatever else stands there.

use chrono::NaiveDate;

use crate::connectors::instance::Tenant;
use crate::connectors::mapping::dates::{self, DateForm};

/// What stands for the date.
const DATE: &str = "yyyyMMdd";

/// A name as an adapter writes it: `ANA_PER_{{ente.codice_belfiore}}_yyyyMMdd*.txt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Istat,
    Belfiore,
    Value(String),
    Date,
    Any,
}

impl NamePattern {
    /// Reads a pattern; `Err` says in Italian what is wrong. Values of the ente must be among those declared.
    pub fn parse(text: &str, declared: impl Fn(&str) -> bool) -> Result<NamePattern, String> {
        if text.contains(['/', '\\']) || text.starts_with('.') {
            return Err("il nome di un file, senza cartelle".to_owned());
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix("{{") {
                let (name, after) = inner.split_once("}}").ok_or("«{{» senza «}}»".to_owned())?;
                pieces.push(match name.trim() {
                    "ente.codice_istat" => Piece::Istat,
                    "ente.codice_belfiore" => Piece::Belfiore,
                    other => match other.strip_prefix("ente.") {
                        Some(key) if declared(key) => Piece::Value(key.to_owned()),
                        _ => return Err(format!("«{other}» non è un valore dell'ente")),
                    },
                });
                rest = after;
            } else if let Some(after) = rest.strip_prefix(DATE) {
                pieces.push(Piece::Date);
                rest = after;
            } else if let Some(after) = rest.strip_prefix('*') {
                pieces.push(Piece::Any);
                rest = after;
            } else {
                let ends = ["{{", DATE, "*"]
                    .into_iter()
                    .filter_map(|end| rest.find(end));
                let end = ends.min().unwrap_or(rest.len());
                pieces.push(Piece::Text(rest[..end].to_owned()));
                rest = &rest[end..];
            }
        }
        // The day that the data describe stands nowhere else.
        match pieces.iter().filter(|piece| **piece == Piece::Date).count() {
            1 => Ok(NamePattern { pieces }),
            _ => Err(format!(
                "la data del nome, {DATE}, serve una volta: senza non si sa a che giorno si riferiscono i dati"
            )),
        }
    }

    /// The date of a name that fits for the ente; a name whose date is none does not fit.
    pub fn date_of(&self, name: &str, tenant: &Tenant) -> Option<NaiveDate> {
        fits(&self.pieces, name, tenant, None)
    }
}

fn fits(
    pieces: &[Piece],
    name: &str,
    tenant: &Tenant,
    date: Option<NaiveDate>,
) -> Option<NaiveDate> {
    let Some((piece, rest)) = pieces.split_first() else {
        return date.filter(|_| name.is_empty());
    };
    let text = match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Istat => tenant.codice_istat.as_str(),
        Piece::Belfiore => &tenant.codice_belfiore,
        Piece::Value(key) => tenant.values.get(key)?,
        Piece::Date => {
            let (day, after) = name.split_at_checked(DATE.len())?;
            let day = dates::read(day, &[DateForm::Compact]).ok()??;
            return fits(rest, after, tenant, Some(day));
        }
        Piece::Any => {
            let ends = name.char_indices().map(|(at, _)| at).chain([name.len()]);
            return ends
                .into_iter()
                .find_map(|end| fits(rest, &name[end..], tenant, date));
        }
    };
    fits(rest, name.strip_prefix(text)?, tenant, date)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::luogo::CodiceIstat;

    fn tenant() -> Tenant {
        Tenant {
            codice_istat: CodiceIstat::parse("013075").expect("a code"),
            codice_belfiore: "C933".to_owned(),
            values: [("banca".to_owned(), "x1".to_owned())].into(),
        }
    }

    fn date(pattern: &str, name: &str) -> Option<NaiveDate> {
        let pattern = NamePattern::parse(pattern, |key| key == "banca").expect("a pattern");
        pattern.date_of(name, &tenant())
    }

    #[test]
    fn a_name_fits_only_with_the_codes_of_its_ente_and_a_date_that_is_one() {
        let pattern = "ANA_PER_{{ente.codice_belfiore}}_yyyyMMdd*.txt";
        let day = NaiveDate::from_ymd_opt(2026, 3, 1);
        assert_eq!(date(pattern, "ANA_PER_C933_20260301.txt"), day);
        assert_eq!(date(pattern, "ANA_PER_C933_20260301_0210.txt"), day);
        for other in [
            "ANA_PER_B639_20260301.txt",
            "ANA_PER_C933_20260231.txt",
            "ANA_PER_C933_00000000.txt",
            "ANA_PER_C933_20260301.txt.ok",
            "ANA_PER_C933_20260301.csv",
        ] {
            assert_eq!(date(pattern, other), None, "{other}");
        }
        assert_eq!(date("{{ente.banca}}-yyyyMMdd", "x1-20260301"), day);
    }

    #[test]
    fn a_pattern_without_a_date_or_with_a_folder_is_refused() {
        for wrong in [
            "soggetti.txt",
            "a/yyyyMMdd.txt",
            "yyyyMMdd{{ente.x}}",
            "yyyyMMddyyyyMMdd",
        ] {
            assert!(NamePattern::parse(wrong, |_| false).is_err(), "{wrong}");
        }
    }
}
