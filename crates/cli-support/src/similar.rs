//! Finds the name that a user probably meant.

use strsim::levenshtein;

/// Returns the name that differs least from `word`, ignoring case, or `None` if all names differ in
/// more than a quarter of their characters.
pub(crate) fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let found =
        names.into_iter().map(|name| (levenshtein(&word, &name.to_ascii_lowercase()), name));
    let similar = found.filter(|(distance, name)| distance * 4 <= name.len());
    similar.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_name_differs_in_few_characters() {
        let names = ["transactions.get", "transactions.list", "GET"];
        for (word, expected) in [
            ("TRANSACTIONS.GET", Some("transactions.get")),
            ("transaction.lst", Some("transactions.list")),
            ("get", Some("GET")),
            ("GETT", None),
            ("refunds.get", None),
            ("", None),
        ] {
            assert_eq!(closest(word, names), expected, "{word}");
        }
    }
}
