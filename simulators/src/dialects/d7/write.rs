//! How D7 writes: every text between line breaks, dates in the form that the installation has.

use chrono::NaiveDate;

use crate::population::places::CANTU;
use crate::population::served::Served;
use crate::xml::Xml;

/// A text node in the company of blanks; an empty one is an empty element.
pub fn field(xml: &mut Xml, name: &str, value: &str) {
    if value.is_empty() {
        xml.text(name, "");
    } else {
        xml.text(name, &format!("\n {value}\n"));
    }
}

pub fn number(xml: &mut Xml, name: &str, value: u32) {
    field(xml, name, &value.to_string());
}

pub fn yes_or_no(xml: &mut Xml, name: &str, yes: bool) {
    field(xml, name, if yes { "S" } else { "N" });
}

/// The form of the dates of one installation.
#[derive(Debug, Clone, Copy)]
pub struct Dates(&'static str);

impl Dates {
    /// `dd/MM/yyyy` where the people are those of Cantù, otherwise `dd-MM-yyyy`.
    pub fn of(served: Served) -> Self {
        Dates(if served.town.place == &CANTU {
            "%d/%m/%Y"
        } else {
            "%d-%m-%Y"
        })
    }

    pub fn field(self, xml: &mut Xml, name: &str, day: Option<NaiveDate>) {
        let text = day.map(|day| day.format(self.0).to_string());
        field(xml, name, &text.unwrap_or_default());
    }
}
