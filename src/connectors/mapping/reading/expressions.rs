//! Reads the values and conditions of a response file.

use toml::de::DeValue;

use super::{Workshop, list, word};
use crate::config::reading::Reader;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::condition::{Condition, Test};
use crate::connectors::mapping::dates::{self, DateForm};
use crate::connectors::mapping::expression::{
    Cleaning, Expression, Form, Items, Lookup, Pick, Source, Unknown,
};
use crate::connectors::mapping::numbers;
use crate::connectors::mapping::tables::{NATIONAL, National, Table as CodeTable};
use crate::connectors::template::Template;

const FORMS: [(&str, Form); 2] = [
    ("categoria_catastale", Form::CategoriaCatastale),
    ("leading_digits", Form::LeadingDigits),
];

#[derive(Clone, Copy, PartialEq)]
enum TextWord {
    Verbatim,
    Upper,
}

const TEXTS: [(&str, TextWord); 2] = [("verbatim", TextWord::Verbatim), ("upper", TextWord::Upper)];

const PICKS: [(&str, Pick); 2] = [("only", Pick::Only), ("first", Pick::First)];

impl Workshop<'_> {
    /// A value: a path alone, or a table that says more.
    pub fn expression(
        &mut self,
        value: Value<'_>,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<Expression> {
        if value.text().is_some() {
            let node = self.path(value, at, reader)?;
            self.texts.push((value.place(), node));
            return Some(Expression {
                when: Vec::new(),
                source: Source::Path(node, Pick::Only),
                cleaning: Cleaning::default(),
            });
        }
        let mut table = match value.get() {
            DeValue::Table(_) => value.table(reader)?,
            _ => return value.refuse(reader, "un percorso o una tabella"),
        };
        let expression = self.expression_in(&mut table, at, reader);
        table.finish(reader);
        expression
    }

    /// The value that must stand under a key.
    pub fn required(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<Expression> {
        let value = table.values(key).next();
        match value {
            Some(value) => self.expression(value, at, reader),
            None => {
                if let Some(place) = table.place() {
                    reader.mistake(&place, format!("manca «{key}»"));
                }
                None
            }
        }
    }

    /// The value that may stand under a key.
    pub fn optional(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<Expression> {
        let value = table.values(key).next()?;
        self.expression(value, at, reader)
    }

    /// The value whose keys stand in a table, perhaps beside others.
    pub fn expression_in(
        &mut self,
        table: &mut Table<'_>,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<Expression> {
        let when = self.conditions(table, "when", at, reader);
        let source = self.source(table, at, reader);
        let cleaning = self.cleaning(table, reader);
        Some(Expression {
            when,
            source: source?,
            cleaning: cleaning?,
        })
    }

    fn source(&mut self, table: &mut Table<'_>, at: NodeId, reader: &mut Reader) -> Option<Source> {
        let place = table.place();
        let pick = table.values("pick").next();
        let separator: Option<String> = table
            .values("separator")
            .next()
            .and_then(|value| value.parse(reader, "un testo", |text| Some(text.to_owned())));
        let mut written: Vec<Option<Source>> = Vec::new();
        if let Some(value) = table.values("path").next() {
            let node = self.path(value, at, reader);
            let pick = pick.map_or(Some(Pick::Only), |pick| word(pick, reader, &PICKS));
            self.texts.extend(node.map(|node| (value.place(), node)));
            written.push(node.zip(pick).map(|(node, pick)| Source::Path(node, pick)));
        }
        if let Some(value) = table.values("value").next() {
            written.push(self.template(value, reader).map(Source::Template));
        }
        if let Some(value) = table.values("join").next() {
            let parts = list(Some(value), reader, |value, reader| {
                self.expression(value, at, reader)
            });
            let separator = separator.unwrap_or_else(|| " ".to_owned());
            written.push(Some(Source::Join(parts, separator.into())));
        }
        if let Some(value) = table.values("first").next() {
            let parts = list(Some(value), reader, |value, reader| {
                self.expression(value, at, reader)
            });
            written.push(Some(Source::First(parts)));
        }
        if let Some(value) = table.values("case").next() {
            let cases = list(Some(value), reader, |value, reader| {
                self.case(value, at, reader)
            });
            written.push(Some(Source::Case(cases)));
        }
        if let Some(value) = table.values("date_parts").next() {
            written.push(self.date_parts(value, at, reader));
        }
        let each = table.values("each").next();
        if let Some(value) = each {
            written.push(self.of_items(value, table, at, reader));
        }
        if written.len() == 1 {
            return written.remove(0);
        }
        let text = "serve una sola chiave fra path, value, join, first, case, date_parts, each";
        place.iter().for_each(|place| reader.mistake(place, text));
        None
    }

    fn case(
        &mut self,
        value: Value<'_>,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<(Vec<Condition>, Expression)> {
        let mut table = value.table(reader)?;
        let conditions = self.conditions(&mut table, "if", at, reader);
        let expression = self.expression_in(&mut table, at, reader);
        table.finish(reader);
        Some((conditions, expression?))
    }

    fn date_parts(&mut self, value: Value<'_>, at: NodeId, reader: &mut Reader) -> Option<Source> {
        let mut table = value.table(reader)?;
        let day = self.required(&mut table, "day", at, reader);
        let month = self.required(&mut table, "month", at, reader);
        let year = self.required(&mut table, "year", at, reader);
        table.finish(reader);
        Some(Source::DateParts {
            day: Box::new(day?),
            month: Box::new(month?),
            year: Box::new(year?),
        })
    }

    /// One value or the sum of several: `each`, `where`, and `take` or `sum`.
    fn of_items(
        &mut self,
        each: Value<'_>,
        table: &mut Table<'_>,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<Source> {
        let node = self.path(each, at, reader)?;
        let conditions = self.conditions(table, "where", node, reader);
        let items = Items {
            each: node,
            conditions,
        };
        let take = self.optional(table, "take", node, reader);
        let sum = self.optional(table, "sum", node, reader);
        let latest = self.optional(table, "latest", node, reader);
        match (take, sum) {
            (Some(take), None) => Some(Source::OneOf {
                items,
                latest: latest.map(Box::new),
                take: Box::new(take),
            }),
            (None, Some(number)) if number.cleaning.number.is_some() => Some(Source::Sum {
                items,
                number: Box::new(number),
            }),
            (None, Some(_)) => {
                reader.mistake(
                    &each.place(),
                    "per «sum» serve «number» nel valore da sommare",
                );
                None
            }
            _ => {
                reader.mistake(&each.place(), "con «each» serve «take» oppure «sum»");
                None
            }
        }
    }

    fn cleaning(&mut self, table: &mut Table<'_>, reader: &mut Reader) -> Option<Cleaning> {
        let text = table.values("text").next();
        let text = text.map(|value| word(value, reader, &TEXTS));
        let nulls: Option<Vec<String>> = table.or_default("null", reader);
        let pad = table.optional("pad", reader);
        let form = table.values("form").next();
        let form = form.map(|value| word(value, reader, &FORMS));
        let lookup = self.lookup(table, reader);
        let date = table.values("date").next();
        let date = date.map(|value| date_forms(value, reader));
        let number = table.values("number").next();
        let number = number.map(|value| word(value, reader, &numbers::FORMS));
        let text = match text {
            Some(word) => Some(word?),
            None => None,
        };
        Some(Cleaning {
            verbatim: text == Some(TextWord::Verbatim),
            upper: text == Some(TextWord::Upper),
            nulls: nulls?.into_iter().map(Into::into).collect(),
            pad,
            form: match form {
                Some(form) => Some(form?),
                None => None,
            },
            table: match lookup {
                Some(lookup) => Some(lookup?),
                None => None,
            },
            date: match date {
                Some(date) => date?,
                None => Vec::new(),
            },
            number: match number {
                Some(number) => Some(number?),
                None => None,
            },
        })
    }

    fn lookup(&mut self, table: &mut Table<'_>, reader: &mut Reader) -> Option<Option<Lookup>> {
        let written = table.values("table").next();
        let unknown = table.values("unknown").next();
        let otherwise = table.values("otherwise").next();
        let Some(written) = written else {
            for value in [unknown, otherwise].into_iter().flatten() {
                reader.mistake(&value.place(), "senza «table» non ha senso");
            }
            return None;
        };
        let codes = self.code_table(written, reader);
        let words = [
            ("omit", Unknown::Omit),
            ("refuse", Unknown::Refuse),
            ("keep", Unknown::Keep),
        ];
        let unknown = match (unknown, otherwise) {
            (Some(value), None) => value.parse(reader, "omit, refuse o keep", |text| {
                let found = words.iter().find(|(name, _)| *name == text);
                found.map(|(_, unknown)| unknown.clone())
            }),
            (None, Some(value)) => value
                .parse(reader, "un testo", |text| Some(text.to_owned()))
                .map(|text| Unknown::Be(text.into())),
            _ => {
                let text = "una tabella vuole «unknown» oppure «otherwise» per i codici che non ha";
                reader.mistake(&written.place(), text);
                None
            }
        };
        Some(
            codes
                .zip(unknown)
                .map(|(table, unknown)| Lookup { table, unknown }),
        )
    }

    fn code_table(&self, value: Value<'_>, reader: &mut Reader) -> Option<CodeTable> {
        let Some(name) = value.text() else {
            let entries = crate::config::reading::Read::read(value, reader)?;
            return Some(CodeTable::Own(entries));
        };
        if let Some(own) = self.tables.get(name) {
            return Some(own.clone());
        }
        if let Some(national) = National::named(name) {
            return Some(CodeTable::National(national));
        }
        let national = NATIONAL.map(|(name, _)| name).join(", ");
        let text = format!("la tabella «{name}» non c'è in [tables] e non è fra {national}");
        reader.mistake(&value.place(), text);
        None
    }

    /// The conditions under a key.
    pub fn conditions(
        &mut self,
        table: &mut Table<'_>,
        key: &'static str,
        at: NodeId,
        reader: &mut Reader,
    ) -> Vec<Condition> {
        list(table.values(key).next(), reader, |value, reader| {
            self.condition(value, at, reader)
        })
    }

    /// A condition: a value and one test.
    pub fn condition(
        &mut self,
        value: Value<'_>,
        at: NodeId,
        reader: &mut Reader,
    ) -> Option<Condition> {
        let mut table = value.table(reader)?;
        let texts = self.texts.len();
        let expression = self.expression_in(&mut table, at, reader);
        let mut tests: Vec<Option<Test>> = Vec::new();
        if let Some(value) = table.values("is").next() {
            tests.push(self.texts_of(value, reader).map(Test::Is));
        }
        if let Some(value) = table.values("is_not").next() {
            tests.push(self.texts_of(value, reader).map(Test::IsNot));
        }
        if let Some(present) = table.optional("present", reader) {
            // Whether a group is there may be asked too: its text is not read.
            self.texts.truncate(texts);
            tests.push(Some(Test::Present(present)));
        }
        if let Some(value) = table.values("not_after").next() {
            tests.push(self.template(value, reader).map(Test::NotAfter));
        }
        if let Some(value) = table.values("not_before").next() {
            tests.push(self.template(value, reader).map(Test::NotBefore));
        }
        if let Some(length) = table.optional("length", reader) {
            tests.push(Some(Test::Length(length)));
        }
        if let Some(value) = table.values("same_as").next() {
            tests.push(self.expression(value, at, reader).map(Test::SameAs));
        }
        table.finish(reader);
        if tests.len() != 1 {
            let text = "una condizione vuole una sola prova fra is, is_not, present, not_after, not_before, length, same_as";
            reader.mistake(&value.place(), text);
            return None;
        }
        let test = tests.remove(0)?;
        let expression = expression?;
        let compares_days = matches!(test, Test::NotAfter(_) | Test::NotBefore(_));
        if compares_days && expression.cleaning.date.is_empty() {
            reader.mistake(&value.place(), "per confrontare date serve «date»");
            return None;
        }
        Some(Condition {
            value: expression,
            test,
        })
    }

    /// One text or several.
    fn texts_of(&self, value: Value<'_>, reader: &mut Reader) -> Option<Vec<Template>> {
        if value.text().is_some() {
            return Some(vec![self.template(value, reader)?]);
        }
        let texts = list(Some(value), reader, |value, reader| {
            self.template(value, reader)
        });
        (!texts.is_empty()).then_some(texts)
    }
}

fn date_forms(value: Value<'_>, reader: &mut Reader) -> Option<Vec<DateForm>> {
    if value.text().is_some() {
        return Some(vec![word(value, reader, &dates::FORMS)?]);
    }
    let forms = list(Some(value), reader, |value, reader| {
        word(value, reader, &dates::FORMS)
    });
    (!forms.is_empty()).then_some(forms)
}
