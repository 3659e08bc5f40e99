//! What people say of themselves, and what else a form may be filled with: sentences of a prompt's
//! data, with who said them.

use super::{
    nouns::nouns,
    prompt::{Said, sections},
    spans::{amount_in, because_in, sentences, when_in},
    text::{lower_words, stem, stems, words},
};
use chatter_protocol::llm::{Message, Role};
use std::collections::HashSet;

/// The most sentences that are looked at.
const MAX_CLAIMS: usize = 200;

/// One sentence.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Claim {
    /// Who said it; none if that is the stream, or nobody knows.
    pub(super) who: Option<String>,
    /// As it was said.
    pub(super) exact: String,
    /// Whether somebody says something of themselves.
    pub(super) personal: bool,
    pub(super) asks: bool,
    /// Whether an AI said it.
    pub(super) ai: bool,
}

/// The data of a prompt, sentence by sentence, in its order.
pub(super) fn claims(messages: &[Message]) -> Vec<Claim> {
    let Some(user) = messages
        .iter()
        .rev()
        .find(|message| message.role == Role::User)
    else {
        return vec![];
    };
    let mut lines: Vec<String> = sections(&user.content)
        .into_iter()
        // Its task is no data, and what it said itself is nothing to learn from.
        .filter(|(title, _)| {
            title != "task" && title != "your earlier lines" && title != "keywords"
        })
        .flat_map(|(_, lines)| lines)
        .collect();
    if lines.is_empty() && !user.content.contains("## ") {
        lines = user
            .content
            .lines()
            .map(str::trim)
            .map(str::to_owned)
            .collect();
    }
    let mut found: Vec<Claim> = Vec::new();
    for line in lines {
        let said = Said::read(&line);
        let (who, text) = if said.name.is_empty() {
            (None, line.as_str())
        } else {
            (Some(said.name), said.text.as_str())
        };
        for exact in sentences(text) {
            let known = |claim: &Claim| claim.who == who && claim.exact == exact;
            if lower_words(&exact).is_empty() || found.iter().any(known) {
                continue;
            }
            found.push(Claim {
                personal: who.is_some() && !exact.ends_with('?') && is_personal(&exact),
                asks: exact.ends_with('?'),
                who: who.clone(),
                exact,
                ai: said.ai,
            });
        }
    }
    found.drain(..found.len().saturating_sub(MAX_CLAIMS));
    found
}

/// Verbs that say something of whoever is the `I` before them.
const OF_ONESELF: &str = "love like hate prefer enjoy adore collect play work live have own need want miss study teach learn \
    bake cook draw paint sing write code fix build grow keep speak drive run ride swim climb knit sew garden read \
    passed failed won lost got made baked finished started bought sold moved married graduated broke adopted built wrote \
    met saw came grew worked lived studied learned had was used drink eat watch";

/// What is no claim though it looks like one: `i love this`, `i have no idea`.
const PASSING: &str = "this that it these those you chat no idea to";

fn is_personal(sentence: &str) -> bool {
    let words = lower_words(sentence);
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let is = |list: &str, word: &str| list.split_whitespace().any(|listed| listed == word);
    (0..words.len().min(4)).any(|at| match word(at) {
        "i" => {
            let skip = usize::from(is("really also just still finally always never actually once even do don't can't", word(at + 1)));
            let object = word(at + 2 + skip);
            is(OF_ONESELF, word(at + 1 + skip)) && !object.is_empty() && !is(PASSING, object)
        }
        "i'm" | "im" => {
            is("from a an the called named allergic learning studying working vegan vegetarian moving getting", word(at + 1))
                || word(at + 1).parse::<u8>().is_ok()
        }
        "i've" => word(at + 1) == "got" || word(at + 1) == "been",
        "my" => words.len() > at + 2 && words[at + 1..].iter().any(|word| is("is are was were has had likes loves hates turns lives works just", word)),
        _ => false,
    })
}

impl Claim {
    /// Told of whoever said it: `I love tea` is `ana loves tea`. Word for word where that can't be
    /// turned safely.
    pub(super) fn told(&self) -> String {
        let Some(who) = &self.who else {
            return self.exact.clone();
        };
        let told: Vec<&str> = self.exact.split_whitespace().collect();
        let bare = |word: &str| {
            word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'')
                .to_lowercase()
                .replace('’', "'")
        };
        let start = told
            .iter()
            .take(4)
            .position(|word| matches!(bare(word).as_str(), "i" | "i'm" | "im" | "i've" | "my"));
        let others = |from: usize| {
            told[from..].iter().any(|word| {
                matches!(
                    bare(word).as_str(),
                    "i'll" | "i'd" | "me" | "you" | "your" | "we" | "us" | "our"
                )
            })
        };
        let Some(start) = start.filter(|start| self.personal && !others(*start)) else {
            return format!("{who}: {}", self.exact);
        };
        let mut out: Vec<String> = Vec::new();
        let mut verb_of_i = false;
        for (at, word) in told[start..].iter().enumerate() {
            let lower = bare(word);
            let next = if verb_of_i && is_adverb(&lower) {
                (*word).to_owned()
            } else if verb_of_i {
                verb_of_i = false;
                third_person(word, &lower)
            } else {
                match lower.as_str() {
                    "i" => {
                        verb_of_i = true;
                        if at == 0 { who.clone() } else { "they".into() }
                    }
                    "i'm" | "im" => {
                        if at == 0 {
                            format!("{who} is")
                        } else {
                            "they are".into()
                        }
                    }
                    "i've" => {
                        if at == 0 {
                            format!("{who} has")
                        } else {
                            "they have".into()
                        }
                    }
                    "my" => {
                        if at == 0 {
                            format!("{who}'s")
                        } else {
                            "their".into()
                        }
                    }
                    "myself" => "themselves".into(),
                    _ => (*word).to_owned(),
                }
            };
            // `they love`, not `they loves`
            if out.last().is_some_and(|last| last == "they") {
                out.push((*word).to_owned());
            } else {
                out.push(next);
            }
        }
        out.join(" ")
    }

    pub(super) fn stems(&self) -> HashSet<String> {
        stems(&self.exact)
    }

    /// What it is about, in a word or two.
    pub(super) fn topic(&self) -> Option<String> {
        let found = nouns([self.exact.as_str()]);
        let noun = found.iter().find(|noun| !noun.name).or(found.first());
        noun.map(|noun| noun.text.clone()).or_else(|| {
            let lower = lower_words(&self.exact);
            let verb = lower.iter().position(|word| {
                [
                    "love", "like", "hate", "prefer", "enjoy", "collect", "adore", "play", "drink",
                    "eat",
                ]
                .contains(&word.as_str())
            })?;
            let rest = &lower[verb + 1..];
            ((1..=3).contains(&rest.len())).then(|| rest.join(" "))
        })
    }

    /// Where it says that somebody or something is from or lives.
    pub(super) fn place(&self) -> Option<String> {
        let told: Vec<&str> = words(&self.exact).collect();
        let at = told.windows(2).position(|two| {
            matches!(two[0].to_lowercase().as_str(), "from" | "in" | "near")
                && two[1].starts_with(char::is_uppercase)
        })?;
        let names = told[at + 1..]
            .iter()
            .take_while(|word| word.starts_with(char::is_uppercase));
        Some(names.copied().collect::<Vec<_>>().join(" "))
    }

    /// A name that somebody gives as their own.
    pub(super) fn own_name(&self) -> Option<String> {
        let lower = lower_words(&self.exact);
        let told: Vec<&str> = words(&self.exact).collect();
        let at = lower
            .windows(3)
            .position(|three| three[..] == ["my", "name", "is"])
            .map(|at| at + 3)
            .or_else(|| {
                lower
                    .windows(2)
                    .position(|two| {
                        two[0] == "i'm" && matches!(two[1].as_str(), "called" | "named")
                    })
                    .map(|at| at + 2)
            })?;
        told.get(at).map(|name| (*name).to_owned())
    }

    pub(super) fn when(&self) -> Option<String> {
        when_in(&self.exact)
    }

    pub(super) fn reason(&self) -> Option<String> {
        because_in(&self.exact)
    }

    /// A number in digits that stands beside one of the wanted stems.
    pub(super) fn number_beside(&self, wanted: &HashSet<String>) -> Option<f64> {
        let told: Vec<String> = lower_words(&self.exact);
        let near = |at: usize| {
            let from = at.saturating_sub(3);
            told[from..told.len().min(at + 3)]
                .iter()
                .any(|word| wanted.contains(&stem(word)))
        };
        told.iter()
            .enumerate()
            .filter(|(at, _)| near(*at))
            .find_map(|(_, word)| value_of(word))
    }

    pub(super) fn amount(&self) -> Option<String> {
        amount_in(&self.exact, &HashSet::new())
    }
}

fn value_of(word: &str) -> Option<f64> {
    const NAMED: &str = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen \
        seventeen eighteen nineteen twenty";
    let named = NAMED.split_whitespace().position(|name| name == word);
    match named {
        Some(value) => u32::try_from(value).ok().map(f64::from),
        None => word.parse::<u32>().ok().map(f64::from),
    }
}

fn is_adverb(word: &str) -> bool {
    matches!(
        word,
        "really"
            | "also"
            | "just"
            | "still"
            | "finally"
            | "always"
            | "never"
            | "actually"
            | "once"
            | "even"
    )
}

/// `love` as `loves`; what is in the past stays.
fn third_person(word: &str, lower: &str) -> String {
    const PAST: &str = "passed failed won lost got made baked finished started bought sold moved married graduated broke adopted \
        built wrote met saw came grew worked lived studied learned had was used can can't could will would might must should";
    if PAST.split_whitespace().any(|past| past == lower) {
        return word.to_owned();
    }
    let core = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '\'');
    let mark = &word[core.len()..];
    match lower {
        "have" => "has".into(),
        "do" => "does".into(),
        "don't" => "doesn't".into(),
        "am" => "is".into(),
        _ if lower.ends_with(['s', 'x']) || lower.ends_with("ch") || lower.ends_with("sh") => {
            format!("{core}es{mark}")
        }
        _ if lower.ends_with('y')
            && !lower.ends_with("ay")
            && !lower.ends_with("oy")
            && !lower.ends_with("ey") =>
        {
            format!("{}ies{mark}", core.trim_end_matches(['y', 'Y']))
        }
        _ => format!("{core}s{mark}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Vec<Claim> {
        claims(&[Message {
            role: Role::User,
            content: format!("## Chat\n<<<\n{line}\n>>>\n## Task\nI love tasks.\n"),
        }])
    }

    #[test]
    fn what_people_say_of_themselves_is_told_of_them() {
        for (line, expected) in [
            ("ana: I love pineapple pizza!", "ana loves pineapple pizza"),
            (
                "ana: honestly i really hate mondays",
                "ana really hates mondays",
            ),
            ("ben: I'm from Oslo", "ben is from Oslo"),
            ("ben: my cat is called Miso", "ben's cat is called Miso"),
            (
                "ben: i passed my exam today!",
                "ben passed their exam today",
            ),
            ("cleo: I don't like eggs", "cleo doesn't like eggs"),
            (
                "cleo: i study physics because I like it",
                "cleo studies physics because they like it",
            ),
            ("dev: I have two dogs", "dev has two dogs"),
            ("dev: i study… physics", "dev studies… physics"),
        ] {
            let found = said(line);
            assert!(found[0].personal, "{line}");
            assert_eq!(found[0].told(), expected, "{line}");
        }
    }

    #[test]
    fn what_is_said_in_passing_is_no_claim() {
        for line in [
            "ana: i love this",
            "ana: i have no idea",
            "ana: do i love tea?",
            "ana: lol",
            "ana: my god",
            "The streamer said I love tea",
            "ana: love it",
        ] {
            assert!(said(line).iter().all(|claim| !claim.personal), "{line}");
        }
        assert!(
            said("x").iter().all(|claim| claim.exact != "I love tasks"),
            "a task is no data"
        );
    }
}
