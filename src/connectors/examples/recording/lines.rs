//! A line of a nightly file taken apart into all that stands in it, and put together again in the same form.

use std::ops::Range;

use crate::connectors::files::layout::{FileLayout, Form};

/// A line with the layout that reads it.
pub(super) struct Line<'a> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// The layout.
    pub layout: &'a FileLayout,
    /// The line, without its end.
    pub text: String,
}

/// What stands at one place of a line.
struct Place<'l> {
    /// What stands before it and stays: a separator, or what tells records apart.
    before: String,
    /// Its texts with their columns; several where a field holds several. What no column has is somebody's all the same.
    texts: Vec<(Option<&'l str>, &'l str)>,
    /// What parts them.
    by: char,
    /// In how many characters it must stand, where they are counted.
    width: Option<usize>,
}

/// All texts of a line with their columns, in their order.
pub(super) fn fields<'l>(line: &'l Line<'_>) -> Vec<(Option<&'l str>, &'l str)> {
    places(line)
        .into_iter()
        .flat_map(|place| place.texts)
        .collect()
}

/// The line with these texts in the place of its own, in the same widths and between the same separators.
pub(super) fn written(line: &Line<'_>, texts: &[String]) -> String {
    let mut texts = texts.iter();
    let mut written = String::new();
    for place in places(line) {
        let of_it: Vec<&str> = texts
            .by_ref()
            .take(place.texts.len())
            .map(String::as_str)
            .collect();
        let text = of_it.join(&place.by.to_string());
        written += &place.before;
        match place.width {
            Some(width) => {
                let cut: String = text.chars().take(width).collect();
                written += &format!("{cut:<width$}");
            }
            None => written += &text,
        }
    }
    written
}

fn places<'l>(line: &'l Line<'_>) -> Vec<Place<'l>> {
    match &line.layout.form {
        Form::Fixed { fields, .. } => fixed(line, fields),
        Form::Delimited {
            separator,
            record,
            fields,
            lacking,
            ..
        } => {
            let texts: Vec<&str> = line.text.split(*separator).collect();
            let version = lacking
                .iter()
                .find(|lacking| texts.len() + lacking.len() == *fields);
            let is_there = |column: &usize| version.is_none_or(|lacking| !lacking.contains(column));
            let columns = (0..*fields).filter(is_there);
            let places = texts.into_iter().zip(columns).enumerate();
            places
                .map(|(number, (text, column))| {
                    let before = if number > 0 {
                        separator.to_string()
                    } else {
                        String::new()
                    };
                    if number == 0 && record.is_some() {
                        return Place {
                            before: text.to_owned(),
                            texts: Vec::new(),
                            by: *separator,
                            width: None,
                        };
                    }
                    place(line, before, Some(column), text, None)
                })
                .collect()
        }
    }
}

fn fixed<'l>(line: &'l Line<'_>, fields: &[Range<usize>]) -> Vec<Place<'l>> {
    let mut starts: Vec<usize> = line.text.char_indices().map(|(at, _)| at).collect();
    let length = starts.len();
    starts.push(line.text.len());
    let text =
        |from: usize, to: usize| &line.text[starts[from.min(length)]..starts[to.min(length)]];
    let mut ordered: Vec<(usize, &Range<usize>)> = fields.iter().enumerate().collect();
    ordered.sort_by_key(|(_, field)| field.start);
    let (mut places, mut at) = (Vec::new(), 0);
    for (column, field) in ordered {
        // Shorter lines are not filled up; a field inside another goes with it.
        if field.start >= length || field.start < at {
            continue;
        }
        if field.start > at {
            let width = field.start - at;
            places.push(place(
                line,
                String::new(),
                None,
                text(at, field.start),
                Some(width),
            ));
        }
        let end = field.end.min(length);
        let width = end - field.start;
        places.push(place(
            line,
            String::new(),
            Some(column),
            text(field.start, end),
            Some(width),
        ));
        at = end;
    }
    if at < length {
        places.push(place(
            line,
            String::new(),
            None,
            text(at, length),
            Some(length - at),
        ));
    }
    places
}

fn place<'l>(
    line: &'l Line<'_>,
    before: String,
    column: Option<usize>,
    text: &'l str,
    width: Option<usize>,
) -> Place<'l> {
    let names = &line.layout.columns;
    let split = line
        .layout
        .split
        .iter()
        .find(|split| Some(split.of) == column);
    let texts = match split {
        Some(split) => {
            let parts = text.splitn(split.count, split.by).enumerate();
            parts
                .map(|(part, text)| (Some(names[split.first + part].as_str()), text))
                .collect()
        }
        None => vec![(column.map(|column| names[column].as_str()), text)],
    };
    Place {
        before,
        texts,
        by: split.map_or(' ', |split| split.by),
        width,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connectors::files::layout::{Others, Split};

    fn layout(form: Form, split: Vec<Split>) -> FileLayout {
        FileLayout {
            name: "persone".to_owned(),
            patterns: Vec::new(),
            required: true,
            form,
            columns: ["tipo", "chi", "quando", "cognome", "nome"]
                .map(str::to_owned)
                .to_vec(),
            split,
            keys: Vec::new(),
            checks: Vec::new(),
        }
    }

    fn turned_over(layout: &FileLayout, text: &str) -> String {
        let line = Line {
            number: 1,
            layout,
            text: text.to_owned(),
        };
        let made: Vec<String> = fields(&line)
            .iter()
            .map(|(column, text)| match column {
                Some("cognome") => "LUNGHISSIMO".to_owned(),
                None => text.replace(|letter: char| letter.is_alphabetic(), "x"),
                Some(_) => (*text).to_owned(),
            })
            .collect();
        written(&line, &made)
    }

    #[test]
    fn a_fixed_line_keeps_its_width_whatever_stands_in_it() {
        let split = vec![Split {
            of: 1,
            by: '/',
            first: 3,
            count: 2,
        }];
        let layout = layout(
            Form::Fixed {
                length: 30,
                fields: vec![0..1, 3..15, 15..23],
            },
            split,
        );
        let line = "RèùROSSI/ANNA  19751231 in più";
        assert_eq!(turned_over(&layout, line), "RxxLUNGHISSIMO/19751231 xx xxx");
        // Shorter lines stay so.
        assert_eq!(turned_over(&layout, "R  ROSSI"), "R  LUNGH");
    }

    #[test]
    fn a_delimited_line_keeps_its_separators_and_its_record() {
        let form = Form::Delimited {
            separator: '|',
            record: Some("SOGG".to_owned()),
            others: Others::default(),
            fields: 3,
            lacking: vec![vec![2]],
        };
        let layout = layout(form, Vec::new());
        assert_eq!(turned_over(&layout, "SOGG|ROSSI|2020"), "SOGG|ROSSI|2020");
        assert_eq!(turned_over(&layout, "SOGG|ROSSI"), "SOGG|ROSSI");
    }
}
