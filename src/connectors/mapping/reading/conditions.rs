//! Reads the conditions of a response file: a value and one test.

use super::fields::gives_date;
use super::{Workshop, list};
use crate::config::reading::Reader;
use crate::config::reading::table::Table;
use crate::config::reading::value::Value;
use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::condition::{Condition, Day, Test};
use crate::connectors::template::Template;

impl Workshop<'_> {
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
            tests.push(self.day(value, at, reader).map(Test::NotAfter));
        }
        if let Some(value) = table.values("not_before").next() {
            tests.push(self.day(value, at, reader).map(Test::NotBefore));
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

    /// The day to compare with: a text, or a table that says where another date stands.
    fn day(&mut self, value: Value<'_>, at: NodeId, reader: &mut Reader) -> Option<Day> {
        if value.text().is_some() {
            return self.template(value, reader).map(Day::Text);
        }
        let other = self.expression(value, at, reader)?;
        if !gives_date(&other, false) {
            reader.mistake(&value.place(), "per confrontare date serve «date»");
            return None;
        }
        Some(Day::Value(other))
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
