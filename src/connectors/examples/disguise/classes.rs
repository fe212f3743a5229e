//! What kind of thing stands at each place of an answer, as far as its mapping says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::connectors::extract::shape::NodeId;
use crate::connectors::mapping::Mapping;
use crate::connectors::mapping::condition::{Condition, Day, Test};
use crate::connectors::mapping::expression::{Expression, Items, Source};
use crate::connectors::mapping::field::{Content, FieldMapping, PlaceMapping};
use crate::connectors::mapping::rows::Several;
use crate::connectors::template::Template;

/// What a login captures beside its token.
const LIFETIME: &str = "lifetime";

/// What kind of thing stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Nobody reads it: whatever could be somebody's is replaced.
    Unread,
    /// A code, flag, amount or name of a municipality: it stays.
    Kept,
    /// A mark of a registration, a number of the land register, a house number.
    Mark,
    /// A street.
    Street,
    /// The name of a firm.
    Firm,
    /// A given name.
    GivenName,
    /// A surname.
    Surname,
}

/// Days, months and years that stand apart.
pub type DateParts = [NodeId; 3];

/// What the mapping tells of its places.
#[derive(Debug, Default)]
pub struct Classes {
    by_place: BTreeMap<NodeId, Class>,
    /// Day, month, year.
    pub dates: Vec<DateParts>,
    /// Texts that the mapping itself names, in capitals: they are codes, whatever stands there else.
    pub constants: BTreeSet<String>,
}

impl Classes {
    /// Of every place that the mapping reads.
    pub fn of(mapping: &Mapping) -> Classes {
        let mut classes = Classes::default();
        for outcome in &mapping.outcomes {
            classes.conditions(&outcome.when);
            classes.optional(outcome.code.as_ref(), Class::Kept);
        }
        if let Some(places) = mapping.fault {
            for place in places.code.into_iter().chain(places.text) {
                classes.place(place, Class::Kept);
            }
        }
        if let Some(place) = mapping.expect {
            classes.place(place, Class::Kept);
        }
        if let Some(rows) = &mapping.rows {
            classes.optional(rows.asked.as_ref(), Class::Kept);
            if let Several::OneSubject(rule) = &rows.several {
                classes.expression(&rule.same, Class::Mark);
                classes.optional(rule.registration.as_ref(), Class::Mark);
                classes.optional(rule.latest.as_ref(), Class::Kept);
                classes.conditions(&rule.prefer);
            }
        }
        for capture in &mapping.captures {
            // How long a token holds says nothing of anybody.
            let class = match &*capture.name {
                LIFETIME => Class::Kept,
                _ => Class::Mark,
            };
            classes.expression(&capture.value, class);
        }
        for (_, field) in &mapping.fields {
            classes.field(field);
        }
        classes
    }

    /// What stands at a place; `None`: nobody reads it.
    pub fn at(&self, place: Option<NodeId>) -> Class {
        place
            .and_then(|place| self.by_place.get(&place))
            .copied()
            .unwrap_or(Class::Unread)
    }

    fn place(&mut self, place: NodeId, class: Class) {
        let known = self.by_place.entry(place).or_insert(class);
        // The most personal of all uses decides.
        *known = (*known).max(class);
    }

    fn field(&mut self, field: &FieldMapping) {
        match &field.content {
            Content::Value(_, expression) => self.expression(expression, class_of(field.path)),
            Content::Place(when, place) => {
                self.conditions(when);
                self.named_place(place);
            }
            Content::Group(fields) => {
                for field in fields {
                    self.field(field);
                }
            }
            Content::List(items, fields) => {
                self.items(items);
                for field in fields {
                    self.field(field);
                }
            }
            Content::Codes(items, take) => {
                self.items(items);
                self.expression(take, Class::Kept);
            }
        }
    }

    fn named_place(&mut self, place: &PlaceMapping) {
        for part in [
            &place.istat,
            &place.belfiore,
            &place.stato,
            &place.denominazione,
            &place.on,
        ] {
            self.optional(part.as_ref(), Class::Kept);
        }
    }

    fn items(&mut self, items: &Items) {
        self.conditions(&items.conditions);
    }

    fn conditions(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            self.expression(&condition.value, Class::Kept);
            if let Test::Is(texts) | Test::IsNot(texts) = &condition.test {
                let constants = texts.iter().filter_map(Template::constant);
                self.constants.extend(constants.map(str::to_uppercase));
            }
            match &condition.test {
                Test::NotAfter(Day::Value(other))
                | Test::NotBefore(Day::Value(other))
                | Test::SameAs(other) => {
                    self.expression(other, Class::Kept);
                }
                _ => {}
            }
        }
    }

    fn optional(&mut self, expression: Option<&Expression>, class: Class) {
        if let Some(expression) = expression {
            self.expression(expression, class);
        }
    }

    fn expression(&mut self, expression: &Expression, class: Class) {
        self.conditions(&expression.when);
        let nulls = expression.cleaning.nulls.iter();
        self.constants.extend(nulls.map(|null| null.to_uppercase()));
        // What a table turns into a word of the contract is a code.
        let class = if expression.cleaning.table.is_some() {
            Class::Kept
        } else {
            class
        };
        match &expression.source {
            Source::Path(node, _) => self.place(*node, class),
            Source::Template(_) => {}
            Source::Join(parts, _) | Source::First(parts) => {
                for part in parts {
                    self.expression(part, class);
                }
            }
            Source::Case(cases) => {
                for (conditions, expression) in cases {
                    self.conditions(conditions);
                    self.expression(expression, class);
                }
            }
            Source::DateParts { day, month, year } => {
                let place = |part: &Expression| match part.source {
                    Source::Path(node, _) => Some(node),
                    _ => None,
                };
                if let (Some(day), Some(month), Some(year)) =
                    (place(day), place(month), place(year))
                    && !self.dates.contains(&[day, month, year])
                {
                    self.dates.push([day, month, year]);
                }
                for part in [day, month, year] {
                    self.expression(part, Class::Kept);
                }
            }
            Source::OneOf {
                items,
                latest,
                take,
            } => {
                self.items(items);
                self.optional(latest.as_deref(), Class::Kept);
                self.expression(take, class);
            }
            Source::Sum { items, number } => {
                self.items(items);
                self.expression(number, Class::Kept);
            }
        }
    }
}

/// What stands in a field of the contract; codes and dates are known by their form.
fn class_of(path: &str) -> Class {
    match path.rsplit('.').next().unwrap_or(path) {
        "cognome" => Class::Surname,
        "nome" => Class::GivenName,
        "denominazione" => Class::Firm,
        "indirizzo" | "frazione" => Class::Street,
        "numero_civico" | "sezione" | "foglio" | "particella" | "subalterno" => Class::Mark,
        _ => Class::Kept,
    }
}
