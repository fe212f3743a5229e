//! Reads the values of a response file.

use toml::de::DeValue;

use super::{Workshop, fields, list, word};
use crate::config::reading::Reader;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::cleaning::Cleaning;
use crate::connectors::mapping::condition::Condition;
use crate::connectors::mapping::expression::{Expression, Pick, Source};

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
        if let Some(value) = value {
            self.expression(value, at, reader)
        } else {
            if let Some(place) = table.place() {
                reader.mistake(&place, format!("manca «{key}»"));
            }
            None
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
        if let Some(place) = place {
            reader.mistake(&place, text);
        }
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
        let items = fields::items(table, at, self, reader)?;
        let node = items.each;
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
}
