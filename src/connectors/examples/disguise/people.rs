//! Made-up people: names, fiscal codes and VAT numbers, the same one for the same original.

use chrono::{Datelike, NaiveDate};

use crate::contract::codice_fiscale::{CodiceFiscale, PartitaIva};

/// Surnames of nobody.
pub const SURNAMES: [&str; 40] = [
    "ALBERELLI",
    "BOSCARDINI",
    "CAMPIGLIESI",
    "DONDERISI",
    "ELVERANI",
    "FALDINESI",
    "GRAMEGLIA",
    "IVERNATI",
    "LARIANTI",
    "MONTERBINI",
    "NOVANZINI",
    "OLMEDRI",
    "PRATESINI",
    "QUERCIOLANI",
    "ROVEGNANI",
    "SALVESTINI",
    "TREMELLINI",
    "UMBRELLI",
    "VALBRENTI",
    "ZANVERDINI",
    "ARGENTARI",
    "BRUGHERANI",
    "CASTELMURI",
    "DRAGHENTI",
    "ERBOLESI",
    "FONTESANTI",
    "GHIRLANDI",
    "ISOLABELLI",
    "LUMEZZARI",
    "MALGRATESI",
    "NESPOLEDI",
    "ORTIGARINI",
    "PIANELLESI",
    "RONCAGLIERI",
    "SORMANESI",
    "TORRIGIARI",
    "VENTURELLINI",
    "ZERBOLANI",
    "BELVEDRI",
    "CIVENNATI",
];

/// Given names of men and women of which a fiscal code shows the same letters.
pub const GIVEN_NAMES: [(&str, &str); 16] = [
    ("FABIO", "FABIA"),
    ("SILVIO", "SILVIA"),
    ("VALERIO", "VALERIA"),
    ("CLAUDIO", "CLAUDIA"),
    ("GIULIO", "GIULIA"),
    ("LIVIO", "LIVIA"),
    ("FLAVIO", "FLAVIA"),
    ("LUCIO", "LUCIA"),
    ("TULLIO", "TULLIA"),
    ("EMILIO", "EMILIA"),
    ("OTTAVIO", "OTTAVIA"),
    ("CORNELIO", "CORNELIA"),
    ("AURELIO", "AURELIA"),
    ("VIRGINIO", "VIRGINIA"),
    ("DELIO", "DELIA"),
    ("FULVIO", "FULVIA"),
];

/// Streets of nowhere.
pub const STREETS: [&str; 12] = [
    "VIA DEGLI ESEMPI",
    "VIA DELLE PROVE",
    "PIAZZA DEL COLLAUDO",
    "VIA DEL MODELLO",
    "LARGO DELLA SPECIE",
    "VIA DELLE BOZZE",
    "VICOLO DEL CAMPIONE",
    "VIALE DEI SAGGI",
    "VIA DELLA MINUTA",
    "CORSO DELLE IPOTESI",
    "VIA DEL FACSIMILE",
    "SALITA DEGLI APPUNTI",
];

const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
/// Letters that stand for the digits 0 to 9 where two persons would have the same code.
const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";
/// Places of digits in a code, from the last one on, which is the first to be replaced by a letter.
const DIGITS: [usize; 7] = [14, 13, 12, 10, 9, 7, 6];

/// What a fiscal code tells of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Three letters of the surname.
    pub surname: String,
    /// Three letters of the given name.
    pub given_name: String,
    /// The birthday; of the two centuries that it can be in the one that is not in the future.
    pub born: NaiveDate,
    /// Whether the person is a woman.
    pub female: bool,
    /// The cadastral code of the place of birth.
    pub place: String,
}

/// Whether a text has the form of a personal fiscal code, its check character aside.
pub fn has_form(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |byte: u8| byte.is_ascii_digit() || OMOCODIA.contains(&byte.to_ascii_uppercase());
    bytes.len() == 16
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            0..=5 | 8 | 11 | 15 => byte.is_ascii_alphabetic(),
            _ => digit(*byte),
        })
}

/// What a code tells; `None`: its date is none.
pub fn told(code: &str, today: NaiveDate) -> Option<Told> {
    if !has_form(code) {
        return None;
    }
    let mut plain = code.to_ascii_uppercase().into_bytes();
    for place in DIGITS {
        if let Some(digit) = OMOCODIA.iter().position(|letter| *letter == plain[place]) {
            plain[place] = b'0' + u8::try_from(digit).ok()?;
        }
    }
    let plain = String::from_utf8(plain).ok()?;
    let year: i32 = plain.get(6..8)?.parse().ok()?;
    let letter = plain.as_bytes()[8];
    let month = MONTHS.iter().position(|known| *known == letter)? + 1;
    let day: u32 = plain.get(9..11)?.parse().ok()?;
    let (day, female) = if day > 40 {
        (day - 40, true)
    } else {
        (day, false)
    };
    let in_century =
        |century: i32| NaiveDate::from_ymd_opt(century + year, u32::try_from(month).ok()?, day);
    let born = in_century(2000)
        .filter(|born| *born <= today)
        .or_else(|| in_century(1900))?;
    Some(Told {
        surname: plain.get(..3)?.to_owned(),
        given_name: plain.get(3..6)?.to_owned(),
        born,
        female,
        place: plain.get(11..15)?.to_owned(),
    })
}

/// The code that tells this, with its check character; `twins` digits from the right are letters.
pub fn code(told: &Told, twins: usize) -> String {
    let day = told.born.day() + if told.female { 40 } else { 0 };
    let month = char::from(MONTHS[usize::try_from(told.born.month0()).unwrap_or(0)]);
    let year = told.born.year().rem_euclid(100);
    let plain = format!(
        "{}{}{year:02}{month}{day:02}{}",
        told.surname, told.given_name, told.place
    );
    let mut plain = plain.into_bytes();
    for place in DIGITS.iter().take(twins) {
        let digit = plain[*place].wrapping_sub(b'0');
        if let Some(letter) = OMOCODIA.get(usize::from(digit)) {
            plain[*place] = *letter;
        }
    }
    let plain = String::from_utf8_lossy(&plain).into_owned();
    let checked = ('A'..='Z').map(|check| format!("{plain}{check}"));
    checked
        .into_iter()
        .find(|code| CodiceFiscale::parse(code).is_ok())
        .unwrap_or(plain)
}

/// Eleven digits with their check digit, from ten that anybody may choose.
pub fn eleven_digits(ten: u64) -> String {
    let ten = format!("{:010}", ten % 10_000_000_000);
    let checked = (0..10).map(|check| format!("{ten}{check}"));
    checked
        .into_iter()
        .find(|code| PartitaIva::parse(code).is_ok())
        .unwrap_or(ten)
}

/// The three letters of a surname.
pub fn letters_of_surname(text: &str) -> String {
    let (consonants, vowels) = letters(text);
    three(consonants.chars().chain(vowels.chars()))
}

/// The three letters of a given name: of four consonants and more the second is left out.
pub fn letters_of_given_name(text: &str) -> String {
    let (consonants, vowels) = letters(text);
    if consonants.len() >= 4 {
        return consonants
            .char_indices()
            .filter(|(place, _)| *place != 1)
            .map(|(_, letter)| letter)
            .take(3)
            .collect();
    }
    three(consonants.chars().chain(vowels.chars()))
}

fn three(letters: impl Iterator<Item = char>) -> String {
    letters.chain("XXX".chars()).take(3).collect()
}

/// Consonants and vowels, capitals without accents.
fn letters(text: &str) -> (String, String) {
    let capitals = text.to_uppercase();
    let plain = capitals.chars().map(|letter| match letter {
        'À' | 'Á' | 'Â' | 'Ä' => 'A',
        'È' | 'É' | 'Ê' | 'Ë' => 'E',
        'Ì' | 'Í' | 'Î' | 'Ï' => 'I',
        'Ò' | 'Ó' | 'Ô' | 'Ö' => 'O',
        'Ù' | 'Ú' | 'Û' | 'Ü' => 'U',
        'Ç' => 'C',
        'Ñ' => 'N',
        other => other,
    });
    let plain = plain.filter(char::is_ascii_uppercase);
    plain.partition(|letter| !"AEIOU".contains(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day")
    }

    #[test]
    fn what_a_code_tells_makes_the_code() {
        for text in ["RSSMRA80A01C933H", "BNCNNA75T71B639E"] {
            assert!(has_form(text));
            let told = told(text, day()).expect("a person");
            assert_eq!(code(&told, 0), text);
        }
        let anna = told("BNCNNA75T71B639E", day()).expect("a person");
        assert!(anna.female && anna.born.to_string() == "1975-12-31");
    }

    #[test]
    fn codes_of_twins_are_valid_and_tell_the_same() {
        let mario = told("RSSMRA80A01C933H", day()).expect("a person");
        for twins in 1..=7 {
            let twin = code(&mario, twins);
            assert!(CodiceFiscale::parse(&twin).is_ok());
            assert_eq!(told(&twin, day()), Some(mario.clone()), "{twin}");
        }
    }

    #[test]
    fn letters_of_names_are_those_of_the_decree() {
        for (surname, letters) in [
            ("Rossi", "RSS"),
            ("FO", "FOX"),
            ("D'Àngelo", "DNG"),
            ("AIELLO", "LLA"),
        ] {
            assert_eq!(letters_of_surname(surname), letters);
        }
        for (name, letters) in [("MARIO", "MRA"), ("GIANFRANCO", "GFR"), ("LUCA", "LCU")] {
            assert_eq!(letters_of_given_name(name), letters);
        }
        for (man, woman) in GIVEN_NAMES {
            assert_eq!(
                letters_of_given_name(man),
                letters_of_given_name(woman),
                "{man}"
            );
        }
    }

    #[test]
    fn eleven_digits_have_their_check_digit() {
        for ten in [0, 1, 1_234_567_890, 9_999_999_999] {
            assert!(PartitaIva::parse(&eleven_digits(ten)).is_ok());
        }
    }
}
