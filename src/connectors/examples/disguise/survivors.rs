//! The second look: originals that are left in what was disguised.

use super::nobodys::is_municipality;
use super::{Disguise, SHORTEST, values};

impl Disguise {
    /// Whether a made-up text is an original, or has one in it.
    pub(super) fn holds_original(&self, made: &str) -> bool {
        let made = made.to_uppercase();
        let long = |original: &&String| original.chars().count() >= SHORTEST;
        self.met.contains(&made)
            || self
                .met
                .iter()
                .filter(long)
                .any(|original| stands_in(original, &made))
    }

    /// How many originals stand in a text, as words of their own and whatever the case.
    pub fn survivors(&self, text: &str) -> usize {
        let text = text.to_uppercase();
        let days = self.days.iter().flat_map(|day| values::ways(*day));
        let configured = self
            .configured
            .iter()
            .map(|known| known.real.to_uppercase());
        let all = self
            .replaced
            .keys()
            .chain(self.said.keys())
            .cloned()
            .chain(configured)
            .chain(days);
        let long = all.filter(|original| original.chars().count() >= SHORTEST);
        let left = long.filter(|original| stands_in(original, &text) && !is_municipality(original));
        // A secret is none for standing inside a word.
        let secrets = self
            .configured
            .iter()
            .filter(|known| known.is_secret && known.real.len() >= SHORTEST);
        left.count()
            + secrets
                .filter(|secret| text.contains(&secret.real.to_uppercase()))
                .count()
    }
}

/// Whether a word stands in a text as a word of its own.
pub fn stands_in(word: &str, text: &str) -> bool {
    let part_of_a_word = |character: Option<char>| {
        character.is_some_and(|character: char| character.is_alphanumeric() || character == '_')
    };
    text.match_indices(word).any(|(start, found)| {
        !part_of_a_word(text[..start].chars().next_back())
            && !part_of_a_word(text[start + found.len()..].chars().next())
    })
}
