//! How a persona writes: read from its style, its traits and what is said about it.

use super::{
    intent::Mood,
    prompt::Persona,
    style::{Told, emoji_in},
    text::{Fnv, lower_words},
};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

macro_rules! tones {
    ($($tone:ident $name:literal $words:literal $traits:literal;)*) => {
        /// A manner of speaking that productions are marked with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Tone { $(#[doc = $name] $tone,)* }

        /// Each tone with its name, the words of a style that ask for it, and the beginnings of the
        /// traits that do.
        const TONES: &[(Tone, &str, &str, &str)] = &[$((Tone::$tone, $name, $words, $traits),)*];
    };
}

tones! {
    Dry "dry" "dry deadpan sarcastic sarcasm ironic irony understated understatement laconic stoic cynical" "dry sarcas cynic irony";
    Hyped "hyped" "hype hyped excited excitable loud energetic enthusiastic shouts shouting shout caps yells manic exclamation" "excit energ hype";
    Warm "warm" "warm kind friendly wholesome supportive gentle encouraging cheerful sweet caring cosy cozy polite thoughtful" "help kind warm empath";
    Nerdy "nerdy" "nerd nerdy analytical technical stats statistics numbers precise facts trivia speedrun speedrunner engineer data pedantic theory strategy" "analy nerd expert knowl precis";
    Grumpy "grumpy" "grumpy salty grump jaded complains complaining cranky bitter pessimist pessimistic veteran" "grump salt pessim";
    Curious "curious" "curious questions asks newcomer wonders inquisitive learner confused wondering" "curio";
    Playful "playful" "playful jokes joker joke puns silly absurd chaotic chaos meme memes goofy funny witty mischievous" "humo play chaos misch wit";
    Slang "slang" "slang internet abbreviations abbreviates zoomer twitch memes gamer" "slang";
    Bossy "bossy" "bossy imperative commanding backseat advice orders" "boss";
    Formal "formal" "formal proper eloquent grammatical grammar professor posh butler polite" "formal";
}

impl Tone {
    pub(super) fn named(name: &str) -> Option<Self> {
        TONES
            .iter()
            .find(|(_, known, ..)| *known == name)
            .map(|(tone, ..)| *tone)
    }

    /// How much of it is in a voice that nothing is said about.
    const fn usual(self) -> f64 {
        match self {
            Self::Slang => 0.3,
            Self::Formal => 0.0,
            _ => 0.1,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Lower,
    /// As drawn, with a capital at the beginning or without, as the persona's name decides.
    Plain {
        capital: bool,
    },
    Sentence,
}

#[derive(Clone, Debug)]
pub(super) struct Voice {
    tones: Vec<f64>,
    case: Case,
    punctuates: bool,
    exclaims: bool,
    /// Whether question marks stay where there is no other punctuation.
    asks: bool,
    /// Whether a line ends with a full stop.
    stops: bool,
    /// The probability that a line ends with an ellipsis.
    trails: f64,
    /// The probability that an excited line is written in capitals.
    shouts: f64,
    /// The probability that a line ends with an emoji.
    emoji_rate: f64,
    emoji: Vec<String>,
    /// The usual length of a line, in words.
    pub(super) words: f64,
    /// The probability that whoever is answered is named.
    pub(super) names: f64,
}

impl Voice {
    pub(super) fn of(persona: &Persona) -> Self {
        let style = Told::new(&persona.style);
        let about = Told::new(&persona.about);
        let wants = |words: &str| style.asks_for(words);
        let value = |beginnings: &str| {
            let named = |name: &str| {
                beginnings
                    .split_whitespace()
                    .any(|beginning| name.starts_with(beginning))
            };
            persona
                .traits
                .iter()
                .filter(|(name, _)| named(name))
                .map(|(_, value)| *value)
                .fold(None, |best: Option<f64>, value| {
                    Some(best.map_or(value, |best| best.max(value)))
                })
        };
        let mut tones: Vec<f64> = TONES
            .iter()
            .map(|(tone, _, words, traits)| {
                let mut strength = value(traits).map_or(tone.usual(), |value| 0.8 * value);
                match style.asks_for(words) {
                    Some(true) => strength = (strength + 0.55).max(0.7),
                    Some(false) => strength = 0.0,
                    None => {
                        strength += if about.asks_for(words) == Some(true) {
                            0.3
                        } else {
                            0.0
                        }
                    }
                }
                strength.clamp(0.0, 1.0)
            })
            .collect();
        if tones[Tone::Formal as usize] > 0.5 {
            for (tone, left) in [(Tone::Slang, 0.0), (Tone::Hyped, 0.3), (Tone::Playful, 0.5)] {
                tones[tone as usize] *= left;
            }
        }
        let tone = |tone: Tone| tones[tone as usize];
        let style_text = persona.style.to_lowercase();
        let lower = wants("lowercase lower-case uncapitalised uncapitalized") == Some(true)
            || style_text.contains("lower case")
            || wants("capitals capitalisation capitalization") == Some(false);
        let proper = wants("punctuation punctuated sentences grammar proper capitalised")
            == Some(true)
            || tone(Tone::Formal) > 0.5;
        let case = match (lower, proper) {
            (true, _) => Case::Lower,
            (false, true) => Case::Sentence,
            (false, false) => {
                let mut hash = Fnv::new();
                hash.write(persona.name.as_bytes());
                Case::Plain {
                    capital: hash.finish().is_multiple_of(2),
                }
            }
        };
        let shouts = match wants("caps uppercase shouts shouting yells") {
            Some(true) => 0.6,
            Some(false) => 0.0,
            None if case == Case::Lower => 0.0,
            None => (tone(Tone::Hyped) - 0.5).max(0.0) * 0.5,
        };
        let mut emoji = emoji_in(&persona.style);
        let emoji_rate = match wants("emoji emojis emoticons emotes") {
            Some(false) => 0.0,
            None if emoji.is_empty() => 0.0,
            _ if wants("lots many heavy every always loves") == Some(true) => 0.8,
            _ if wants("perhaps hardly") == Some(true) => 0.12,
            _ if wants(
                "sometimes occasional occasionally now rare few light sparing sparingly one",
            ) == Some(true) =>
            {
                0.25
            }
            _ => 0.45,
        };
        if emoji_rate == 0.0 {
            emoji.clear();
        }
        let words = style.line_words().map(|words| words.clamp(2.0, 14.0));
        let words = words.unwrap_or_else(|| {
            if wants("short terse brief few laconic clipped one-word minimal") == Some(true) {
                3.5
            } else if wants("long rambles rambling verbose wordy detailed sentences elaborate")
                == Some(true)
            {
                9.0
            } else {
                5.5
            }
        });
        Self {
            punctuates: wants("punctuation punctuates punctuated") != Some(false),
            exclaims: wants("exclamation exclamations") != Some(false),
            asks: style_text.contains("question mark"),
            stops: case == Case::Sentence || style_text.contains("full stop"),
            trails: if wants("trails trailing ellipsis ellipses") == Some(true) {
                0.4
            } else {
                0.0
            },
            names: 0.15 + 0.3 * value("sociab help warm friend").unwrap_or(0.4),
            tones,
            case,
            shouts,
            emoji_rate,
            emoji,
            words,
        }
    }

    /// The factor by which a production of these tones is likelier in this voice.
    pub(super) fn likes(&self, tones: &[Tone]) -> f64 {
        tones
            .iter()
            .map(|tone| self.tones[*tone as usize])
            .map(|strength| 0.05 + 2.2 * strength)
            .product()
    }

    /// How well these tones fit, for the ranking of whole lines.
    pub(super) fn fit(&self, tones: &[Tone]) -> f64 {
        tones
            .iter()
            .map(|tone| self.tones[*tone as usize] - 0.2)
            .sum()
    }

    /// Makes one line of two draws.
    pub(super) fn join(&self, one: &str, other: &str, rng: &mut ChaCha8Rng) -> String {
        let (one, other) = (tidy(one), tidy(other));
        if one.ends_with(['!', '?']) || self.stops {
            let mark = match one.ends_with(char::is_alphanumeric) {
                true if is_question(&one) => "?",
                true => ".",
                false => "",
            };
            let other = if self.case == Case::Lower {
                other
            } else {
                capitalised(&other)
            };
            format!("{one}{mark} {other}")
        } else {
            let between = [", ", ", and ", ", but ", ", so "]
                .choose(rng)
                .copied()
                .unwrap_or(", ");
            format!("{one}{between}{other}")
        }
    }

    /// Writes a drawn line as the persona would.
    pub(super) fn write(&self, drawn: &str, mood: Mood, rng: &mut ChaCha8Rng) -> String {
        let excited = matches!(mood, Mood::Joy | Mood::Shock | Mood::Fun);
        let mut line = tidy(drawn);
        if excited && rng.random_bool(self.shouts.clamp(0.0, 1.0)) {
            line = line.to_uppercase();
        } else {
            line = match self.case {
                // Where shouting is the style, single shouted words stay.
                Case::Lower if self.shouts > 0.0 => line,
                Case::Lower => line.to_lowercase(),
                Case::Plain { capital: false } => line,
                Case::Plain { capital: true } => capitalised(&line),
                Case::Sentence => capitalised(&capital_i(&line)),
            };
        }
        let hyped = self.tones[Tone::Hyped as usize];
        if !self.exclaims {
            line = line.replace('!', "");
        }
        if !self.punctuates {
            line = line.replace([',', '.', '!', '"', ';', ':'], "");
            if !self.asks {
                line = line.replace('?', "");
            }
        }
        if line.ends_with(char::is_alphanumeric) || line.ends_with('"') {
            if rng.random_bool(self.trails) {
                line.push('…');
            } else if self.punctuates
                && self.exclaims
                && excited
                && rng.random_bool((hyped * 0.7).clamp(0.0, 1.0))
            {
                line.push_str(if rng.random_bool(hyped * 0.5) {
                    "!!"
                } else {
                    "!"
                });
            } else if self.stops {
                line.push(if is_question(&line) { '?' } else { '.' });
            }
        }
        if rng.random_bool(self.emoji_rate) {
            let usual = usual_emoji(mood);
            let emoji = if self.emoji.is_empty() {
                usual.choose(rng).copied()
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

/// Single spaces, and none before a mark.
fn tidy(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() && !word.starts_with([',', '.', '!', '?', ';', ':']) {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.trim_start_matches([',', '.', ' '])
        .trim_end_matches([',', ' '])
        .to_owned()
}

fn capitalised(line: &str) -> String {
    let mut chars = line.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Whether a line without a mark at its end asks, by its first words.
fn is_question(line: &str) -> bool {
    let words = lower_words(line);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    match word(0) {
        "what" => !matches!(word(1), "a" | "an"),
        "who" | "why" | "how" | "since" | "is" | "are" | "did" | "does" | "anyone" => true,
        "do" => matches!(word(1), "we" | "they" | "you" | "i"),
        "can" => word(1) == "we",
        _ => false,
    }
}

fn capital_i(line: &str) -> String {
    let words = line.split(' ').map(|word| match word {
        "i" => "I".to_owned(),
        _ if word.starts_with("i'") => format!("I{}", &word[1..]),
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn voice(style: &str, traits: &[(&str, f64)]) -> Voice {
        let traits = traits
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        Voice::of(&Persona {
            name: "Nova".into(),
            style: style.into(),
            traits,
            ..Persona::default()
        })
    }

    fn lines(voice: &Voice, mood: Mood) -> Vec<String> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        (0..200)
            .map(|_| voice.write("oh , i'm here WOW,  it's ana?  no", mood, &mut rng))
            .collect()
    }

    #[test]
    fn styles_are_kept() {
        let all = |style: &str, mood: Mood, holds: fn(&str) -> bool| {
            let lines = lines(&voice(style, &[]), mood);
            let broken = lines.iter().find(|line| !holds(line));
            assert_eq!(broken, None, "{style}");
        };
        all("all lowercase", Mood::Joy, |line| {
            line.to_lowercase() == line
        });
        all("no capitals at all", Mood::Calm, |line| {
            line.to_lowercase() == line
        });
        all("lowercase, no punctuation", Mood::Joy, |line| {
            line == "oh i'm here wow it's ana no"
        });
        all("full sentences", Mood::Calm, |line| {
            line == "Oh, I'm here WOW, it's ana? no."
        });
        all("dry, full stops, no exclamation marks", Mood::Joy, |line| {
            line.ends_with('.') && !line.contains('!')
        });
        all("uses emoji never; no emoji", Mood::Joy, str::is_ascii);
        all("short", Mood::Joy, str::is_ascii);
    }

    #[test]
    fn styles_that_ask_for_more_get_it_now_and_then() {
        let share = |style: &str, mood: Mood, holds: fn(&str) -> bool| {
            let lines = lines(&voice(style, &[]), mood);
            lines.iter().filter(|line| holds(line)).count() * 100 / lines.len()
        };
        let shouted = |line: &str| line.to_uppercase() == line;
        assert!((40..80).contains(&share("CAPS when excited", Mood::Joy, shouted)));
        assert_eq!(share("CAPS when excited", Mood::Calm, shouted), 0);
        let trails = share("trails off", Mood::Calm, |line| line.ends_with('…'));
        assert!((25..55).contains(&trails), "{trails}");
        assert!((65..95).contains(&share("lots of emoji", Mood::Joy, |line| !line.is_ascii())));
        assert!((25..65).contains(&share("signs with 🦀", Mood::Joy, |line| line.ends_with('🦀'))));
    }

    #[test]
    fn tones_come_from_style_and_traits() {
        let strength = |voice: &Voice, tone: Tone| voice.tones[tone as usize];
        let dry = voice("dry and terse, never excited", &[("humour", 0.9)]);
        assert!(strength(&dry, Tone::Dry) >= 0.7);
        assert_eq!(strength(&dry, Tone::Hyped), 0.0);
        assert!(strength(&dry, Tone::Playful) > 0.6);
        assert!(dry.words < 5.0 && voice("long sentences", &[]).words > 5.5);
        assert!(dry.likes(&[Tone::Dry]) > 5.0 * dry.likes(&[Tone::Hyped]));
    }
}
