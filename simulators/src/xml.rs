//! XML while it is written: elements in the order of the calls, texts escaped.

use quick_xml::escape::escape;

/// A piece of XML.
#[derive(Default)]
pub struct Xml(String);

impl Xml {
    /// An element with a text; without one it is empty but there.
    pub fn text(&mut self, name: &str, value: &str) -> &mut Self {
        if value.is_empty() {
            self.0.extend(["<", name, "/>"]);
        } else {
            self.0
                .extend(["<", name, ">", &escape(value), "</", name, ">"]);
        }
        self
    }

    /// An element with a number.
    pub fn number(&mut self, name: &str, value: impl Into<i64>) -> &mut Self {
        self.text(name, &value.into().to_string())
    }

    /// An element with what `fill` writes into it.
    pub fn within(&mut self, name: &str, fill: impl FnOnce(&mut Xml)) -> &mut Self {
        self.0.extend(["<", name, ">"]);
        fill(self);
        self.0.extend(["</", name, ">"]);
        self
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_and_missing_ones_are_empty_elements() {
        let mut xml = Xml::default();
        xml.within("A", |xml| {
            xml.text("B", "D'A & C").text("C", "").number("D", 7_u32);
        });
        assert_eq!(
            xml.into_string(),
            "<A><B>D&apos;A &amp; C</B><C/><D>7</D></A>"
        );
    }
}
