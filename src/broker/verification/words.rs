//! Texts as they are compared: letters and digits alone. What differs only in how it may be written is told apart from what differs.

use std::borrow::Cow;

/// A text taken apart into words of capitals `A-Z` and digits; case, accents, apostrophes, hyphens and spaces do not count.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Words {
    words: Vec<String>,
    /// Whether a character stood in it that no rule here turns into letters: a lost accent, another alphabet.
    pub has_unknown: bool,
}

/// How two texts compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same, however written.
    Same,
    /// They may be the same, written or shortened otherwise.
    Unsure,
    /// Different.
    Different,
}

/// From so many letters on a text that breaks off may have been cut to a column's width.
const CUT: usize = 20;

impl Words {
    /// Takes a text apart.
    pub(super) fn of(text: &str) -> Words {
        let (mut words, mut word, mut has_unknown) = (Vec::new(), String::new(), false);
        for character in text.chars().flat_map(char::to_uppercase) {
            match character {
                'A'..='Z' | '0'..='9' => word.push(character),
                // An apostrophe stands for an accent, or ties an article to its noun: neither parts two words.
                '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '\u{300}'..='\u{36f}' => {}
                '?' | '\u{fffd}' => has_unknown = true,
                _ => match plain(character) {
                    Some(letters) => word.push_str(letters),
                    None if character.is_alphabetic() => has_unknown = true,
                    None => words.extend(next_word(&mut word)),
                },
            }
        }
        words.extend(next_word(&mut word));
        Words { words, has_unknown }
    }

    /// The words.
    pub(super) fn list(&self) -> &[String] {
        &self.words
    }

    /// The words without what parts them: `DE LUCA`, `De Luca` and `DELUCA` are one.
    pub(super) fn joined(&self) -> String {
        self.words.concat()
    }
}

fn next_word(word: &mut String) -> Option<String> {
    (!word.is_empty()).then(|| std::mem::take(word))
}

/// Compares two names of a person. A name that is a part of the other, one that breaks off where a column may end and one that is
/// written with or without the `e` of an umlaut may be the same.
pub(super) fn names(declared: &str, known: &str) -> Likeness {
    let (declared_words, known_words) = (Words::of(declared), Words::of(known));
    let (one, other) = (declared_words.joined(), known_words.joined());
    if declared_words.has_unknown || known_words.has_unknown || one.is_empty() || other.is_empty() {
        return Likeness::Unsure;
    }
    if one == other {
        return Likeness::Same;
    }
    let holds =
        |whole: &Words, part: &Words| part.words.iter().all(|word| whole.words.contains(word));
    let is_part = holds(&declared_words, &known_words) || holds(&known_words, &declared_words);
    let is_cut = other.len() >= CUT && one.starts_with(&other);
    let unlaut = |text: &str| Words::of(&with_e(text)).joined();
    let is_umlaut = unlaut(declared) == other || one == unlaut(known);
    match is_part || is_cut || is_umlaut {
        true => Likeness::Unsure,
        false => Likeness::Different,
    }
}

/// German umlauts as those write them who have none.
fn with_e(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let upper = text.chars().flat_map(char::to_uppercase);
    Cow::Owned(upper.fold(String::new(), |mut all, character| {
        match character {
            'Ä' => all.push_str("AE"),
            'Ö' => all.push_str("OE"),
            'Ü' => all.push_str("UE"),
            other => all.push(other),
        }
        all
    }))
}

/// A capital of the Latin alphabet without its marks; `None` for any other character.
fn plain(capital: char) -> Option<&'static str> {
    Some(match capital {
        'À' | 'Á' | 'Â' | 'Ã' | 'Ä' | 'Å' | 'Ā' | 'Ă' | 'Ą' => "A",
        'Æ' => "AE",
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
        'Ď' | 'Đ' | 'Ð' => "D",
        'È' | 'É' | 'Ê' | 'Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => "G",
        'Ĥ' | 'Ħ' => "H",
        'Ì' | 'Í' | 'Î' | 'Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => "I",
        'Ĵ' => "J",
        'Ķ' => "K",
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => "L",
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' => "N",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ö' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' => "O",
        'Œ' => "OE",
        'Ŕ' | 'Ŗ' | 'Ř' => "R",
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => "S",
        'ẞ' => "SS",
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => "T",
        'Ù' | 'Ú' | 'Û' | 'Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => "U",
        'Ŵ' => "W",
        'Ý' | 'Ŷ' | 'Ÿ' => "Y",
        'Ź' | 'Ż' | 'Ž' => "Z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_case_accents_apostrophes_hyphens_and_spaces_is_the_same_name() {
        for (declared, known) in [
            ("Rossi", "ROSSI"),
            ("D'Angelo", "D’ANGELO"),
            ("d angelo", "DANGELO"),
            ("Nicolò", "NICOLO'"),
            ("Niccolo\u{300}", "NICCOLÒ"),
            ("De  Luca", "DELUCA"),
            ("Anna-Maria", "ANNA MARIA"),
            ("Müller", "MULLER"),
            ("Strauß", "STRAUSS"),
            ("Łukasz", "LUKASZ"),
            ("Ștefan", "Stefan"),
        ] {
            assert_eq!(names(declared, known), Likeness::Same, "{declared} {known}");
        }
    }

    #[test]
    fn what_may_be_the_same_name_is_no_other() {
        for (declared, known) in [
            ("Mario", "MARIO LUIGI"),
            ("Mario Luigi", "LUIGI"),
            ("Rossi", "ROSSI IN BIANCHI"),
            ("Müller", "MUELLER"),
            ("Nicolò", "NICOL?"),
            ("Nicolò", "NICOL\u{fffd}"),
            ("Иванов", "IVANOV"),
            ("Maria Antonietta Giuseppina", "MARIA ANTONIETTA GIUSE"),
            ("Rossi", ""),
        ] {
            assert_eq!(
                names(declared, known),
                Likeness::Unsure,
                "{declared} {known}"
            );
        }
    }

    #[test]
    fn another_name_is_another() {
        for (declared, known) in [
            ("Rossi", "BIANCHI"),
            ("Mario", "MARIA"),
            ("Mario", "MARIOLINA"),
            ("Anna Maria", "ANNA LUCIA"),
        ] {
            assert_eq!(
                names(declared, known),
                Likeness::Different,
                "{declared} {known}"
            );
        }
    }
}
