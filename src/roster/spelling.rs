//! Spellings, each kept once and found again by its bytes: a roster of a million rows has some ten
//! thousand of them.
//!
//! All bytes stand in one text, so that those of a whole roster are near each other. Knows nothing of
//! what a spelling means.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Spellings {
    hasher: DefaultHashBuilder,
    places: HashTable<usize>,
    kept: Kept,
    /// The place that was asked for last: rows about one thing stand together in most files.
    last: Option<usize>,
}

/// All of them one after the other.
#[derive(Debug, Clone, Default)]
struct Kept {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Kept {
    fn at(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place]]
    }

    fn add(&mut self, spelling: &[u8]) -> usize {
        self.text.extend_from_slice(spelling);
        self.ends.push(self.text.len());
        self.ends.len() - 1
    }
}

impl Spellings {
    /// The place of a spelling, and whether it is new.
    pub fn place(&mut self, spelling: &[u8]) -> (usize, bool) {
        if let Some(last) = self.last.filter(|last| self.kept.at(*last) == spelling) {
            return (last, false);
        }
        let found = self.find(spelling);
        let place = found.unwrap_or_else(|| self.add(spelling));
        self.last = Some(place);
        (place, found.is_none())
    }

    /// The place of a spelling that has one.
    pub fn find(&self, spelling: &[u8]) -> Option<usize> {
        let is_it = |place: &usize| self.kept.at(*place) == spelling;
        self.places.find(self.hasher.hash_one(spelling), is_it).copied()
    }

    fn add(&mut self, spelling: &[u8]) -> usize {
        let Self { hasher, places, kept, .. } = self;
        let place = kept.add(spelling);
        let hash_of = |place: &usize| hasher.hash_one(kept.at(*place));
        places.insert_unique(hasher.hash_one(spelling), place, hash_of);
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_has_one_place_in_the_order_in_which_they_come() {
        let mut spellings = Spellings::default();
        let words = ["a", "", "ab", "b", "a", "", "b", "b", "ab"];
        let places: Vec<usize> =
            words.iter().map(|word| spellings.place(word.as_bytes()).0).collect();
        assert_eq!(places, [0, 1, 2, 3, 0, 1, 3, 3, 2]);
        assert_eq!(spellings.place(b"c"), (4, true));
        assert_eq!((spellings.find(b"ab"), spellings.find(b"abc")), (Some(2), None));
    }

    #[test]
    fn many_spellings_keep_their_places_as_the_table_grows() {
        let mut spellings = Spellings::default();
        let word = |number: usize| number.to_string().into_bytes();
        assert!((0..5_000).all(|number| spellings.place(&word(number)) == (number, true)));
        assert!((0..5_000).all(|number| spellings.place(&word(number)) == (number, false)));
        assert!((0..5_000).all(|number| spellings.find(&word(number)) == Some(number)));
    }
}
