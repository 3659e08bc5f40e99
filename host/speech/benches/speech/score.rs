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
    pub(crate) fn of(truth: &[String], heard: &[String]) -> Self {
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
        let mut errors = Self {
            words: truth.len(),
            ..Self::default()
        };
        let (mut row, mut column) = (truth.len(), heard.len());
        while row > 0 || column > 0 {
            let here = cost[at(row, column)];
            if row > 0 && column > 0 {
                let other = usize::from(truth[row - 1] != heard[column - 1]);
                if here == cost[at(row - 1, column - 1)] + other {
                    errors.substituted += other;
                    (row, column) = (row - 1, column - 1);
                    continue;
                }
            }
            if row > 0 && here == cost[at(row - 1, column)] + 1 {
                errors.deleted += 1;
                row -= 1;
            } else {
                errors.inserted += 1;
                column -= 1;
            }
        }
        errors
    }

    pub(crate) fn rate(&self) -> f64 {
        let errors = self.substituted + self.deleted + self.inserted;
        errors as f64 / self.words.max(1) as f64
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
