//! A context-free grammar of chat lines, and the voice that speaks it.
//!
//! A rule's name in braces stands for one of its alternatives. Slots are given from outside: `{w}`
//! a word of the moment, `{n}` a number, `{name}` a person, `{pick}` one side of a question. An
//! alternative whose slot is empty can't be chosen.

mod rules;

use persona_sdk::Rng;
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

/// Speaks the grammar, with one turn's randomness and in one persona's temper.
#[derive(Debug)]
pub(crate) struct Voice<'a> {
    pub rng: &'a mut Rng,
    /// 0 to 1: how often it shouts and draws out its vowels.
    pub excitability: f64,
    pub slots: Slots,
}

impl Voice<'_> {
    /// A line of this rule; none if no alternative can be filled.
    pub(crate) fn line(&mut self, rule: &str) -> Option<String> {
        let text = self.expand(rule, DEPTH)?;
        let text = self.drawn_out(text);
        Some(if self.rng.chance(0.25 * self.excitability) {
            text.to_uppercase()
        } else {
            text
        })
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
                Some(value) => text.push_str(&value?),
                None => text.push_str(&self.expand(hole, depth - 1)?),
            }
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    }

    /// Draws out the last vowel of a line that ends with a run of them, as people do when excited.
    fn drawn_out(&mut self, text: String) -> String {
        let Some(last) = text
            .chars()
            .last()
            .filter(|c| matches!(c, 'o' | 'O' | 's' | 'h' | '!'))
        else {
            return text;
        };
        let run = text.chars().rev().take_while(|c| *c == last).count();
        if run < 3 && last != '!' || !self.rng.chance(self.excitability) {
            return text;
        }
        let more = 1 + self.rng.below(4);
        text + &last.to_string().repeat(more)
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
    use std::collections::BTreeSet;

    fn full() -> Slots {
        Slots {
            word: Some("dragon".into()),
            number: Some(3),
            name: Some("Ana".into()),
            pick: Some("tea".into()),
        }
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
                let mut rng = Rng::new(seed);
                let mut voice = Voice {
                    rng: &mut rng,
                    excitability: 1.0,
                    slots: full(),
                };
                let line = voice
                    .line(rule)
                    .unwrap_or_else(|| panic!("{rule} nests deeper than {DEPTH}"));
                assert!(
                    !line.contains(['{', '}']) && !line.trim().is_empty(),
                    "{rule}: {line}"
                );
            }
        }
    }

    #[test]
    fn an_empty_slot_is_never_chosen() {
        for (rule, _) in RULES {
            for seed in 0..50 {
                let mut rng = Rng::new(seed);
                let mut voice = Voice {
                    rng: &mut rng,
                    excitability: 0.5,
                    slots: Slots::default(),
                };
                if let Some(line) = voice.line(rule) {
                    assert!(
                        !line.contains("  ") && !line.starts_with(' ') && !line.ends_with(' '),
                        "{rule}: {line:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn is_varied() {
        let mut rng = Rng::new(1);
        let mut voice = Voice {
            rng: &mut rng,
            excitability: 0.5,
            slots: full(),
        };
        let lines: BTreeSet<_> = (0..200).filter_map(|_| voice.line("win")).collect();
        assert!(lines.len() > 90, "{} different lines of 200", lines.len());
    }
}
