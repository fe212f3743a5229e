//! What differs between an answer and what is usual.

use crate::connectors::extract::survey::{Kind, Kinds, Survey};

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It was never there.
    Appeared,
    /// It was always there.
    Vanished,
    /// Something of another type stands there.
    Changed,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Its path.
    pub path: String,
    /// What happened to it.
    pub change: Change,
    /// What stood there before.
    pub before: String,
    /// What stands there now.
    pub now: String,
}

impl Change {
    /// Every change.
    pub const ALL: [Change; 3] = [Change::Appeared, Change::Vanished, Change::Changed];

    /// Its name in metrics and reports.
    pub fn name(self) -> &'static str {
        match self {
            Change::Appeared => "appeared",
            Change::Vanished => "vanished",
            Change::Changed => "changed",
        }
    }
}

/// Every difference; a field of which only nothing was known learns what it is.
pub fn differences(usual: &mut Survey, seen: &Survey) -> Vec<Difference> {
    let mut found = Vec::new();
    let nothing = Kinds::of(Kind::Empty).with(Kinds::of(Kind::Nil));
    for (path, spot) in &seen.spots {
        let Some(known) = usual.spots.get_mut(path) else {
            // What is inside something new is new with it.
            let inside =
                Survey::around(path).is_some_and(|around| !usual.spots.contains_key(around));
            if !inside && !could_be_somebody(path) {
                found.push(difference(
                    path,
                    Change::Appeared,
                    Kinds::default(),
                    spot.kinds,
                ));
            }
            continue;
        };
        let beyond = spot
            .kinds
            .beyond(known.kinds)
            .beyond(Kinds::of(Kind::Empty));
        if known.kinds.beyond(nothing).is_empty() {
            known.kinds = known.kinds.with(spot.kinds);
        } else if !beyond.is_empty() {
            found.push(difference(path, Change::Changed, known.kinds, spot.kinds));
        }
    }
    for (path, known) in &usual.spots {
        let always = known.parents >= usual.around_of(path);
        let around = seen.around_of(path);
        let there = seen.spots.get(path).map_or(0, |spot| spot.parents);
        if always && around > there {
            found.push(difference(
                path,
                Change::Vanished,
                known.kinds,
                Kinds::default(),
            ));
        }
    }
    found
}

fn difference(path: &str, change: Change, before: Kinds, now: Kinds) -> Difference {
    Difference {
        path: path.to_owned(),
        change,
        before: before.to_string(),
        now: now.to_string(),
    }
}

/// Whether a vendor uses as a key what should be a value: such a name is never told.
fn could_be_somebody(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.bytes().filter(u8::is_ascii_digit).count() >= 5 || name.contains([' ', '\''])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::extract::shape::{Format, Shape};

    fn of(texts: &[&str]) -> Survey {
        let shape = Shape::new(if texts[0].starts_with('<') {
            Format::Xml
        } else {
            Format::Json
        });
        let mut survey = Survey::default();
        for text in texts {
            survey.absorb(&Survey::of_text(text, &shape, false).expect("readable"));
        }
        survey
    }

    fn told(usual: &[&str], seen: &str) -> Vec<String> {
        let found = differences(&mut of(usual), &of(&[seen]));
        found
            .into_iter()
            .map(|one| {
                format!(
                    "{} {} {}>{}",
                    one.change.name(),
                    one.path,
                    one.before,
                    one.now
                )
            })
            .collect()
    }

    #[test]
    fn fields_of_json_that_appear_vanish_or_change_are_told() {
        let usual = [
            r#"{"a": [{"b": "x", "c": 1, "d": null}, {"b": "y", "c": 2}]}"#,
            r#"{"a": []}"#,
        ];
        assert!(told(&usual, r#"{"a": [{"b": "z", "c": 3, "d": "2020"}]}"#).is_empty());
        assert_eq!(
            told(&usual, r#"{"a": [{"b": "x", "c": "1"}]}"#),
            ["changed a/c number>text"]
        );
        assert_eq!(
            told(&usual, r#"{"a": [{"b": "x", "c": 1, "e": {"f": 1}}]}"#),
            ["appeared a/e >group"]
        );
        assert_eq!(told(&usual, r#"{"a": [{"c": 1}]}"#), ["vanished a/b text>"]);
        assert_eq!(
            told(&usual, r#"{"a": [{"b": null, "c": 1}]}"#),
            ["changed a/b text>nil"]
        );
        assert_eq!(told(&usual, "{}"), ["vanished a group|array>"]);
        assert!(
            told(
                &usual,
                r#"{"a": [{"b": "x", "c": 1, "RSSMRA80A01C933H": 1}]}"#
            )
            .is_empty()
        );
    }

    #[test]
    fn elements_of_xml_that_appear_vanish_or_change_are_told() {
        let usual = [
            "<r><p><c>x</c><n>1</n></p></r>",
            "<r><p><c/><n>1</n><o>1</o></p></r>",
        ];
        assert!(told(&usual, "<r><p><c>x</c><n/></p></r>").is_empty());
        assert_eq!(
            told(&usual, "<r><p><c>x</c></p></r>"),
            ["vanished r/p/n text>"]
        );
        assert_eq!(
            told(&usual, "<r><p><c><q>x</q></c><n>1</n></p></r>"),
            ["changed r/p/c empty|text>group", "appeared r/p/c/q >text"]
        );
        let nil = "<r xmlns:i='urn:i'><p><c>x</c><n i:nil='true'/></p></r>";
        assert_eq!(told(&usual, nil), ["changed r/p/n text>nil"]);
        assert_eq!(
            told(&usual, "<r><p><c>x</c><n w='1'>1</n></p></r>"),
            ["appeared r/p/n/@w >text"]
        );
    }
}
