//! How words sound, as far as spelling tells: names are rarely taken down as they are written.
//!
//! In the manner of Metaphone (Philips, 1990), but that vowels stay, since they are all that sets `Tom` and `Tim`
//! apart: letters that sound alike become one (`c`, `ck`, `q` and `k`; `z` and `s`; `ee`, `ea`, `ie`, `y` and `i`),
//! silent ones go (`h` after a vowel, a last `e` after a consonant, the `k` of `kn`), doubled ones count once, and a letter that stands
//! alone sounds as it is called (`D` as `dee`). It knows English spelling; other letters stay as they are.
//!
//! Two sound alike if their keys are the same, if they differ in one place and have 6 sounds or more, or in two and
//! have 10 or more; the first sound is always the same.

/// With so many sounds, one may differ.
const ONE_SLIP: usize = 6;
/// With so many sounds, two may differ.
const TWO_SLIPS: usize = 10;

/// The sounds of words that are said together.
pub(crate) fn key<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut key = String::new();
    for word in words {
        for sound in sounds(word).chars() {
            if !key.ends_with(sound) || sound.is_ascii_digit() {
                key.push(sound);
            }
        }
    }
    key
}

/// Whether two keys are near enough to each other to be one name.
pub(crate) fn are_alike(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let (long, short) = (one.chars().count(), other.chars().count());
    let slips = match long.min(short) {
        TWO_SLIPS.. => 2,
        ONE_SLIP.. => 1,
        _ => return false,
    };
    one.chars().next() == other.chars().next()
        && long.abs_diff(short) <= slips
        && strsim::osa_distance(one, other) <= slips
}

fn sounds(word: &str) -> String {
    let letters: Vec<char> = word
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .map(plain)
        .collect();
    if let [letter] = letters[..] {
        return called(letter).map_or_else(|| letter.to_string(), str::to_owned);
    }
    let is_vowel = |at: usize| letters.get(at).is_some_and(|&c| "aeiouy".contains(c));
    let mut out = String::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let rest = &letters[at..];
        let begins = |with: &str| rest.iter().take(with.len()).copied().eq(with.chars());
        let is_first = at == 0;
        let is_last_e = letter == 'e'
            && rest.len() == 1
            && at >= 2
            && !is_vowel(at - 1)
            && has_vowel(&letters[..at]);
        let (sound, taken) = match letter {
            _ if is_first && (begins("kn") || begins("gn") || begins("pn")) => ("n", 2),
            _ if is_first && begins("wr") => ("r", 2),
            _ if is_first && begins("ps") => ("s", 2),
            _ if begins("ght") => ("t", 3),
            _ if begins("tch") => ("C", 3),
            _ if begins("sch") => ("S", 3),
            _ if begins("dge") => ("j", 3),
            _ if begins("ph") => ("f", 2),
            _ if begins("ck") => ("k", 2),
            _ if begins("ch") => ("C", 2),
            _ if begins("sh") => ("S", 2),
            _ if begins("th") => ("t", 2),
            _ if begins("wh") => ("w", 2),
            _ if begins("qu") => ("kw", 2),
            _ if begins("gh") && !is_first => ("", 2),
            _ if ["ee", "ea", "ie", "ei", "ey"].iter().any(|it| begins(it)) => ("i", 2),
            _ if ["oo", "ou", "ue", "ew", "eu"].iter().any(|it| begins(it)) => ("u", 2),
            _ if begins("ai") || begins("ay") || begins("ae") => ("E", 2),
            _ if begins("au") || begins("aw") || begins("oa") || begins("ow") => ("o", 2),
            'c' if rest.get(1).is_some_and(|c| "eiy".contains(*c)) => ("s", 1),
            'c' | 'q' | 'k' => ("k", 1),
            'x' if is_first => ("s", 1),
            'x' => ("ks", 1),
            'z' => ("s", 1),
            'y' => ("i", 1),
            'h' if !is_first && is_vowel(at - 1) && !is_vowel(at + 1) => ("", 1),
            'e' if is_last_e => ("", 1),
            _ => {
                out.push(letter);
                at += 1;
                continue;
            }
        };
        out.push_str(sound);
        at += taken;
    }
    out
}

fn has_vowel(letters: &[char]) -> bool {
    letters.iter().any(|&c| "aeiouy".contains(c))
}

/// Without the marks that English leaves out.
fn plain(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' => 'a',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ě' => 'e',
        'ì' | 'í' | 'î' | 'ï' | 'ī' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' => 'o',
        'ù' | 'ú' | 'û' | 'ü' | 'ū' => 'u',
        'ñ' | 'ń' => 'n',
        'ç' => 's',
        'š' | 'ß' => 's',
        'ž' => 'z',
        c => c,
    }
}

/// How a letter is called, if that is not how it sounds.
fn called(letter: char) -> Option<&'static str> {
    Some(match letter {
        'b' => "bi",
        'c' => "si",
        'd' => "di",
        'f' => "ef",
        'g' => "ji",
        'h' => "eC",
        'j' => "je",
        'k' => "ke",
        'l' => "el",
        'm' => "em",
        'n' => "en",
        'p' => "pi",
        'q' => "kiu",
        'r' => "ar",
        's' => "es",
        't' => "ti",
        'u' => "iu",
        'v' => "vi",
        'x' => "eks",
        'y' => "uai",
        'z' => "si",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_sound_alike_are_known_and_others_are_not() {
        let table = [
            ("mika", "Mica", true),
            ("mika", "Micah", true),
            ("mika", "Meeka", true),
            ("mika", "Mike", false),
            ("mika", "make", false),
            ("mika", "Monica", false),
            ("kestrel", "Kestral", true),
            ("kestrel", "kettle", false),
            ("doom dee", "doom D", true),
            ("doom dee", "Doomdy", true),
            ("doom dee", "Dundee", false),
            ("doom dee", "doomed", false),
            ("turbo tom", "turbotom", true),
            ("turbo tom", "Turbo Tum", true),
            ("turbo tom", "turbo time", true),
            ("turbo tom", "turbine", false),
            ("ana", "Anna", true),
            ("ana", "Hannah", false),
            ("tom", "Tim", false),
            ("nova", "Noah", false),
            ("nova", "over", false),
            ("wren", "Ren", true),
            ("wren", "rain", false),
            ("juno", "do you know", false),
            ("juno", "Junot", false),
            ("philip", "Fillip", true),
            ("professor henk", "Professor Hank", true),
            ("professor henk", "professor", false),
            ("Zoë", "zoe", true),
            ("9", "99", false),
        ];
        for (name, heard, expected) in table {
            let [one, other] = [name, heard].map(|text| key(text.split(' ')));
            assert_eq!(
                are_alike(&one, &other),
                expected,
                "{name} ({one}) and {heard} ({other})"
            );
        }
    }
}
