//! How a name is said aloud, as far as one can tell from how it is written.
//!
//! | in the name | said |
//! | --- | --- |
//! | `TurboTom`, `big_al`, `RexTTV` | its words, set apart where a capital follows a small letter, at `_`, `-` and `.`, and between letters and digits |
//! | `n0va`, `m1ka` | a digit among letters as the letter that it looks like |
//! | `xXsniperXx`, `Novaaa` | without the x-es at both ends; three of a letter in a row as one, and as two |
//! | `mika07` | its digits as they stand, without leading zeros, as a number (`seven`), digit by digit (`oh seven`, `zero seven`), a year in two halves |
//! | `mika07` | shorter: without its digits |
//! | `RexTTV`, `TheRex` | shorter: without what says only where or that one streams |

/// What is left of a name must have so many letters.
const MIN_LETTERS: usize = 3;
/// Numbers of more digits than this are not read out.
const MAX_DIGITS: usize = 4;
/// The most forms of one name.
const MAX_FORMS: usize = 16;

const BEFORE: [&str; 7] = ["the", "its", "im", "iam", "mr", "real", "official"];
const BEHIND: [&str; 13] = [
    "tv", "ttv", "yt", "gaming", "games", "gamer", "plays", "live", "official", "irl", "hd", "gg",
    "streams",
];

/// One way to say a name, in words of small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) words: Vec<String>,
    /// Something of the name is left out.
    pub(crate) is_short: bool,
}

/// The ways to say a name; none of a number.
pub(crate) fn forms(name: &str) -> Vec<Form> {
    if !name.contains(char::is_alphabetic) {
        return Vec::new();
    }
    let mut forms: Vec<Form> = Vec::new();
    let mut add = |words: Vec<String>, is_short: bool| {
        let letters = words.concat().chars().filter(|c| c.is_alphabetic()).count();
        let is_known = forms.iter().any(|form| form.words == words);
        let enough = letters >= MIN_LETTERS || letters > 0 && !is_short;
        if enough && !is_known && forms.len() < MAX_FORMS {
            forms.push(Form { words, is_short });
        }
    };
    for name in spellings(name) {
        let parts = parts(&name);
        let whole = without_x(&parts);
        for words in read_out(whole) {
            add(words, false);
        }
        let letters: Vec<&str> = whole
            .iter()
            .map(String::as_str)
            .filter(|part| !part.starts_with(|c: char| c.is_ascii_digit()))
            .collect();
        let core = without_affixes(&letters);
        for short in [&letters[..], core] {
            add(short.iter().map(|&part| part.to_owned()).collect(), true);
        }
    }
    forms
}

/// As it is written; with letters for the digits among letters; and with long rows of a letter shortened.
fn spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![name.to_owned()];
    let look = unleet(name);
    if look != name {
        spellings.push(look);
    }
    for most in [1, 2] {
        let shortened = shorten(name, most);
        if !spellings.contains(&shortened) && shortened != name {
            spellings.push(shortened);
        }
    }
    spellings
}

fn unleet(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let is_letter = |c: Option<&char>| c.is_some_and(|c| c.is_alphabetic());
    let is_inside = |at: usize| {
        let (before, after) = letters.split_at(at);
        is_letter(before.iter().rfind(|c| !c.is_ascii_digit()))
            && is_letter(after.iter().find(|c| !c.is_ascii_digit()))
    };
    let letter = |(at, &c): (usize, &char)| match c {
        '0' if is_inside(at) => 'o',
        '1' if is_inside(at) => 'i',
        '3' if is_inside(at) => 'e',
        '4' if is_inside(at) => 'a',
        '5' if is_inside(at) => 's',
        '7' if is_inside(at) => 't',
        c => c,
    };
    letters.iter().enumerate().map(letter).collect()
}

/// Rows of three letters and more that are the same become so many.
fn shorten(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    let same = |a: &char, b: &char| a.is_alphabetic() && a.to_lowercase().eq(b.to_lowercase());
    letters
        .chunk_by(same)
        .flat_map(|row| &row[..if row.len() > 2 { most } else { row.len() }])
        .collect()
}

/// Its words and numbers, in small letters.
fn parts(name: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for stretch in name.split(|c: char| !c.is_alphanumeric() && c != '\'') {
        let letters: Vec<char> = stretch.chars().filter(|&c| c != '\'').collect();
        let mut from = 0;
        for at in 1..letters.len() {
            let (before, now) = (letters[at - 1], letters[at]);
            let is_cut = before.is_lowercase() && now.is_uppercase()
                || before.is_ascii_digit() != now.is_ascii_digit()
                || before.is_uppercase()
                    && now.is_uppercase()
                    && letters.get(at + 1).is_some_and(|c| c.is_lowercase());
            if is_cut {
                parts.push(letters[from..at].iter().collect::<String>());
                from = at;
            }
        }
        if from < letters.len() {
            parts.push(letters[from..].iter().collect());
        }
    }
    parts.iter().map(|part| part.to_lowercase()).collect()
}

/// Without the parts of nothing but x at its ends, if something is left.
fn without_x(parts: &[String]) -> &[String] {
    let is_x = |part: &String| part.chars().all(|c| c == 'x');
    let from = parts.iter().position(|part| !is_x(part));
    let to = parts.iter().rposition(|part| !is_x(part));
    let has_letters = |parts: &[String]| parts.concat().contains(char::is_alphabetic);
    match (from, to) {
        (Some(from), Some(to)) if has_letters(&parts[from..=to]) => &parts[from..=to],
        _ => parts,
    }
}

fn without_affixes<'a, 'b>(mut parts: &'b [&'a str]) -> &'b [&'a str] {
    while let [first, rest @ ..] = parts
        && !rest.is_empty()
        && BEFORE.contains(first)
    {
        parts = rest;
    }
    while let [rest @ .., last] = parts
        && !rest.is_empty()
        && BEHIND.contains(last)
    {
        parts = rest;
    }
    parts
}

/// With its numbers in each way in which they are said.
fn read_out(parts: &[String]) -> Vec<Vec<String>> {
    let mut read = vec![Vec::new()];
    for part in parts {
        let ways = if part.starts_with(|c: char| c.is_ascii_digit()) {
            number(part)
        } else {
            vec![vec![part.clone()]]
        };
        let with = |before: &Vec<String>| {
            ways.iter()
                .map(|way| [before.as_slice(), way].concat())
                .collect::<Vec<_>>()
        };
        read = read.iter().flat_map(with).take(MAX_FORMS).collect();
    }
    read
}

fn number(digits: &str) -> Vec<Vec<String>> {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let mut ways = vec![vec![digits.to_owned()]];
    let bare = digits.trim_start_matches('0');
    if bare != digits && !bare.is_empty() {
        ways.push(vec![bare.to_owned()]);
    }
    if digits.len() > MAX_DIGITS {
        return ways;
    }
    let value = |digits: &str| digits.parse::<usize>().unwrap_or_default();
    if bare.len() <= 2 {
        ways.push(words(&below_hundred(value(digits))));
    }
    if digits.len() == MAX_DIGITS && matches!(value(digits), 1100..2100) {
        let (century, year) = digits.split_at(2);
        let year = match value(year) {
            0 => "hundred".to_owned(),
            year @ 1..10 => format!("oh {}", below_hundred(year)),
            year => below_hundred(year),
        };
        ways.push(words(&format!("{} {year}", below_hundred(value(century)))));
    }
    for zero in ["oh", "zero"] {
        let each = digits.chars().map(|digit| match digit {
            '0' => zero.to_owned(),
            digit => below_hundred(value(digit.encode_utf8(&mut [0; 4]))),
        });
        ways.push(each.collect());
    }
    ways
}

fn below_hundred(number: usize) -> String {
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
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    match number {
        0..20 => ONES[number].to_owned(),
        20..100 if number.is_multiple_of(10) => TENS[number / 10 - 2].to_owned(),
        20..100 => format!("{} {}", TENS[number / 10 - 2], ONES[number % 10]),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_said_as_people_would() {
        // Ways that must be among them, whole and short ones; and ways that must not.
        type Case = (
            &'static str,
            &'static [&'static str],
            &'static [&'static str],
            &'static [&'static str],
        );
        let cases: [Case; 16] = [
            ("Nova", &["nova"], &[], &["no va"]),
            (
                "mika07",
                &["mika 07", "mika 7", "mika seven", "mika oh seven"],
                &["mika"],
                &[],
            ),
            ("kestrel_", &["kestrel"], &[], &[]),
            ("TurboTom", &["turbo tom"], &[], &["turbo", "tom"]),
            ("DoomDee", &["doom dee"], &[], &["doom"]),
            ("xXSniperXx", &["sniper"], &[], &[]),
            ("xXx_rex_xXx", &["rex"], &[], &[]),
            ("Professor Henk", &["professor henk"], &[], &["henk"]),
            ("n0va", &["nova"], &[], &[]),
            ("Novaaaa", &["nova"], &[], &[]),
            ("RexTTV", &["rex ttv"], &["rex"], &[]),
            ("TheRealRex", &["the real rex"], &["rex"], &[]),
            (
                "ana1998",
                &["ana nineteen ninety eight", "ana one nine nine eight"],
                &["ana"],
                &[],
            ),
            ("big_al99", &["big al ninety nine"], &["big al"], &[]),
            ("x7", &["x seven"], &[], &["x"]),
            ("123", &[], &[], &["123", "one two three"]),
        ];
        for (name, whole, short, never) in cases {
            let forms = forms(name);
            assert!(forms.len() <= MAX_FORMS);
            let has = |text: &str, is_short: bool| {
                forms
                    .iter()
                    .any(|form| form.words.join(" ") == text && form.is_short == is_short)
            };
            for text in whole {
                assert!(has(text, false), "{name}: {text} in {forms:?}");
            }
            for text in short {
                assert!(has(text, true), "{name}: {text} in {forms:?}");
            }
            for text in never {
                assert!(
                    !has(text, false) && !has(text, true),
                    "{name}: {text} in {forms:?}"
                );
            }
        }
    }
}
