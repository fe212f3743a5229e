//! What stands for an original: made-up persons whose names fit their codes, and texts of the same form.

use rand::RngExt;

use super::classes::Class;
use super::nobodys::is_municipality;
use super::people::{self, Told};
use super::{Disguise, SHORTEST, values};
use crate::contract::codice_fiscale::PartitaIva;

impl Disguise {
    /// Another code for a code; `None`: the text is none.
    pub(super) fn coded(&mut self, text: &str) -> Option<String> {
        let original = text.to_uppercase();
        let is_person = people::has_form(text);
        let is_number = text.len() == 11 && PartitaIva::parse(text).is_ok();
        if !is_person && !is_number {
            return None;
        }
        if self.gathers {
            self.gather_code(text);
            return Some(text.to_owned());
        }
        let code = if let Some(known) = self.replaced.get(&original) {
            known.clone()
        } else {
            let code = if is_person {
                self.person(&original)?
            } else {
                people::eleven_digits(rand::rng().random())
            };
            self.replaced.insert(original, code.clone());
            code
        };
        Some(if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
            code.to_lowercase()
        } else {
            code
        })
    }

    /// The code of a made-up person of the same sex and place of birth, born as many days away as every day is moved.
    fn person(&mut self, code: &str) -> Option<String> {
        let told = people::told(code, self.today);
        let Some(told) = told else {
            return Some(values::alike(code, || rand::rng().random()));
        };
        let surname = self.surname(&told.surname);
        let (man, _) = self.given_name(&told.given_name);
        let made_up = Told {
            surname: people::letters_of_surname(&surname),
            given_name: people::letters_of_given_name(man),
            born: values::moved(told.born, self.by, self.today),
            ..told
        };
        let taken = |code: &String| self.replaced.values().any(|known| known == code);
        let mut codes = (0..=7).map(|twins| people::code(&made_up, twins));
        codes.find(|code| !taken(code))
    }

    /// A made-up name, the same for all names of the same letters, so that it fits the codes.
    pub(super) fn name(&mut self, text: &str, class: Class) -> String {
        let name = if class == Class::Surname {
            self.surname(&people::letters_of_surname(text))
        } else {
            let (man, woman) = self.given_name(&people::letters_of_given_name(text));
            // Most Italian names of women end so; the fiscal code tells the truth.
            if text.to_uppercase().ends_with('A') {
                woman.to_owned()
            } else {
                man.to_owned()
            }
        };
        self.replaced.insert(text.to_uppercase(), name.clone());
        for word in text
            .split_whitespace()
            .filter(|word| word.chars().count() >= SHORTEST && !is_municipality(word))
        {
            self.said.insert(word.to_uppercase(), name.clone());
        }
        if text == text.to_uppercase() {
            name
        } else {
            capitalized(&name)
        }
    }

    fn surname(&mut self, letters: &str) -> String {
        let list = people::SURNAMES.map(|name| (name, name));
        self.chosen((Class::Surname, letters.to_owned()), &list)
            .0
            .to_owned()
    }

    fn given_name(&mut self, letters: &str) -> (&'static str, &'static str) {
        self.chosen((Class::GivenName, letters.to_owned()), &people::GIVEN_NAMES)
    }

    /// One of a list that nobody of the originals has, and that was not chosen yet as long as there are others.
    fn chosen(
        &mut self,
        key: (Class, String),
        list: &[(&'static str, &'static str)],
    ) -> (&'static str, &'static str) {
        if let Some(known) = self.names.get(&key) {
            return *known;
        }
        let free =
            |(man, woman): &&(&str, &str)| !self.met.contains(*man) && !self.met.contains(*woman);
        let taken =
            |pair: &&(&'static str, &'static str)| self.names.values().any(|known| known == *pair);
        let fresh: Vec<_> = list
            .iter()
            .filter(free)
            .filter(|pair| !taken(pair))
            .collect();
        let free: Vec<_> = if fresh.is_empty() {
            list.iter().filter(free).collect()
        } else {
            fresh
        };
        let index = rand::rng().random_range(0..free.len().max(1));
        let found = free.get(index).map_or(list[0], |found| **found);
        self.names.insert(key, found);
        found
    }

    /// A text of the same form that no original has.
    pub(super) fn alike(&mut self, text: &str) -> String {
        self.made(text, |_| {
            values::alike(text, || rand::rng().random_range(0..10_000))
        })
    }

    /// What `make` makes of a number in the place of a text; the same for the same text.
    pub(super) fn made(&mut self, text: &str, make: impl Fn(u64) -> String) -> String {
        let original = text.to_uppercase();
        if let Some(known) = self.replaced.get(&original) {
            return known.clone();
        }
        let mut made = make(rand::rng().random());
        for _ in 0..50 {
            let taken = self.replaced.values().any(|known| *known == made);
            if !taken && !self.holds_original(&made) {
                break;
            }
            made = make(rand::rng().random());
        }
        self.replaced.insert(original, made.clone());
        made
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(String::from).unwrap_or_default();
    first + &letters.as_str().to_lowercase()
}
