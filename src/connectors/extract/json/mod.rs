//! Reads a JSON answer into an extract in one pass: what the shape does not know is skipped, numbers keep their digits.

mod scanner;

use super::shape::{NodeId, Shape};
use super::{Extract, TYPICAL, Unreadable, xml};
use scanner::{NotJson, Scanner};

/// Reads the text of an answer.
pub fn read(text: &str, shape: &Shape) -> Result<Extract, Unreadable> {
    let mut reading = Reading {
        scanner: Scanner::new(text),
        shape,
        extract: Extract::with_capacity(text.len().min(TYPICAL) / 2, shape.places()),
    };
    reading.value(shape.root())?;
    reading.scanner.end()?;
    Ok(reading.extract.finish())
}

impl From<NotJson> for Unreadable {
    fn from(NotJson(place): NotJson) -> Unreadable {
        Unreadable(format!("not the expected JSON (at byte {place})"))
    }
}

struct Reading<'s> {
    scanner: Scanner<'s>,
    shape: &'s Shape,
    extract: Extract,
}

impl Reading<'_> {
    /// Reads the value at one place; the elements of an array stand at the place of the array.
    fn value(&mut self, node: NodeId) -> Result<(), Unreadable> {
        match self.scanner.peek() {
            Some(b'"') => {
                let text = self.scanner.string()?;
                if self.shape.is_nested(node) {
                    return xml::read_inside(&text, node, self.shape, &mut self.extract);
                }
                self.extract.add_text(node, &text);
            }
            Some(b'{') => self.object(node)?,
            Some(b'[') => {
                let mut more = self.scanner.enter(b']')?;
                while more {
                    self.value(node)?;
                    more = self.scanner.has_more(b']')?;
                }
            }
            Some(b'n') => {
                self.scanner.plain()?;
                self.extract.add_nothing(node);
            }
            _ => self.extract.add_text(node, self.scanner.plain()?),
        }
        Ok(())
    }

    fn object(&mut self, node: NodeId) -> Result<(), Unreadable> {
        let cell = self.extract.open(node);
        let mut more = self.scanner.enter(b'}')?;
        while more {
            let name = self.scanner.name()?;
            match self.shape.key(node, &name) {
                Some(known) => self.value(known)?,
                None => self.scanner.skip()?,
            }
            more = self.scanner.has_more(b'}')?;
        }
        self.extract.close(cell);
        Ok(())
    }
}
