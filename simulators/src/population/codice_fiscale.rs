//! Fiscal codes and VAT numbers computed from their rules (DM 23 December 1976, omocodia included).

use chrono::{Datelike, NaiveDate};

use super::Sex;

const MONTHS: [char; 12] = ['A', 'B', 'C', 'D', 'E', 'H', 'L', 'M', 'P', 'R', 'S', 'T'];
const OMOCODIA: [char; 10] = ['L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U', 'V'];
/// Positions (from 0) whose digits omocodia turns into letters, in the order of use.
const OMOCODIA_POSITIONS: [usize; 7] = [14, 13, 12, 10, 9, 7, 6];
/// Values of 0-9 and of A-J in odd positions; K-Z follow in `ODD_K_TO_Z`.
const ODD_0_TO_9: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
const ODD_K_TO_Z: [u32; 16] = [2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

/// The sixteen characters for a person; `belfiore` is the code of the place of birth (`C933`, `Z133`).
pub fn compute(surname: &str, name: &str, sex: Sex, birth: NaiveDate, belfiore: &str) -> String {
    let day = birth.day() + if sex == Sex::F { 40 } else { 0 };
    let month = MONTHS[birth.month0() as usize];
    close(format!(
        "{}{}{:02}{month}{day:02}{belfiore}",
        surname_letters(surname),
        name_letters(name),
        birth.year() % 100,
    ))
}

/// The same code with its `count` rightmost digits turned into letters, as the revenue agency does for namesakes.
pub fn omocodia(code: &str, count: usize) -> String {
    let mut chars: Vec<char> = code.chars().take(15).collect();
    for &position in OMOCODIA_POSITIONS.iter().take(count) {
        if let Some(digit) = chars[position].to_digit(10) {
            chars[position] = OMOCODIA[digit as usize];
        }
    }
    close(chars.into_iter().collect())
}

/// Whether shape and check character are right.
pub fn is_valid(code: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit() || OMOCODIA.contains(&c);
    code.len() == 16
        && code
            .chars()
            .enumerate()
            .all(|(position, c)| match position {
                8 => MONTHS.contains(&c),
                p if OMOCODIA_POSITIONS.contains(&p) => digit(c),
                _ => c.is_ascii_uppercase(),
            })
        && close(code[..15].to_owned()) == code
}

/// Eleven digits from the first ten (Luhn's check digit).
pub fn partita_iva(first_ten: &str) -> String {
    let sum: u32 = first_ten
        .chars()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(position, digit)| match (position % 2, digit * 2) {
            (0, _) => digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    format!("{first_ten}{}", (10 - sum % 10) % 10)
}

fn close(mut fifteen: String) -> String {
    let sum: u32 = fifteen
        .chars()
        .enumerate()
        .map(|(position, c)| if position % 2 == 0 { odd(c) } else { even(c) })
        .sum();
    fifteen.push(char::from(b'A' + (sum % 26) as u8));
    fifteen
}

fn even(c: char) -> u32 {
    c.to_digit(10)
        .unwrap_or_else(|| u32::from(c) - u32::from('A'))
}

fn odd(c: char) -> u32 {
    let value = even(c) as usize;
    if value < 10 {
        ODD_0_TO_9[value]
    } else {
        ODD_K_TO_Z[value - 10]
    }
}

fn surname_letters(surname: &str) -> String {
    let (consonants, vowels) = letters(surname);
    three(consonants.chars().chain(vowels.chars()))
}

fn name_letters(name: &str) -> String {
    let (consonants, vowels) = letters(name);
    if consonants.len() > 3 {
        three(
            consonants
                .chars()
                .enumerate()
                .filter(|(position, _)| *position != 1)
                .map(|(_, c)| c),
        )
    } else {
        three(consonants.chars().chain(vowels.chars()))
    }
}

fn three(letters: impl Iterator<Item = char>) -> String {
    letters.chain("XXX".chars()).take(3).collect()
}

fn letters(text: &str) -> (String, String) {
    text.chars()
        .map(without_accent)
        .filter(char::is_ascii_alphabetic)
        .partition(|c| !"AEIOU".contains(*c))
}

fn without_accent(c: char) -> char {
    match c {
        'À' | 'Á' | 'Â' | 'Ä' => 'A',
        'È' | 'É' | 'Ê' | 'Ë' => 'E',
        'Ì' | 'Í' | 'Î' | 'Ï' => 'I',
        'Ò' | 'Ó' | 'Ô' | 'Ö' => 'O',
        'Ù' | 'Ú' | 'Û' | 'Ü' => 'U',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::day;

    #[test]
    fn codes_follow_the_rules_for_names_dates_and_places() {
        let cases = [
            (
                "ROSSI",
                "MARIO",
                Sex::M,
                day(1980, 1, 1),
                "C933",
                "RSSMRA80A01C933H",
            ),
            (
                "BIANCHI",
                "LARA",
                Sex::F,
                day(1985, 8, 1),
                "C933",
                "BNCLRA85M41C933M",
            ),
            (
                "ROSSI",
                "GIULIA",
                Sex::F,
                day(2012, 12, 5),
                "C933",
                "RSSGLI12T45C933S",
            ),
            (
                "VERDI",
                "GIUSEPPE",
                Sex::M,
                day(1950, 3, 10),
                "A744",
                "VRDGPP50C10A744E",
            ),
            (
                "ANTONINI",
                "NICCOLÒ",
                Sex::M,
                day(1970, 9, 5),
                "M335",
                "NTNNCL70P05M335A",
            ),
            (
                "BIANCHI",
                "ANNA",
                Sex::F,
                day(1975, 12, 31),
                "B639",
                "BNCNNA75T71B639E",
            ),
            (
                "FO",
                "AL",
                Sex::M,
                day(2001, 2, 28),
                "D416",
                "FOXLAX01B28D416I",
            ),
        ];
        for (surname, name, sex, birth, belfiore, expected) in cases {
            assert_eq!(compute(surname, name, sex, birth, belfiore), expected);
            assert!(is_valid(expected));
        }
    }

    #[test]
    fn omocodia_replaces_digits_from_the_right_and_closes_again() {
        assert_eq!(omocodia("RSSMRA80A01C933H", 1), "RSSMRA80A01C93PD");
        for count in 1..=7 {
            assert!(is_valid(&omocodia("RSSMRA80A01C933H", count)));
        }
    }

    #[test]
    fn a_wrong_check_character_is_found() {
        assert!(!is_valid("RSSMRA80A01C933X"));
        assert!(!is_valid("RSSMRA80A01C933"));
    }

    #[test]
    fn vat_numbers_get_their_check_digit() {
        assert_eq!(partita_iva("0123456789"), "01234567897");
        assert_eq!(partita_iva("0000000000"), "00000000000");
    }
}
