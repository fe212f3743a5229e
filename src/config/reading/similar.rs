//! The known word that a mistyped one most resembles.

/// The known word with the fewest edits from `word`, if so few that a slip of the hand is likely.
pub fn most_similar<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (edits(word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Characters to insert, delete or replace to make one word the other (Levenshtein).
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, character) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let known = ["address", "certificate", "certificates", "key"];
        let similar = |word| most_similar(word, known.into_iter());
        assert_eq!(similar("adress"), Some("address"));
        assert_eq!(similar("certficate"), Some("certificate"));
        assert_eq!(similar("kye"), None);
        assert_eq!(similar("keys"), Some("key"));
        assert_eq!(similar("zzzzzz"), None);
    }
}
