//! The fields of the contract that a mapping can fill, and what may stand in each.

use crate::contract::operation::Operation;

/// A field that a mapping can fill.
#[derive(Debug)]
pub struct Field {
    /// Its path from the operation's answer, or from the item of a list.
    pub path: &'static str,
    /// What may stand in it.
    pub kind: Kind,
    /// Whether the contract demands it wherever what contains it is there.
    pub required: bool,
}

/// What may stand in a field.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text of at most so many characters.
    Text(usize),
    /// 11 to 16 capital letters and digits.
    CodiceFiscale,
    /// 11 digits.
    PartitaIva,
    /// So many digits.
    Digits(usize),
    /// Three capital letters.
    Iso3,
    /// A date.
    Date,
    /// An amount in euros.
    Money,
    /// An exact decimal from 0 up to a bound.
    Decimal(u32),
    /// A whole number from 0 up to a bound.
    Integer(i32),
    /// True or false.
    Truth,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A place with its codes.
    Place,
    /// A list of objects.
    List(&'static [Field]),
    /// A list of fiscal codes.
    Codes,
}

const fn field(path: &'static str, kind: Kind) -> Field {
    Field {
        path,
        kind,
        required: false,
    }
}

const fn demanded(path: &'static str, kind: Kind) -> Field {
    Field {
        path,
        kind,
        required: true,
    }
}

const SESSI: &[&str] = &["F", "M"];
const STATI: &[&str] = &[
    "residente",
    "aire",
    "emigrato",
    "deceduto",
    "irreperibile",
    "non_residente",
    "non_dichiarato",
];

const PERSONA: &[Field] = &[
    field("codice_fiscale", Kind::CodiceFiscale),
    field("cognome", Kind::Text(200)),
    field("nome", Kind::Text(200)),
    field("sesso", Kind::OneOf(SESSI)),
    field("data_nascita", Kind::Date),
    field("luogo_nascita", Kind::Place),
    field("stato_anagrafico", Kind::OneOf(STATI)),
    field("data_decesso", Kind::Date),
    field("residenza.comune", Kind::Place),
    field("residenza.indirizzo", Kind::Text(300)),
    field("residenza.numero_civico", Kind::Text(20)),
    field("residenza.cap", Kind::Digits(5)),
    field("residenza.frazione", Kind::Text(200)),
    field("residenza.data_decorrenza_residenza", Kind::Date),
    field("cittadinanza.codice_stato", Kind::Iso3),
    field("cittadinanza.descrizione", Kind::Text(200)),
    demanded("stato_civile.codice", Kind::Text(4)),
    field("stato_civile.descrizione", Kind::Text(200)),
    demanded("relazione_parentela.codice", Kind::Text(4)),
    field("relazione_parentela.descrizione", Kind::Text(200)),
];

const POSIZIONE: &[Field] = &[
    field("contribuente.codice_fiscale", Kind::CodiceFiscale),
    field("contribuente.partita_iva", Kind::PartitaIva),
    field("contribuente.cognome", Kind::Text(200)),
    field("contribuente.nome", Kind::Text(200)),
    field("contribuente.denominazione", Kind::Text(300)),
    field("immobili", Kind::List(IMMOBILE)),
    field("utenze", Kind::List(UTENZA)),
    field("dovuto", Kind::Money),
    field("versamenti", Kind::List(VERSAMENTO)),
];

const IMMOBILE: &[Field] = &[
    field("catasto.sezione", Kind::Text(10)),
    field("catasto.foglio", Kind::Text(10)),
    field("catasto.particella", Kind::Text(10)),
    field("catasto.subalterno", Kind::Text(10)),
    field("catasto.categoria", Kind::Text(10)),
    field("indirizzo", Kind::Text(300)),
    field("rendita", Kind::Money),
    field("percentuale_possesso", Kind::Decimal(100)),
    field("mesi_possesso", Kind::Integer(12)),
    field("abitazione_principale", Kind::Truth),
    field("contitolari", Kind::Codes),
];

const UTENZA: &[Field] = &[
    field("identificativo", Kind::Text(40)),
    field("domestica", Kind::Truth),
    field("categoria", Kind::Text(100)),
    field("superficie_mq", Kind::Decimal(9_999_999)),
    field("occupanti", Kind::Integer(999)),
    field("indirizzo", Kind::Text(300)),
    field("data_inizio", Kind::Date),
    field("data_fine", Kind::Date),
    field("catasto.sezione", Kind::Text(10)),
    field("catasto.foglio", Kind::Text(10)),
    field("catasto.particella", Kind::Text(10)),
    field("catasto.subalterno", Kind::Text(10)),
    field("catasto.categoria", Kind::Text(10)),
];

const VERSAMENTO: &[Field] = &[
    demanded("data", Kind::Date),
    demanded("importo", Kind::Money),
    field("codice_tributo", Kind::Text(4)),
];

const STATI_PRATICA: &[&str] = &["ACQUISITA", "IN_ELABORAZIONE", "ACCETTATA", "RIGETTATA"];

const ESITO: &[Field] = &[
    field("pratica.identificativo", Kind::Text(100)),
    demanded("pratica.stato", Kind::OneOf(STATI_PRATICA)),
];

/// The fields of an operation's answer; for a family, of each member.
pub fn fields(operation: Operation) -> &'static [Field] {
    match operation {
        Operation::Enti
        | Operation::Ente
        | Operation::Servizi
        | Operation::RicercaAccessi
        | Operation::VerificaDichiarazione => &[],
        Operation::RicercaPersona
        | Operation::RicercaFamiglia
        | Operation::RecapitoAnpr
        | Operation::FamigliaAnpr => PERSONA,
        Operation::RicercaPosizione | Operation::RicercaPosizioneInEnti => POSIZIONE,
        Operation::VariazioneSuperficie => ESITO,
    }
}

/// Whether the operation's answer is a list, one entry per row.
pub fn is_list(operation: Operation) -> bool {
    operation.tells_a_family()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::connectors::mapping::expression::Trouble;
    use crate::connectors::mapping::field::write_in_form;
    use crate::contract::document::{Document, Entry};
    use crate::contract::operation::FieldSet;
    use crate::contract::persona::Persona;
    use crate::contract::posizione::Posizione;
    use crate::contract::pratica::EsitoScrittura;

    fn sample(kind: Kind) -> Value {
        match kind {
            Kind::Text(_) => json!("A"),
            Kind::CodiceFiscale => json!("RSSMRA80A01C933H"),
            Kind::PartitaIva => json!("86334519757"),
            Kind::Digits(count) => json!("1".repeat(count)),
            Kind::Iso3 => json!("ITA"),
            Kind::Date => json!("1980-01-01"),
            Kind::Money => json!({"importo": "1.00", "valuta": "EUR"}),
            Kind::Decimal(_) => json!("1.5"),
            Kind::Integer(_) => json!(1),
            Kind::Truth => json!(true),
            Kind::OneOf(words) => json!(words[0]),
            Kind::Place => json!({"codice_istat": "013075"}),
            Kind::List(fields) => json!([filled(fields)]),
            Kind::Codes => json!(["RSSMRA80A01C933H"]),
        }
    }

    fn filled(fields: &[Field]) -> Value {
        let mut object = Map::new();
        for field in fields {
            let mut inner = &mut object;
            let mut names = field.path.split('.').peekable();
            while let Some(name) = names.next() {
                if names.peek().is_none() {
                    inner.insert(name.to_owned(), sample(field.kind));
                    break;
                }
                let entry = inner.entry(name).or_insert_with(|| json!({}));
                inner = entry.as_object_mut().expect("an object");
            }
        }
        Value::Object(object)
    }

    #[test]
    fn every_field_stands_in_the_contract_and_none_is_forgotten() {
        let persona = filled(PERSONA);
        let read: Persona = serde_json::from_value(persona.clone()).expect("the contract's form");
        assert_eq!(serde_json::to_value(&read).expect("serializable"), persona);
        let posizione = filled(POSIZIONE);
        let read: Posizione =
            serde_json::from_value(posizione.clone()).expect("the contract's form");
        assert_eq!(
            serde_json::to_value(&read).expect("serializable"),
            posizione
        );
        let esito = filled(ESITO);
        let read: EsitoScrittura =
            serde_json::from_value(esito.clone()).expect("the contract's form");
        assert_eq!(serde_json::to_value(&read).expect("serializable"), esito);
        // What the gateway answers itself has no mapping.
        let mapped = Operation::ALL.into_iter();
        for operation in
            mapped.filter(|operation| !operation.is_of_record() && !operation.is_verification())
        {
            for name in operation.fields() {
                let known = fields(operation).iter();
                let mut heads = known.map(|field| field.path.split('.').next());
                assert!(heads.any(|head| head == Some(*name)), "{operation}: {name}");
            }
        }
    }

    /// The last names of the fields, those of items included, in the order in which they are written.
    fn names(fields: &[Field], into: &mut Vec<&'static str>) {
        for field in fields {
            into.extend(field.path.rsplit('.').next());
            if let Kind::List(inner) = field.kind {
                names(inner, into);
            }
        }
    }

    #[test]
    fn fields_are_written_in_the_order_of_the_contract() {
        let persona: Persona = serde_json::from_value(filled(PERSONA)).expect("a person");
        let posizione: Posizione = serde_json::from_value(filled(POSIZIONE)).expect("a position");
        let esito: EsitoScrittura = serde_json::from_value(filled(ESITO)).expect("an outcome");
        for (fields, text) in [
            (ESITO, serde_json::to_string(&esito)),
            (PERSONA, serde_json::to_string(&persona)),
            (POSIZIONE, serde_json::to_string(&posizione)),
        ] {
            let text = text.expect("serializable");
            let mut rest = &*text;
            let mut expected = Vec::new();
            names(fields, &mut expected);
            for name in expected {
                let key = format!("\"{name}\":");
                let place = rest
                    .find(&key)
                    .unwrap_or_else(|| unreachable!("{name}: {text}"));
                rest = &rest[place + key.len()..];
            }
        }
    }

    /// The operation's answer with nothing but the text in that field; `None`: the text may not stand there.
    fn answer(
        operation: Operation,
        (before, after): (&str, &str),
        field: &Field,
        text: &str,
    ) -> Option<String> {
        let mut entry = Entry::default();
        let written = entry.write(0, |entry| {
            entry.raw(before);
            entry.raw(&format!("\"{}\":", field.path.replace('.', "\":{\"")));
            write_in_form(text, field.kind, entry)?;
            entry.raw(&"}".repeat(field.path.matches('.').count()));
            entry.raw(after);
            Ok::<bool, Trouble>(true)
        });
        written.ok()?;
        let mut json = Vec::new();
        Document::of(operation, vec![entry]).write_cut(FieldSet::all(operation), &mut json);
        String::from_utf8(json).ok()
    }

    /// The same as the typed contract writes what it read.
    fn read_and_written(operation: Operation, json: &str) -> Option<String> {
        let written = if operation == Operation::RicercaPersona {
            serde_json::to_string(&serde_json::from_str::<Persona>(json).ok()?)
        } else {
            serde_json::to_string(&serde_json::from_str::<Posizione>(json).ok()?)
        };
        written.ok()
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_what_the_typed_contract_writes(
            text in "[0-9]{1,11}|[A-Z]{3}|[0-9.]{1,9}|[12][0-9]{3}-[01][0-9]-[0-3][0-9]|-?[0-9]{1,9}\\.[0-9]{2}|M|true|aire|\\PC{0,20}|.{1,12}"
        ) {
            let whole = ("", "");
            for (operation, fields, around) in [
                (Operation::RicercaPersona, PERSONA, whole),
                (Operation::RicercaPosizione, POSIZIONE, whole),
                (Operation::RicercaPosizione, IMMOBILE, ("\"immobili\":[{", "}]")),
                (Operation::RicercaPosizione, UTENZA, ("\"utenze\":[{", "}]")),
            ] {
                // A description never stands without the code that it describes.
                let alone = |field: &&Field| {
                    !matches!(field.path, "stato_civile.descrizione" | "relazione_parentela.descrizione")
                };
                for field in fields.iter().filter(alone) {
                    if let Some(json) = answer(operation, around, field, &text) {
                        prop_assert_eq!(read_and_written(operation, &json), Some(json), "{}", field.path);
                    }
                }
            }
        }
    }

    #[test]
    fn the_words_of_an_enumeration_are_those_of_the_contract() {
        for stato in STATI {
            let persona = json!({"stato_anagrafico": stato});
            assert!(
                serde_json::from_value::<Persona>(persona).is_ok(),
                "{stato}"
            );
        }
        for stato in STATI_PRATICA {
            let esito = json!({"pratica": {"stato": stato}});
            assert!(
                serde_json::from_value::<EsitoScrittura>(esito).is_ok(),
                "{stato}"
            );
        }
    }
}
