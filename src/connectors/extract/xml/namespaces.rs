//! Which namespace a prefix stands for at a place of an XML answer.

use super::super::Unreadable;
use super::scanner::Tag;

/// The declarations in force, the innermost last; kept only where a mapping names namespaces.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    declared: Vec<(Box<str>, Box<str>)>,
}

impl Namespaces {
    /// Takes in what a tag declares; gives what [`Namespaces::leave`] wants at the element's end.
    pub fn enter(&mut self, tag: &Tag<'_>) -> Result<usize, Unreadable> {
        let before = self.declared.len();
        for attribute in tag.attributes() {
            let attribute = attribute?;
            if let Some(prefix) = attribute.declares() {
                let namespace = attribute.value()?;
                if namespace.is_empty() && !prefix.is_empty() {
                    return Err(Unreadable::because(
                        "XML with a broken namespace declaration",
                    ));
                }
                self.declared.push((prefix.into(), namespace.into()));
            }
        }
        Ok(before)
    }

    /// Forgets what an element declared.
    pub fn leave(&mut self, before: usize) {
        self.declared.truncate(before);
    }

    /// The namespace of an element's name, if it has one.
    pub fn of(&self, name: &str) -> Option<&str> {
        let prefix = name.split_once(':').map_or("", |(prefix, _)| prefix);
        let mut declared = self.declared.iter().rev();
        let (_, namespace) = declared.find(|(known, _)| **known == *prefix)?;
        Some(&**namespace).filter(|namespace| !namespace.is_empty())
    }
}
