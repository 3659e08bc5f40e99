//! From the words of a line to how the persona types them.

use super::{
    mood::Mood,
    text::lower_words,
    tone::Tone,
    voice::{Case, Voice},
};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

/// Spellings that are shorter, of whole words; the first ones are tried first.
const SHORT: &[(&str, &str)] = &[
    ("i don't know", "idk"),
    ("oh my god", "omg"),
    ("not gonna lie", "ngl"),
    ("to be honest", "tbh"),
    ("for real", "fr"),
    ("what the hell", "wth"),
    ("right now", "rn"),
    ("let's go", "lfg"),
    ("in my opinion", "imo"),
    ("going to", "gonna"),
    ("you're", "ur"),
    ("your", "ur"),
    ("you", "u"),
    ("are", "r"),
    ("because", "bc"),
    ("please", "pls"),
    ("people", "ppl"),
    ("though", "tho"),
    ("thanks", "thx"),
    ("probably", "prob"),
    ("okay", "ok"),
];

/// The short forms that every slangy voice knows; the others have to be named in a style.
const COMMON_SHORT: &str = "omg ur u rn tho pls bc ppl gonna ok fr idk";

/// Words whose vowel is stretched, with the letter.
const STRETCH: &[(&str, char)] = &[
    ("no", 'o'),
    ("so", 'o'),
    ("go", 'o'),
    ("yes", 's'),
    ("what", 'a'),
    ("why", 'y'),
    ("oh", 'h'),
    ("wow", 'o'),
    ("aww", 'w'),
    ("bro", 'o'),
    ("lol", 'o'),
    ("yo", 'o'),
    ("hi", 'i'),
    ("omg", 'g'),
    ("stop", 'p'),
    ("please", 'e'),
    ("haha", 'a'),
    ("nice", 'i'),
    ("hey", 'y'),
    ("yay", 'y'),
    ("ouch", 'c'),
    ("oof", 'f'),
    ("rip", 'p'),
    ("huge", 'u'),
    ("come", 'e'),
    ("help", 'p'),
    ("bruh", 'h'),
    ("lmao", 'o'),
    ("sheesh", 'e'),
    ("yum", 'm'),
    ("woo", 'o'),
    ("dude", 'u'),
    ("damn", 'n'),
    ("cat", 'a'),
    ("same", 'e'),
    ("finally", 'y'),
    ("pog", 'o'),
    ("goal", 'o'),
    ("again", 'n'),
    ("nah", 'h'),
];

impl Voice {
    /// Writes a drawn line as the persona would.
    pub(super) fn write(&self, drawn: &str, mood: Mood, rng: &mut ChaCha8Rng) -> String {
        let mut line = tidy(drawn);
        line = self.spell(line, mood, rng);
        let excited = matches!(mood, Mood::Joy | Mood::Shock | Mood::Fun);
        let words = line.split(' ').count();
        if (excited && words <= 5 || self.shouts_always) && rng.random_bool(self.shouts) {
            line = line.to_uppercase();
        } else {
            line = match self.case {
                // Where shouting is the style, single shouted words stay.
                Case::Lower if self.shouts > 0.0 => line,
                Case::Lower => line.to_lowercase(),
                Case::Plain => line,
                Case::Sentence => sentence_case(&line),
            };
        }
        self.mark(line, mood, excited, rng)
    }

    fn spell(&self, mut line: String, mood: Mood, rng: &mut ChaCha8Rng) -> String {
        if self.shortens > 0.0 {
            let listed = |short: &&str| {
                if self.short_forms.is_empty() {
                    COMMON_SHORT.split(' ').any(|known| known == *short)
                } else {
                    self.short_forms.iter().any(|known| known == short)
                }
            };
            for (long, short) in SHORT.iter().filter(|(_, short)| listed(short)) {
                if rng.random_bool(self.shortens) {
                    line = replace_words(&line, long, short);
                }
            }
            if self.tones.strength(Tone::Slang) > 0.5 && !self.stops {
                line = line.replace(['\'', '’'], "");
            }
        }
        let few = line.split(' ').count() <= 4;
        if self.stretches > 0.0 && few && mood != Mood::Calm && rng.random_bool(self.stretches) {
            line = stretched(&line, rng);
        }
        if self.typos > 0.0 && rng.random_bool(self.typos) {
            line = misspelt(&line, rng);
        }
        line
    }

    fn mark(&self, mut line: String, mood: Mood, excited: bool, rng: &mut ChaCha8Rng) -> String {
        if !self.exclaims {
            line = line.replace('!', "");
        }
        if !self.punctuates {
            line = line.replace([',', '.', '!', '"', ';', ':'], "");
            if !self.asks {
                line = line.replace('?', "");
            }
        } else if !self.stops && self.case != Case::Sentence {
            // A full stop at the end of a chat line is a statement of its own.
            line = strip_stop(line);
        }
        if self.asks_twice && line.ends_with('?') && !line.ends_with("??") {
            line.push('?');
        }
        if line.ends_with(char::is_alphanumeric) || line.ends_with('"') {
            let hyped = self.tones.strength(Tone::Hyped);
            if rng.random_bool(self.trails) && line.contains(' ') {
                line.push_str("...");
            } else if self.punctuates && self.exclaims && self.heaps && rng.random_bool(0.55) {
                line.push_str(
                    ["!", "!!", "!!!", "!!!!"]
                        .choose(rng)
                        .copied()
                        .unwrap_or("!"),
                );
            } else if self.punctuates
                && self.exclaims
                && excited
                && !self.stops
                && rng.random_bool(hyped * 0.3)
            {
                line.push_str(if rng.random_bool(0.3) { "!!" } else { "!" });
            } else if self.stops {
                line.push(if is_question(&line) { '?' } else { '.' });
            }
        }
        if self.emoji_rate > 0.0 && rng.random_bool(self.emoji_rate) {
            let emoji = if self.emoji.is_empty() {
                usual_emoji(mood).choose(rng).copied()
            } else {
                self.emoji.choose(rng).map(String::as_str)
            };
            if let Some(emoji) = emoji {
                line = format!("{line} {emoji}");
            }
        }
        line
    }
}

const fn usual_emoji(mood: Mood) -> &'static [&'static str] {
    match mood {
        Mood::Calm => &["👀", "✨", "🙂", "🍿"],
        Mood::Joy => &["🔥", "🎉", "🙌", "🤩"],
        Mood::Shock => &["😭", "💀", "😬", "🫠"],
        Mood::Fun => &["😂", "🤣", "💀", "😆"],
        Mood::Warm => &["💜", "👋", "😊", "🫶"],
        Mood::Puzzled => &["🤔", "👀", "🧐", "🤷"],
    }
}

/// Single spaces, none before a mark, no mark after another, `an` where it belongs.
fn tidy(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let is_mark = word.starts_with([',', '.', '!', '?', ';']) || word == ":";
        if !line.is_empty() && !is_mark {
            line.push(' ');
        }
        let vowel = |next: &&str| {
            next.trim_start_matches('"')
                .to_lowercase()
                .starts_with(['a', 'e', 'i', 'o', 'u'])
                && !next.to_lowercase().starts_with("uni")
                && !next.to_lowercase().starts_with("one")
        };
        if (word == "a" || word == "A") && words.peek().is_some_and(vowel) {
            line.push_str(if word == "a" { "an" } else { "An" });
        } else {
            line.push_str(word);
        }
    }
    for (twice, once) in [
        ("?,", "?"),
        ("!,", "!"),
        (",,", ","),
        ("?.", "?"),
        ("!.", "!"),
        ("..,", ".."),
    ] {
        line = line.replace(twice, once);
    }
    line.trim_matches([',', ' ']).to_owned()
}

fn strip_stop(mut line: String) -> String {
    if line.ends_with('.') && !line.ends_with("..") && line.matches('.').count() == 1 {
        line.pop();
    }
    line
}

/// A capital at the beginning and after each full stop, and `I`.
fn sentence_case(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut begins = true;
    for word in line.split(' ') {
        if !out.is_empty() {
            out.push(' ');
        }
        match word.find(char::is_alphanumeric) {
            Some(at) if begins => {
                let mut chars = word[at..].chars();
                out.push_str(&word[..at]);
                out.extend(
                    chars
                        .next()
                        .into_iter()
                        .flat_map(char::to_uppercase)
                        .chain(chars),
                );
            }
            _ if word == "i" => out.push('I'),
            _ if word.starts_with("i'") => out.push_str(&word.replacen('i', "I", 1)),
            _ => out.push_str(word),
        }
        begins = word.ends_with(['.', '!', '?']);
    }
    out
}

/// Replaces whole words, whatever their case, where marks may follow.
pub(super) fn replace_words(line: &str, from: &str, to: &str) -> String {
    let lower = line.to_lowercase();
    if lower.len() != line.len() {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let mut at = 0;
    for (start, _) in lower.match_indices(from) {
        let end = start + from.len();
        let is_edge =
            |c: Option<char>| c.is_none_or(|c| !(c.is_alphanumeric() || c == '\'' || c == '{'));
        if start >= at
            && line.is_char_boundary(start)
            && line.is_char_boundary(end)
            && is_edge(line[..start].chars().next_back())
            && is_edge(line[end..].chars().next())
        {
            out.push_str(&line[at..start]);
            let shouted = line[start..end].chars().all(|c| !c.is_lowercase()) && from.len() > 1;
            out.push_str(&if shouted {
                to.to_uppercase()
            } else {
                to.to_owned()
            });
            at = end;
        }
    }
    out.push_str(&line[at..]);
    out
}

/// Draws out the first or the last word, where that is usual: `nooo`.
fn stretched(line: &str, rng: &mut ChaCha8Rng) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let bare = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let found: Vec<(usize, char)> = words
        .iter()
        .enumerate()
        .filter(|(at, word)| (*at == 0 || at + 1 == words.len()) && !word.starts_with(':'))
        .filter_map(|(at, word)| {
            let word = bare(word);
            STRETCH
                .iter()
                .find(|(known, _)| *known == word)
                .map(|(_, letter)| (at, *letter))
        })
        .collect();
    let Some((at, letter)) = found.choose(rng).copied() else {
        return line.to_owned();
    };
    let word = &words[at];
    let place = word
        .char_indices()
        .rev()
        .find(|(_, c)| c.to_lowercase().eq([letter]));
    if let Some((place, c)) = place {
        let more: String = std::iter::repeat_n(c, rng.random_range(2..=4)).collect();
        words[at] = format!("{}{more}{}", &word[..place], &word[place..]);
    }
    words.join(" ")
}

/// One slip of the thumb in a longer word: two letters swapped, one lost or one doubled.
fn misspelt(line: &str, rng: &mut ChaCha8Rng) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let can = |word: &&mut String| word.len() >= 4 && word.bytes().all(|c| c.is_ascii_lowercase());
    let mut long: Vec<&mut String> = words.iter_mut().filter(can).collect();
    if long.is_empty() {
        return line.to_owned();
    }
    let pick = rng.random_range(0..long.len());
    let word = &mut *long[pick];
    let at = rng.random_range(1..word.len() - 1);
    let mut letters: Vec<char> = word.chars().collect();
    match rng.random_range(0..3_u8) {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        _ => letters.insert(at, letters[at]),
    }
    *word = letters.into_iter().collect();
    words.join(" ")
}

/// Whether a line without a mark at its end asks, by its first words.
fn is_question(line: &str) -> bool {
    let words = lower_words(line);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match word(0) {
        "what" => !matches!(word(1), "a" | "an"),
        "who" | "why" | "how" | "is" | "are" | "did" | "does" | "anyone" => words.len() > 2,
        "do" => matches!(word(1), "we" | "they" | "you" | "i"),
        "can" => word(1) == "we",
        _ => false,
    }
}
