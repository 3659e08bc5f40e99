//! A context-free grammar of chat lines, and the voice that speaks it.
//!
//! A rule's name in braces stands for one of its alternatives. Slots are given from outside: `{w}`
//! a word of the moment, `{n}` a number, `{name}` a person, `{pick}` one side of a question. An
//! alternative whose slot is empty can't be chosen. The letter before a `~` may be drawn out.

mod rules;

use persona_sdk::{Rng, Style, emote::Mood};
use rules::RULES;

/// Rules nest at most so deep.
const DEPTH: u32 = 6;

/// What the slots hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    /// A word of the moment.
    pub word: Option<String>,
    /// How many.
    pub number: Option<u32>,
    /// Whom it speaks to.
    pub name: Option<String>,
    /// One side of a question.
    pub pick: Option<String>,
}

impl Slots {
    fn get(&self, slot: &str) -> Option<Option<String>> {
        match slot {
            "w" => Some(self.word.clone()),
            "n" => Some(self.number.map(|number| number.to_string())),
            "name" => Some(self.name.clone()),
            "pick" => Some(self.pick.clone()),
            _ => None,
        }
    }

    fn fill(&self, alternative: &str) -> bool {
        holes(alternative).all(|hole| self.get(hole).is_none_or(|value| value.is_some()))
    }
}

/// The most letters by which a vowel is drawn out.
const STRETCH: usize = 5;

/// Speaks the grammar, with one turn's randomness and in one persona's temper.
#[derive(Debug)]
pub(crate) struct Voice<'a> {
    pub rng: &'a mut Rng,
    /// 0 to 1: how often it shouts and draws out its vowels.
    pub excitability: f64,
    /// How the character writes.
    pub style: &'a Style,
    /// What the moment feels like: which emotes fit.
    pub mood: Mood,
    pub slots: Slots,
}

impl Voice<'_> {
    /// A line of this rule, with or without emotes, or emotes alone; none if no alternative can be
    /// filled.
    pub(crate) fn line(&mut self, rule: &str) -> Option<String> {
        let wanted = self.style.emotes.share();
        let emotes = if self.rng.chance(wanted) {
            self.emotes()
        } else {
            None
        };
        match emotes {
            Some(emotes) if self.style.is_emotes_only() || self.rng.chance(0.4) => Some(emotes),
            Some(emotes) => Some(format!("{} {emotes}", self.words(rule)?)),
            None => self.words(rule),
        }
    }

    /// Words of this rule, as the character writes them.
    pub(crate) fn words(&mut self, rule: &str) -> Option<String> {
        let text = self.expand(rule, DEPTH)?;
        let text = self.drawn_out(&text);
        let excited = matches!(self.mood, Mood::Joy | Mood::Shock | Mood::Fun);
        let loud = if self.style.shouts { 0.55 } else { 0.25 };
        let mut text = if excited && self.rng.chance(loud * self.excitability) {
            text.to_uppercase()
        } else if self.style.lowercase {
            text.to_lowercase()
        } else {
            text
        };
        if self.style.bare {
            text.truncate(text.trim_end_matches(['!', '.']).len());
        } else if excited
            && text.ends_with(char::is_alphanumeric)
            && self.rng.chance(0.3 * self.excitability)
        {
            text.push_str(&"!".repeat(1 + self.rng.below(4)));
        }
        Some(text)
    }

    /// One to three emotes that fit the mood; the more of them the rarer.
    fn emotes(&mut self) -> Option<String> {
        let first = self.style.emote(self.mood, self.rng)?;
        let mut emotes = vec![first.written()];
        while emotes.len() < 3 && self.rng.chance(0.35 * self.excitability) {
            let next = if self.rng.chance(0.7) {
                first
            } else {
                self.style.emote(self.mood, self.rng).unwrap_or(first)
            };
            emotes.push(next.written());
        }
        Some(emotes.join(" "))
    }

    fn expand(&mut self, rule: &str, depth: u32) -> Option<String> {
        let (_, alternatives) = RULES
            .iter()
            .find(|(name, _)| *name == rule)
            .filter(|_| depth > 0)?;
        let possible: Vec<_> = alternatives
            .iter()
            .filter(|alternative| self.slots.fill(alternative))
            .collect();
        let mut rest = **self.rng.pick(&possible)?;
        let mut text = String::new();
        while let Some((before, (hole, after))) = rest
            .split_once('{')
            .and_then(|(a, b)| Some((a, b.split_once('}')?)))
        {
            text.push_str(before);
            match self.slots.get(hole) {
                // What is put in is not drawn out.
                Some(value) => text.push_str(&value?.replace('~', " ")),
                None => text.push_str(&self.expand(hole, depth - 1)?),
            }
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    }

    /// Draws out the letters before a `~`, as people do when excited.
    fn drawn_out(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + STRETCH);
        for c in text.chars() {
            if c != '~' {
                out.push(c);
                continue;
            }
            let least = usize::from(self.style.stretches || self.rng.chance(self.excitability));
            let more = least * (1 + self.rng.below(STRETCH));
            if let Some(last) = out.chars().last() {
                out.push_str(&last.to_string().repeat(more));
            }
        }
        out
    }
}

/// The names in braces.
fn holes(alternative: &str) -> impl Iterator<Item = &str> {
    alternative
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(hole, _)| hole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::{emote, style::word_count};
    use std::collections::BTreeSet;

    fn full() -> Slots {
        Slots {
            word: Some("dragon".into()),
            number: Some(3),
            name: Some("Ana".into()),
            pick: Some("tea".into()),
        }
    }

    fn line(rule: &str, seed: u64, style: &str, slots: Slots) -> Option<String> {
        let mut rng = Rng::new(seed);
        let mut voice = Voice {
            rng: &mut rng,
            excitability: 0.9,
            style: &Style::read(style),
            mood: Mood::Joy,
            slots,
        };
        voice.line(rule)
    }

    #[test]
    fn every_rule_ends_and_every_hole_has_something() {
        for (rule, alternatives) in RULES {
            for alternative in *alternatives {
                for hole in holes(alternative) {
                    assert!(
                        full().get(hole).is_some() || RULES.iter().any(|(name, _)| *name == hole),
                        "{rule}: {hole}"
                    );
                }
            }
            for seed in 0..200 {
                let line = line(rule, seed, "Emotes often", full())
                    .unwrap_or_else(|| panic!("{rule} nests deeper than {DEPTH}"));
                assert!(
                    !line.contains(['{', '}', '~']) && !line.trim().is_empty(),
                    "{rule}: {line}"
                );
                assert!(word_count(&emote::stripped(&line)) <= 4, "{rule}: {line}");
            }
        }
    }

    #[test]
    fn an_empty_slot_is_never_chosen() {
        for (rule, _) in RULES {
            for seed in 0..50 {
                if let Some(line) = line(rule, seed, "", Slots::default()) {
                    assert!(
                        !line.contains("  ") && !line.starts_with(' ') && !line.ends_with(' '),
                        "{rule}: {line:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn writes_as_its_style_says() {
        type Holds = fn(&str) -> bool;
        let cases: [(&str, Holds); 5] = [
            ("no emotes", |line| emote::in_text(line).next().is_none()),
            ("Only emotes: :hype: :fire:", emote::is_only),
            ("Emotes often: :fire:", |line| {
                emote::in_text(line).all(|emote| emote.code == "fire")
            }),
            ("no punctuation", |line| !line.ends_with(['!', '.'])),
            ("", |line| emote::known(line) == line),
        ];
        for (style, holds) in cases {
            for seed in 0..100 {
                let line = line("win", seed, style, full()).unwrap();
                assert!(holds(&line), "{style}: {line}");
            }
        }
    }

    #[test]
    fn is_varied() {
        let lines: BTreeSet<_> = (0..200)
            .filter_map(|seed| line("win", seed, "", full()))
            .collect();
        assert!(lines.len() > 110, "{} different lines of 200", lines.len());
    }
}
