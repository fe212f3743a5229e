//! An officer's answer: the fields of the contract as a form asks for them, and what was filled in, checked like a back end's.

use std::collections::BTreeMap;
use std::convert::Infallible;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;

use super::call::Answer;
use super::mapping::canonical::{Kind, fields};
use super::mapping::field::write_in_form;
use super::places::{self, Told};
use crate::contract::document::{Document, Entry};
use crate::contract::operation::{FieldSet, Operation};
use crate::contract::persona::StatoAnagrafico;
use crate::contract::provenienza::Fonte;

/// What an officer says, as an answer of that instant.
pub fn answer(document: Document, now: DateTime<Utc>) -> Answer {
    Answer {
        document,
        fonte: Fonte::Operatore,
        data_riferimento: now.with_timezone(&Rome).date_naive(),
        rilevato_il: now,
        is_overdue: false,
        unavailable: FieldSet::NONE,
    }
}

/// What a form asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// Its name: the field's path in the contract; a place has one for its code and one for its name.
    pub path: &'static str,
    /// Which part of a place.
    pub part: Part,
    /// What may stand in it.
    pub kind: Expected,
}

/// Which part of a place an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The field is no place.
    Whole,
    /// Its ISTAT code.
    Istat,
    /// Its name.
    Name,
}

/// What may stand in an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A text of at most so many characters.
    Text(usize),
    /// A date.
    Date,
    /// An amount in euros.
    Money,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// What is wrong with an input; the value is never told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The input's name.
    pub input: String,
    /// What it should be, in Italian.
    pub reason: &'static str,
}

impl Input {
    /// The name under which a form sends it.
    pub fn name(self) -> String {
        match self.part {
            Part::Whole => self.path.to_owned(),
            Part::Istat => format!("{}.codice_istat", self.path),
            Part::Name => format!("{}.denominazione", self.path),
        }
    }
}

/// What a form asks for, in the order of the contract: the wanted fields, the code asked about left out, which is known.
pub fn inputs(operation: Operation, wanted: FieldSet) -> Vec<Input> {
    let is_wanted = |path: &str| {
        let head = path.split('.').next().unwrap_or(path);
        FieldSet::of(operation, [head]).is_ok_and(|field| wanted.covers(field))
    };
    let mut inputs = Vec::new();
    for field in fields(operation) {
        if !is_wanted(field.path) {
            continue;
        }
        let mut add = |part, kind| {
            inputs.push(Input {
                path: field.path,
                part,
                kind,
            });
        };
        match field.kind {
            Kind::Text(longest) => add(Part::Whole, Expected::Text(longest)),
            Kind::Digits(count) => add(Part::Whole, Expected::Text(count)),
            Kind::Iso3 => add(Part::Whole, Expected::Text(3)),
            Kind::Date => add(Part::Whole, Expected::Date),
            Kind::Money => add(Part::Whole, Expected::Money),
            Kind::OneOf(words) => add(Part::Whole, Expected::OneOf(words)),
            Kind::Place => {
                add(Part::Istat, Expected::Text(6));
                add(Part::Name, Expected::Text(200));
            }
            Kind::CodiceFiscale
            | Kind::PartitaIva
            | Kind::Decimal(_)
            | Kind::Integer(_)
            | Kind::Truth
            | Kind::List(_)
            | Kind::Codes => {}
        }
    }
    inputs
}

/// The answer as filled in; `codes` are those of the person asked about, by their path in the contract.
pub fn document(
    operation: Operation,
    wanted: FieldSet,
    codes: &[(&str, &str)],
    texts: &BTreeMap<String, String>,
) -> Result<Document, Vec<Wrong>> {
    let mut filled = Filled {
        operation,
        texts,
        codes,
        wrong: Vec::new(),
    };
    filled.check_residence(wanted);
    let mut entry = Entry::default();
    for (position, name) in operation.fields().iter().enumerate() {
        if wanted.contains(position) {
            let Ok(()) = entry.write(position, |entry| {
                Ok::<bool, Infallible>(filled.write(name, entry))
            });
        }
    }
    // Forms send more than their inputs.
    let is_empty = |input: Input| {
        texts
            .get(&input.name())
            .is_none_or(|text| text.trim().is_empty())
    };
    let nothing = inputs(operation, wanted).into_iter().all(is_empty);
    if nothing && filled.wrong.is_empty() {
        filled.wrong.push(Wrong {
            input: String::new(),
            reason: "compilare almeno un campo",
        });
    }
    if filled.wrong.is_empty() {
        Ok(Document::of(operation, vec![entry]))
    } else {
        Err(filled.wrong)
    }
}

struct Filled<'a> {
    operation: Operation,
    texts: &'a BTreeMap<String, String>,
    codes: &'a [(&'a str, &'a str)],
    wrong: Vec<Wrong>,
}

impl Filled<'_> {
    /// What was filled in, blanks at the ends left out; `None`: nothing.
    fn text(&self, input: &str) -> Option<&str> {
        let code = self.codes.iter().find(|(path, _)| *path == input);
        let text = code.map(|(_, code)| *code);
        let text = text.or_else(|| self.texts.get(input).map(|text| text.trim()));
        text.filter(|text| !text.is_empty())
    }

    fn refuse(&mut self, input: String, reason: &'static str) {
        self.wrong.push(Wrong { input, reason });
    }

    /// The contract's rule: the last address of the dead and the untraceable is no residence.
    fn check_residence(&mut self, wanted: FieldSet) {
        let is_wanted =
            |name| FieldSet::of(self.operation, [name]).is_ok_and(|field| wanted.covers(field));
        if !is_wanted("residenza") {
            return;
        }
        let told = self
            .texts
            .iter()
            .any(|(name, text)| name.starts_with("residenza.") && !text.trim().is_empty());
        let stato = self.text("stato_anagrafico").and_then(|text| {
            serde_json::from_value::<StatoAnagrafico>(serde_json::Value::from(text)).ok()
        });
        if told && !stato.is_some_and(StatoAnagrafico::ha_residenza) {
            self.refuse(
                "stato_anagrafico".to_owned(),
                "una residenza si dà solo con lo stato anagrafico di chi ne ha una",
            );
        }
    }

    /// Writes a field of the operation; `false`: nothing of it was filled in.
    fn write(&mut self, name: &'static str, entry: &mut Entry) -> bool {
        let members: Vec<_> = fields(self.operation)
            .iter()
            .filter(|field| field.path.split('.').next() == Some(name))
            .collect();
        entry.raw(&format!("\"{name}\":"));
        if let [only] = members.as_slice()
            && only.path == name
        {
            return self.write_value(name, only.kind, entry);
        }
        entry.raw("{");
        let mut any = false;
        let mut demanded = None;
        for member in members {
            let before = entry.mark();
            let last = member.path.rsplit('.').next().unwrap_or(member.path);
            entry.raw(&format!("{}\"{last}\":", if any { "," } else { "" }));
            if self.write_value(member.path, member.kind, entry) {
                any = true;
            } else {
                entry.back_to(before);
                demanded = demanded.or(member.required.then_some(member.path));
            }
        }
        entry.raw("}");
        if let (true, Some(path)) = (any, demanded) {
            self.refuse(
                path.to_owned(),
                "serve, se è compilato ciò che lo accompagna",
            );
        }
        any
    }

    fn write_value(&mut self, path: &'static str, kind: Kind, entry: &mut Entry) -> bool {
        if matches!(kind, Kind::Place) {
            return self.write_place(path, entry);
        }
        let Some(text) = self.text(path) else {
            return false;
        };
        let text = match kind {
            Kind::Money => in_exact_form(text),
            _ => text.to_owned(),
        };
        let written = write_in_form(&text, kind, entry).is_ok();
        if !written {
            self.refuse(path.to_owned(), expected(kind));
        }
        written
    }

    fn write_place(&mut self, path: &str, entry: &mut Entry) -> bool {
        let istat_input = format!("{path}.codice_istat");
        let istat = self.text(&istat_input);
        let named = self.text(&format!("{path}.denominazione"));
        let on = match path {
            "luogo_nascita" => self.text("data_nascita").and_then(|day| day.parse().ok()),
            _ => None,
        };
        if istat.is_some_and(|code| code.len() != 6 || code.bytes().any(|b| !b.is_ascii_digit())) {
            self.refuse(istat_input, "un codice ISTAT ha sei cifre");
            return false;
        }
        let place = places::resolve(&Told {
            istat,
            belfiore: None,
            stato: None,
            denominazione: named,
            on,
        });
        match place {
            Some(place) => {
                place.write(entry);
                true
            }
            None => false,
        }
    }
}

/// An amount as people write it, `1.234,56`, or with a point alone.
fn in_exact_form(text: &str) -> String {
    match text.contains(',') {
        true => text.replace('.', "").replace(',', "."),
        false => text.to_owned(),
    }
}

fn expected(kind: Kind) -> &'static str {
    match kind {
        Kind::Date => "una data esistente, come 1980-01-31",
        Kind::Money => "un importo in euro con due decimali, come 128,50",
        Kind::Digits(_) => "solo cifre, tante quante ne servono",
        Kind::Iso3 => "il codice dello Stato, tre lettere maiuscole, come ITA",
        Kind::OneOf(_) => "uno dei valori elencati",
        Kind::Text(_) => "un testo più corto",
        _ => "un valore nella forma prevista",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn persona(pairs: &[(&str, &str)]) -> Result<String, Vec<Wrong>> {
        let operation = Operation::RicercaPersona;
        let wanted = FieldSet::all(operation);
        let codes = [("codice_fiscale", "RSSMRA80A01C933H")];
        let document = document(operation, wanted, &codes, &texts(pairs))?;
        let mut out = Vec::new();
        document.write_cut(wanted, &mut out);
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn what_is_filled_in_is_the_contracts_document() {
        let written = persona(&[
            ("cognome", " ROSSI "),
            ("nome", ""),
            ("data_nascita", "1980-01-01"),
            ("luogo_nascita.codice_istat", "013075"),
            ("stato_anagrafico", "residente"),
            ("residenza.indirizzo", "VIA \"NUOVA\" 1"),
            ("stato_civile.codice", "2"),
        ]);
        let persona: crate::contract::persona::Persona =
            serde_json::from_str(&written.expect("a document")).expect("the contract's form");
        assert_eq!(persona.codice_fiscale.as_deref(), Some("RSSMRA80A01C933H"));
        assert_eq!(persona.cognome.as_deref(), Some("ROSSI"));
        assert_eq!(persona.nome, None);
        let born = persona.luogo_nascita.expect("a place");
        assert_eq!(born.codice_belfiore.as_deref(), Some("C933"));
        let lives = persona.residenza.expect("a residence");
        assert_eq!(lives.indirizzo.as_deref(), Some("VIA \"NUOVA\" 1"));
    }

    #[test]
    fn every_mistake_names_its_input_and_no_value() {
        let wrong = persona(&[
            ("data_nascita", "31/02/1980"),
            ("luogo_nascita.codice_istat", "13075"),
            ("sesso", "X"),
            ("residenza.cap", "221"),
            ("stato_civile.descrizione", "Coniugato"),
        ]);
        let mut named: Vec<String> = wrong
            .expect_err("wrong")
            .into_iter()
            .map(|wrong| wrong.input)
            .collect();
        named.sort();
        assert_eq!(
            named,
            [
                "data_nascita",
                "luogo_nascita.codice_istat",
                "residenza.cap",
                "sesso",
                "stato_anagrafico",
                "stato_civile.codice"
            ]
        );
    }

    #[test]
    fn the_dead_have_no_residence_and_an_empty_form_is_no_answer() {
        let dead = persona(&[
            ("stato_anagrafico", "deceduto"),
            ("residenza.indirizzo", "VIA NUOVA 1"),
        ]);
        assert_eq!(dead.expect_err("refused")[0].input, "stato_anagrafico");
        assert!(persona(&[("cognome", " "), ("gettone", "1")]).is_err());
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let operation = Operation::RicercaPosizione;
        let wanted = FieldSet::of(operation, ["dovuto"]).expect("a field");
        for (text, exact) in [
            ("128,50", "128.50"),
            ("1.234,56", "1234.56"),
            ("97", "97.00"),
        ] {
            let filled = texts(&[("dovuto", text)]);
            let document = document(operation, wanted, &[], &filled).expect("a document");
            let mut out = Vec::new();
            document.write_cut(wanted, &mut out);
            let written = String::from_utf8(out).expect("UTF-8");
            assert!(written.contains(&format!("\"{exact}\"")), "{written}");
        }
    }

    #[test]
    fn a_form_asks_for_the_wanted_fields_alone() {
        let operation = Operation::RicercaPersona;
        let wanted = FieldSet::of(operation, ["codice_fiscale", "cognome", "residenza"]);
        let names: Vec<String> = inputs(operation, wanted.expect("fields"))
            .into_iter()
            .map(Input::name)
            .collect();
        assert_eq!(names[0], "cognome");
        assert!(names.contains(&"residenza.comune.codice_istat".to_owned()));
        assert!(
            names
                .iter()
                .all(|name| name == "cognome" || name.starts_with("residenza."))
        );
    }
}
