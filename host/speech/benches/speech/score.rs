//! How different two texts are.

/// The words of a text as they are compared: without case, punctuation and fillers, numbers in words,
/// and of some words that are written in two ways one of them.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let lower = text.to_lowercase().replace(['’', '\''], "");
    for word in lower.split(|c: char| !c.is_alphanumeric()) {
        match word {
            "" | "uh" | "um" | "hm" | "hmm" | "mm" | "mhm" | "ah" | "er" => {}
            "mr" => words.push("mister".into()),
            "alright" => words.extend(["all".into(), "right".into()]),
            "gonna" => words.extend(["going".into(), "to".into()]),
            "wanna" => words.extend(["want".into(), "to".into()]),
            "kinda" => words.extend(["kind".into(), "of".into()]),
            "yknow" => words.extend(["you".into(), "know".into()]),
            "ok" => words.push("okay".into()),
            "cause" => words.push("because".into()),
            number if number.bytes().all(|b| b.is_ascii_digit()) => words.extend(spoken(number)),
            word => words.push(word.into()),
        }
    }
    words
}

/// A number as it is said; years in two halves.
fn spoken(digits: &str) -> Vec<String> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 10] = [
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    let Ok(number) = digits.parse::<usize>() else {
        return vec![digits.into()];
    };
    match number {
        0..20 => vec![ONES[number].into()],
        20..100 if number.is_multiple_of(10) => vec![TENS[number / 10].into()],
        20..100 => vec![TENS[number / 10].into(), ONES[number % 10].into()],
        1_100..2_000 | 2_010..2_100 => {
            let mut said = spoken(&(number / 100).to_string());
            said.extend(spoken(&(number % 100).to_string()));
            said
        }
        _ => vec![digits.into()],
    }
}

/// What it takes to make a text of another.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Errors {
    pub(crate) substituted: usize,
    pub(crate) deleted: usize,
    pub(crate) inserted: usize,
    /// Words of the true text.
    pub(crate) words: usize,
}

impl Errors {
    /// Of aligned words.
    pub(crate) fn of(pairs: &[Pair<'_>]) -> Self {
        let mut errors = Self::default();
        for (truth, heard) in pairs {
            errors.words += usize::from(truth.is_some());
            match (truth, heard) {
                (Some(truth), Some(heard)) => errors.substituted += usize::from(truth != heard),
                (Some(_), None) => errors.deleted += 1,
                (None, _) => errors.inserted += 1,
            }
        }
        errors
    }

    pub(crate) fn rate(&self) -> f64 {
        let errors = self.substituted + self.deleted + self.inserted;
        errors as f64 / self.words.max(1) as f64
    }
}

/// A word that was said and what was heard of it; one of the two may be missing.
pub(crate) type Pair<'a> = (Option<&'a str>, Option<&'a str>);

/// Puts two texts beside each other so that they differ as little as they can.
pub(crate) fn aligned<'a>(truth: &'a [String], heard: &'a [String]) -> Vec<Pair<'a>> {
    let columns = heard.len() + 1;
    let mut cost = vec![0_usize; (truth.len() + 1) * columns];
    let at = |row: usize, column: usize| row * columns + column;
    for row in 0..=truth.len() {
        for column in 0..=heard.len() {
            cost[at(row, column)] = match (row, column) {
                (0, n) | (n, 0) => n,
                _ => {
                    let other = usize::from(truth[row - 1] != heard[column - 1]);
                    (cost[at(row - 1, column - 1)] + other)
                        .min(cost[at(row - 1, column)] + 1)
                        .min(cost[at(row, column - 1)] + 1)
                }
            };
        }
    }
    let mut pairs = Vec::new();
    let (mut row, mut column) = (truth.len(), heard.len());
    while row > 0 || column > 0 {
        let here = cost[at(row, column)];
        let both = row > 0 && column > 0 && {
            let other = usize::from(truth[row - 1] != heard[column - 1]);
            here == cost[at(row - 1, column - 1)] + other
        };
        let is_gone = !both && row > 0 && here == cost[at(row - 1, column)] + 1;
        let said = (both || is_gone).then(|| {
            row -= 1;
            &*truth[row]
        });
        let got = (!is_gone).then(|| {
            column -= 1;
            &*heard[column]
        });
        pairs.push((said, got));
    }
    pairs.reverse();
    pairs
}

/// Each stretch in which words differ, with two words around it, and about when it was.
pub(crate) fn show_differences(pairs: &[Pair<'_>], times: Option<&Vec<u64>>) {
    let is_wrong = |n: usize| pairs.get(n).is_some_and(|(truth, heard)| truth != heard);
    let texts = |from: usize, to: usize, of: fn(&Pair<'_>) -> Option<String>| {
        let texts: Vec<String> = pairs[from..to].iter().filter_map(of).collect();
        texts.join(" ")
    };
    let (truth, heard) = (
        |pair: &Pair<'_>| pair.0.map(str::to_owned),
        |pair: &Pair<'_>| pair.1.map(str::to_owned),
    );
    let (mut n, mut words) = (0, 0);
    while n < pairs.len() {
        let end = (n..).find(|n| !is_wrong(*n)).unwrap_or(pairs.len());
        if end > n {
            let at_ms = times.and_then(|times| times.get(words.min(times.len().max(1) - 1)));
            println!(
                "    {:>7} {} [{}] {}: [{}]",
                at_ms.map_or(String::new(), |ms| format!("{:.2} s", *ms as f64 / 1_000.0)),
                texts(n.saturating_sub(2), n, truth),
                texts(n, end, truth),
                texts(end, (end + 2).min(pairs.len()), truth),
                texts(n, end, heard),
            );
        }
        let next = end.max(n + 1).min(pairs.len());
        words += pairs[n..next]
            .iter()
            .filter(|pair| pair.1.is_some())
            .count();
        n = next;
    }
}

/// The value below which this part of the others are; 0 of none.
pub(crate) fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * part) as usize;
    values
        .get(place.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}
