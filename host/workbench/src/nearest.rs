//! "Did you mean ...?"

/// The candidate that a mistyped word was most likely meant to be, as a clause to be added to a
/// complaint; empty if none is near.
///
/// Near means: at most one third of the letters typed wrongly (Damerau-Levenshtein distance), or the
/// one is the beginning of the other.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let distance = |candidate: &str| {
        let shared = word.len().min(candidate.len());
        if shared >= 3 && (candidate.starts_with(word) || word.starts_with(candidate)) {
            return 1;
        }
        strsim::damerau_levenshtein(word, candidate)
    };
    candidates
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .min()
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count().max(word.chars().count()) / 3).max(1)
        })
        .map_or_else(String::new, |(_, candidate)| {
            format!("; did you mean `{candidate}`?")
        })
}

#[cfg(test)]
mod tests {
    use super::did_you_mean;

    #[test]
    fn only_near_words_are_offered() {
        let names = ["listen", "plugins", "cooldown_s", "nova"];
        let cases = [
            ("lisen", "; did you mean `listen`?"),
            ("plugin", "; did you mean `plugins`?"),
            ("cooldown", "; did you mean `cooldown_s`?"),
            ("onva", "; did you mean `nova`?"),
            ("banana", ""),
            ("x", ""),
        ];
        for (word, expected) in cases {
            assert_eq!(did_you_mean(word, names), expected, "{word}");
        }
        assert_eq!(did_you_mean("nova", []), "");
    }
}
