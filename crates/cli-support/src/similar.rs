//! Finds the name that a user probably meant.

/// Returns the name that differs least from `word`, ignoring case, or `None` if all names differ in
/// more than a quarter of their characters.
pub(crate) fn closest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    let found = names.into_iter().map(|name| (distance(&word, &name.to_ascii_lowercase()), name));
    let similar = found.filter(|(distance, name)| distance * 4 <= name.len());
    similar.min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Returns the minimum number of insertions, deletions and replacements of characters that turn
/// one text into the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (index, char) in one.chars().enumerate() {
        let mut before = index;
        let mut last = index + 1;
        let mut next = vec![last];
        for (wanted, above) in other.chars().zip(row.iter().skip(1)) {
            last = (before + usize::from(char != wanted)).min(above + 1).min(last + 1);
            next.push(last);
            before = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closest_name_differs_in_few_characters() {
        for (one, other, expected) in
            [("", "", 0), ("", "ab", 2), ("abc", "", 3), ("abcd", "abxd", 1), ("abcd", "bcde", 2)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
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
