//! Which emotes a persona uses, how often, and which of them fits a mood.
//!
//! The room's emotes stand in the prompt, with their meaning. The moods of the built-in ones are in
//! `protocol/emotes.json`; any other is taken for what its code and its meaning say.

use super::{
    mood::Mood,
    prompt::Persona,
    style::sentences,
    text::{lower_words, stem},
};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct BuiltIn {
    code: String,
    means: String,
    moods: Vec<String>,
}

static BUILT_IN: LazyLock<Vec<BuiltIn>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../protocol/emotes.json"))
        .expect("the file is part of the program; a test parses it")
});

/// Words of a meaning that say which mood it is for, besides those of the built-in emotes.
const SAYS: [(Mood, &str); 6] = [
    (
        Mood::Joy,
        "happy joy party win victory yes great best dance cheer celebrate pog strong cool gold",
    ),
    (Mood::Fun, "laugh funny joke silly grin clown troll lol kek"),
    (
        Mood::Shock,
        "sad fail dead death no pain scream shock scared fear angry rage broken",
    ),
    (
        Mood::Puzzled,
        "question confused hm why doubt weird strange unsure",
    ),
    (
        Mood::Warm,
        "hello hi hug kiss thanks bye friend welcome cat dog cute",
    ),
    (
        Mood::Calm,
        "sleep tea coffee quiet bored rest watch listen comfy chill",
    ),
];

/// How a persona uses emotes.
#[derive(Clone, Debug)]
pub(super) struct Emotes {
    /// Code, moods, and how much it is this persona's.
    known: Vec<(String, Vec<Mood>, f64)>,
    /// The share of lines that carry one.
    pub(super) rate: f64,
    /// Whether it writes nothing else.
    pub(super) only: bool,
}

impl Emotes {
    pub(super) fn of(persona: &Persona) -> Self {
        let style = persona.style.to_lowercase();
        let about: Vec<&str> = sentences(&style)
            .filter(|sentence| sentence.contains("emote"))
            .collect();
        let words: Vec<String> = about
            .iter()
            .flat_map(|sentence| lower_words(sentence))
            .collect();
        let phrase = |phrases: &str| {
            let joined = format!(" {} ", words.join(" "));
            phrases
                .split('|')
                .any(|phrase| joined.contains(&format!(" {phrase} ")))
        };
        let own = |code: &str| style.contains(&format!(":{}:", code.to_lowercase()));
        let picky = persona.emotes.iter().any(|(code, _)| own(code));
        let known: Vec<_> = persona
            .emotes
            .iter()
            .map(|(code, means)| {
                let liking = match (own(code), picky) {
                    (true, _) => 1.0,
                    (false, true) => 0.0,
                    (false, false) => 0.6,
                };
                (code.clone(), moods(code, means), liking)
            })
            .collect();
        let only = phrase("only emotes|nothing but emotes|emotes only|emote only|just emotes")
            && !known.is_empty();
        let rate = if known.is_empty() || phrase("no emotes|never emotes|without emotes|no emote") {
            0.0
        } else if only {
            1.0
        } else if phrase("all the time|always|constantly|every line|everywhere|in heaps|nonstop") {
            0.6
        } else if phrase("a lot|lots of|lots|often|loves|many") {
            0.46
        } else if phrase("rarely|perhaps|hardly|seldom|almost never") {
            0.06
        } else if phrase("sometimes|now and then|at times|occasional|occasionally|a few") {
            0.24
        } else if picky {
            0.35
        } else {
            0.2
        };
        Self { known, rate, only }
    }

    /// One emote for a mood, once or a few times; those in `lately` rather not.
    pub(super) fn draw(
        &self,
        mood: Mood,
        excited: f64,
        lately: &str,
        rng: &mut ChaCha8Rng,
    ) -> Option<String> {
        // What fits, or else what is not quite wrong.
        let exact = |moods: &[Mood]| moods.contains(&mood);
        let near = |moods: &[Mood]| moods.iter().any(|other| other.is_near(mood));
        let any_exact = self
            .known
            .iter()
            .any(|(_, moods, liking)| exact(moods) && *liking > 0.0);
        let weight = |(code, moods, liking): &&(String, Vec<Mood>, f64)| {
            let fits = if any_exact { exact(moods) } else { near(moods) };
            let fresh = if lately.contains(&format!(":{code}:")) {
                0.35
            } else {
                1.0
            };
            if fits { fresh * *liking } else { 0.0 }
        };
        let fitting: Vec<_> = self
            .known
            .iter()
            .filter(|emote| weight(emote) > 0.0)
            .collect();
        let (code, ..) = fitting.choose_weighted(rng, weight).ok()?;
        let excited = if mood == Mood::Calm {
            0.3 * excited
        } else {
            excited
        };
        let times = match rng.random::<f64>() {
            roll if roll < 0.16 * excited => 3,
            roll if roll < 0.34 * excited => 2,
            _ => 1,
        };
        Some(vec![format!(":{code}:"); times].join(" "))
    }

    /// A line of nothing but emotes: one to three.
    pub(super) fn line(&self, mood: Mood, lately: &str, rng: &mut ChaCha8Rng) -> Option<String> {
        let first = self.draw(mood, 1.4, lately, rng).or_else(|| {
            let all: Vec<_> = self
                .known
                .iter()
                .filter(|(.., liking)| *liking > 0.5)
                .collect();
            all.choose(rng).map(|(code, ..)| format!(":{code}:"))
        })?;
        if first.contains(' ') || !rng.random_bool(0.2) {
            return Some(first);
        }
        match self.draw(mood, 0.0, &first, rng) {
            Some(second) if second != first => Some(format!("{first} {second}")),
            _ => Some(first),
        }
    }
}

fn moods(code: &str, means: &str) -> Vec<Mood> {
    if let Some(built_in) = BUILT_IN.iter().find(|known| known.code == code) {
        return built_in
            .moods
            .iter()
            .filter_map(|mood| Mood::named(mood))
            .collect();
    }
    let stems = |text: &str| {
        lower_words(text)
            .iter()
            .map(|word| stem(word))
            .collect::<Vec<_>>()
    };
    let mut said = stems(means);
    said.extend(stems(&code.replace('_', " ")));
    let mut found: Vec<Mood> = SAYS
        .iter()
        .filter(|(_, words)| stems(words).iter().any(|word| said.contains(word)))
        .map(|(mood, _)| *mood)
        .collect();
    for known in BUILT_IN.iter() {
        let telling = |word: &String| word.len() > 3 && said.contains(word);
        if said.contains(&stem(&known.code)) || stems(&known.means).iter().any(telling) {
            found.extend(known.moods.iter().filter_map(|mood| Mood::named(mood)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn emotes(style: &str, emotes: &[(&str, &str)]) -> Emotes {
        Emotes::of(&Persona {
            style: style.into(),
            emotes: emotes
                .iter()
                .map(|(code, means)| ((*code).into(), (*means).into()))
                .collect(),
            ..Persona::default()
        })
    }

    #[test]
    fn how_often_is_read_from_the_style() {
        for (style, low, high) in [
            ("Short. Emotes all the time: :lol: :rip:.", 0.5, 1.0),
            ("Emotes often: :rip:", 0.3, 0.5),
            ("Now and then an emote, :lol:, or an emoji.", 0.1, 0.3),
            ("Emotes rarely: :rip:.", 0.01, 0.1),
            ("Dry, no emotes, ever", 0.0, 0.0),
            ("Speaks of the sea", 0.1, 0.3),
            ("Only emotes, never words", 1.0, 1.0),
        ] {
            let found = emotes(style, &[("lol", "laughing"), ("rip", "it's over")]);
            assert!(
                (low..=high).contains(&found.rate),
                "{style}: {}",
                found.rate
            );
            assert_eq!(found.only, style.starts_with("Only"), "{style}");
        }
        assert_eq!(emotes("Only emotes", &[]).rate, 0.0);
    }

    #[test]
    fn an_emote_fits_the_mood_and_the_persona() {
        let known = [
            ("rip", "it's over, a gravestone"),
            ("lol", "laughing out loud"),
            ("hype", "excitement, let's go"),
            ("sadfrog", "a sad frog"),
            ("harbour_party", "everybody dances"),
        ];
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (style, mood, any_of) in [
            ("Emotes often", Mood::Shock, &["rip", "sadfrog"][..]),
            ("Emotes often", Mood::Joy, &["hype", "harbour_party"]),
            (
                "Emotes often: :lol: :rip:",
                Mood::Shock,
                &["rip", "sadfrog"],
            ),
            (
                "Emotes often: :lol:",
                Mood::Joy,
                &["lol", "hype", "harbour_party"],
            ),
        ] {
            let emotes = emotes(style, &known);
            for _ in 0..40 {
                let Some(drawn) = emotes.draw(mood, 0.0, "", &mut rng) else {
                    continue;
                };
                assert!(
                    any_of.contains(&drawn.trim_matches(':')),
                    "{style} {mood:?}: {drawn}"
                );
            }
        }
    }

    #[test]
    fn a_line_of_emotes_has_one_to_three() {
        let emotes = emotes(
            "Only emotes: :lol: :hype:",
            &[("lol", "laughing"), ("hype", "excitement")],
        );
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for mood in Mood::ALL {
            let line = emotes.line(*mood, "", &mut rng).unwrap();
            let count = line.split(' ').count();
            assert!((1..=3).contains(&count), "{line}");
            assert!(
                line.split(' ')
                    .all(|word| word == ":lol:" || word == ":hype:"),
                "{line}"
            );
        }
    }
}
