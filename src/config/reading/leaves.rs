//! How plain values are read: texts, numbers, paths, addresses, lists and tables of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;

use toml::de::DeValue;

use super::similar::most_similar;
use super::value::Value;
use super::{Read, Reader};
use crate::contract::luogo::CodiceIstat;
use crate::contract::operation::{Domain, Operation};

fn integer<T>(value: Value<'_>, reader: &mut Reader, expected: &str) -> Option<T>
where
    T: TryFrom<i64>,
{
    let DeValue::Integer(written) = value.get() else {
        return value.refuse(reader, expected);
    };
    let read = i64::from_str_radix(written.as_str(), written.radix())
        .ok()
        .and_then(|number| T::try_from(number).ok());
    if read.is_none() {
        reader.mistake(
            &value.place(),
            format!("{written} è fuori misura: serve {expected}"),
        );
    }
    read
}

impl Read for u32 {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        integer(value, reader, "un numero intero non negativo")
    }
}

impl Read for usize {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        integer(value, reader, "un numero intero non negativo")
    }
}

impl Read for NonZeroU32 {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let number: u32 = integer(value, reader, "un numero intero da 1 in su")?;
        let positive = NonZeroU32::new(number);
        if positive.is_none() {
            reader.mistake(&value.place(), "serve un numero intero da 1 in su");
        }
        positive
    }
}

impl Read for bool {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        match value.get() {
            DeValue::Boolean(written) => Some(*written),
            _ => value.refuse(reader, "true o false"),
        }
    }
}

impl Read for String {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "un testo non vuoto", |text| {
            (!text.trim().is_empty()).then(|| text.to_owned())
        })
    }
}

impl Read for PathBuf {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "il percorso di un file", |text| {
            (!text.is_empty()).then(|| value.source().folder.join(text))
        })
    }
}

impl Read for SocketAddr {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(
            reader,
            "un indirizzo con la porta, come \"127.0.0.1:9443\"",
            |text| text.parse().ok(),
        )
    }
}

impl Read for IpAddr {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let expected = "un indirizzo IP, come \"10.0.0.5\"";
        value.parse(reader, expected, |text| text.parse().ok())
    }
}

impl Read for CodiceIstat {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        value.parse(reader, "un codice ISTAT di sei cifre", CodiceIstat::parse)
    }
}

impl Read for Operation {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let Some(text) = value.text() else {
            return value.refuse(reader, "il nome di un'operazione");
        };
        let operation = Operation::named(text);
        if operation.is_none() {
            let names = Operation::ALL.map(Operation::name);
            let text = match most_similar(text, names.into_iter()) {
                Some(similar) => format!("operazione sconosciuta «{text}»: forse «{similar}»?"),
                None => format!(
                    "operazione sconosciuta «{text}»: ci sono {}",
                    names.join(", ")
                ),
            };
            reader.mistake(&value.place(), text);
        }
        operation
    }
}

impl<T: Read> Read for Vec<T> {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Array(items) = value.get() else {
            return value.refuse(reader, "un elenco fra parentesi quadre");
        };
        let mut read = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let item = Value::new(value.source(), item);
            // Texts go by themselves: a set forgets its order.
            let segment = match item.text() {
                Some(text) => format!("[{text}]"),
                None => format!("[{index}]"),
            };
            read.push(reader.below(&segment, item));
        }
        read.into_iter().collect()
    }
}

impl<T: Read + Ord> Read for BTreeSet<T> {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let items: Vec<T> = Vec::read(value, reader)?;
        let written = items.len();
        let set: BTreeSet<T> = items.into_iter().collect();
        if set.len() < written {
            reader.mistake(&value.place(), "lo stesso valore compare due volte");
        }
        Some(set)
    }
}

impl<T: Read> Read for BTreeMap<String, T> {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let DeValue::Table(table) = value.get() else {
            return value.refuse(reader, "una tabella");
        };
        let mut read = Vec::with_capacity(table.len());
        for (key, item) in table {
            let name = key.get_ref().as_ref();
            let item: Option<T> = reader.below(name, Value::new(value.source(), item));
            read.push(item.map(|item| (name.to_owned(), item)));
        }
        read.into_iter().collect()
    }
}

impl<T: Read> Read for BTreeMap<Domain, T> {
    fn read(value: Value<'_>, reader: &mut Reader) -> Option<Self> {
        let mut table = value.table(reader)?;
        let mut read = Vec::new();
        for domain in Domain::ALL {
            // The catalogue is the gateway's own: no back end answers it.
            if domain.is_answered_by_back_ends()
                && let Some(item) = table.values(domain.name()).next()
            {
                let item: Option<T> = reader.below(domain.name(), item);
                read.push(item.map(|item| (domain, item)));
            }
        }
        table.finish(reader);
        read.into_iter().collect()
    }
}
