//! A weighted context-free grammar whose terminals have slots.
//!
//! The rules stand in `grammar/*.txt`; the first of these files says how they are written.

use super::{
    slots::{Slot, Slots},
    voice::{Tone, Voice},
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::{collections::HashMap, sync::LazyLock};

/// How deep rules may lie within each other; a deeper draw is given up and another one made.
const MAX_DEPTH: u32 = 12;

const FILES: [(&str, &str); 5] = [
    ("words.txt", include_str!("grammar/words.txt")),
    ("stream.txt", include_str!("grammar/stream.txt")),
    ("events.txt", include_str!("grammar/events.txt")),
    ("answers.txt", include_str!("grammar/answers.txt")),
    ("smalltalk.txt", include_str!("grammar/smalltalk.txt")),
];

/// The grammar that comes with the crate.
pub(super) static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::parse(&FILES).expect("the files are part of the program; a test parses them")
});

pub(super) struct Grammar {
    rules: Vec<Vec<Production>>,
    names: HashMap<String, usize>,
}

struct Production {
    weight: f64,
    tones: Vec<Tone>,
    nodes: Vec<Node>,
}

enum Node {
    Text(String),
    Rule(usize),
    Slot(Slot),
    /// One of these; an optional stretch is a choice between it and nothing.
    OneOf(Vec<Vec<Node>>),
}

/// A line that was drawn.
#[derive(Default)]
pub(super) struct Draw {
    pub(super) text: String,
    /// How well the productions fit the voice: the sum over their tones, 0 for toneless ones.
    pub(super) fit: f64,
}

impl Grammar {
    fn parse(files: &[(&str, &str)]) -> Result<Self, String> {
        let mut grammar = Self {
            rules: Vec::new(),
            names: HashMap::new(),
        };
        let lines = || {
            files.iter().flat_map(|(file, text)| {
                text.lines()
                    .enumerate()
                    .map(move |(n, line)| (format!("{file}:{}", n + 1), line))
            })
        };
        let is_rule = |line: &str| !line.starts_with([' ', '#']) && !line.is_empty();
        for (place, line) in lines().filter(|(_, line)| is_rule(line)) {
            let name = line
                .strip_suffix(':')
                .ok_or_else(|| format!("{place}: a rule's name ends with a colon"))?;
            if grammar
                .names
                .insert(name.into(), grammar.rules.len())
                .is_some()
            {
                return Err(format!("{place}: {name} is there twice"));
            }
            grammar.rules.push(Vec::new());
        }
        let mut rule = 0;
        for (place, line) in lines() {
            if is_rule(line) {
                rule = grammar.names[line.trim_end_matches(':')];
            } else if line.starts_with(' ') && !line.trim().is_empty() {
                let production = grammar
                    .production(line.trim())
                    .map_err(|why| format!("{place}: {why}"))?;
                grammar.rules[rule].push(production);
            }
        }
        match grammar
            .names
            .iter()
            .find(|(_, rule)| grammar.rules[**rule].is_empty())
        {
            Some((name, _)) => Err(format!("{name} has no production")),
            None => Ok(grammar),
        }
    }

    fn production(&self, mut line: &str) -> Result<Production, String> {
        let (mut weight, mut tones) = (1.0, Vec::new());
        while let Some((first, rest)) = line.split_once(' ') {
            if let Some(tone) = first.strip_prefix('@') {
                tones.push(Tone::named(tone).ok_or_else(|| format!("there is no tone {tone}"))?);
            } else if let Ok(number) = first.parse::<u32>() {
                weight = f64::from(number);
            } else {
                break;
            }
            line = rest;
        }
        let mut rest = line;
        let nodes = self.nodes(&mut rest, "")?;
        if rest.is_empty() {
            Ok(Production {
                weight,
                tones,
                nodes,
            })
        } else {
            Err(format!("what is {rest:?}?"))
        }
    }

    /// Reads up to one of the `ends`, which stays.
    fn nodes(&self, text: &mut &str, ends: &str) -> Result<Vec<Node>, String> {
        let mut nodes = Vec::new();
        while let Some(c) = text.chars().next().filter(|c| !ends.contains(*c)) {
            match c {
                '<' | '{' => {
                    let close = if c == '<' { '>' } else { '}' };
                    let (name, rest) = text[1..]
                        .split_once(close)
                        .ok_or_else(|| format!("{text:?} is not closed"))?;
                    *text = rest;
                    nodes.push(if c == '<' {
                        Node::Rule(
                            *self
                                .names
                                .get(name)
                                .ok_or_else(|| format!("there is no rule {name}"))?,
                        )
                    } else {
                        Node::Slot(
                            Slot::named(name).ok_or_else(|| format!("there is no slot {name}"))?,
                        )
                    });
                }
                '[' | '(' => {
                    let close = if c == '[' { ']' } else { ')' };
                    let mut choices = if c == '[' { vec![] } else { vec![vec![]] };
                    let mut next = c;
                    while next != close {
                        *text = &text[1..];
                        choices.push(self.nodes(text, if c == '[' { "|]" } else { ")" })?);
                        next = text.chars().next().ok_or("a bracket is not closed")?;
                    }
                    *text = &text[1..];
                    nodes.push(Node::OneOf(choices));
                }
                '>' | '}' | ']' | ')' | '|' => return Err(format!("{c} closes nothing")),
                _ => {
                    let end = text
                        .find(['<', '{', '[', '(', '>', '}', ']', ')', '|'])
                        .unwrap_or(text.len());
                    nodes.push(Node::Text(text[..end].into()));
                    *text = &text[end..];
                }
            }
        }
        Ok(nodes)
    }

    /// Draws a line from the rule of that name. None if each of its productions needs a slot that is
    /// empty.
    pub(super) fn draw(
        &self,
        rule: &str,
        slots: &Slots,
        voice: &Voice,
        rng: &mut ChaCha8Rng,
    ) -> Option<Draw> {
        let mut draw = Draw::default();
        let rule = *self.names.get(rule)?;
        Expansion {
            grammar: self,
            slots,
            voice,
        }
        .rule(rule, 0, rng, &mut draw)
        .then_some(draw)
    }

    /// All that can be said differently: productions, and the choices within them.
    #[cfg(test)]
    fn phrases(&self) -> usize {
        fn within(nodes: &[Node]) -> usize {
            nodes
                .iter()
                .map(|node| match node {
                    Node::OneOf(choices) => {
                        choices.len() - 1
                            + choices.iter().map(|choice| within(choice)).sum::<usize>()
                    }
                    _ => 0,
                })
                .sum()
        }
        self.rules
            .iter()
            .flatten()
            .map(|production| 1 + within(&production.nodes))
            .sum()
    }

    #[cfg(test)]
    pub(super) fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}

struct Expansion<'a> {
    grammar: &'a Grammar,
    slots: &'a Slots,
    voice: &'a Voice,
}

impl Expansion<'_> {
    /// Draws productions without putting back until one can be expanded.
    fn rule(&self, rule: usize, depth: u32, rng: &mut ChaCha8Rng, draw: &mut Draw) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let productions = &self.grammar.rules[rule];
        let mut weights: Vec<f64> = productions
            .iter()
            .map(|production| production.weight * self.voice.likes(&production.tones))
            .collect();
        loop {
            let total: f64 = weights.iter().sum();
            if total <= 0.0 {
                return false;
            }
            let mut left = rng.random::<f64>() * total;
            let Some(drawn) = weights
                .iter()
                .position(|weight| {
                    left -= weight;
                    *weight > 0.0 && left < 0.0
                })
                .or_else(|| weights.iter().rposition(|weight| *weight > 0.0))
            else {
                return false;
            };
            let (length, fit) = (draw.text.len(), draw.fit);
            draw.fit += self.voice.fit(&productions[drawn].tones);
            if self.nodes(&productions[drawn].nodes, depth, rng, draw) {
                return true;
            }
            draw.text.truncate(length);
            draw.fit = fit;
            weights[drawn] = 0.0;
        }
    }

    fn nodes(&self, nodes: &[Node], depth: u32, rng: &mut ChaCha8Rng, draw: &mut Draw) -> bool {
        nodes.iter().all(|node| match node {
            Node::Text(text) => {
                draw.text.push_str(text);
                true
            }
            Node::Rule(rule) => self.rule(*rule, depth + 1, rng, draw),
            Node::Slot(slot) => match self.slots.get(*slot) {
                Some(text) => {
                    draw.text.push_str(text);
                    true
                }
                None => false,
            },
            Node::OneOf(choices) => {
                let choice = rng.random_range(0..choices.len());
                self.nodes(&choices[choice], depth, rng, draw)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_a_grammar() {
        let grammar = Grammar::parse(&FILES).unwrap();
        assert!(grammar.phrases() >= 1_000, "{} phrases", grammar.phrases());
    }

    #[test]
    fn each_rule_is_of_use() {
        let grammar = Grammar::parse(&FILES).unwrap();
        let all: String = FILES.iter().map(|(_, text)| *text).collect();
        let roots = [
            include_str!("intent.rs"),
            include_str!("message.rs"),
            include_str!("mod.rs"),
        ]
        .concat();
        for name in grammar.rule_names() {
            let used = all.contains(&format!("<{name}>")) || roots.contains(&format!("\"{name}\""));
            assert!(used, "nothing uses {name}");
        }
    }

    #[test]
    fn slips_of_the_pen_are_named_with_their_place() {
        let cases = [
            ("a:\n  <b>", "x.txt:2: there is no rule b"),
            ("a:\n  {b}", "x.txt:2: there is no slot b"),
            ("a:\n  @b c", "x.txt:2: there is no tone b"),
            ("a:\n  [b|c", "x.txt:2: a bracket is not closed"),
            ("a:\n  b]", "x.txt:2: ] closes nothing"),
            ("a:\n  <a", "x.txt:2: \"<a\" is not closed"),
            ("a:\n  b\na:\n  c", "x.txt:3: a is there twice"),
            ("a", "x.txt:1: a rule's name ends with a colon"),
            ("a:\n", "a has no production"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Grammar::parse(&[("x.txt", text)]).err().as_deref(),
                Some(expected),
                "{text:?}"
            );
        }
    }
}
