//! What the moment puts into the slots of the grammar.

use super::{
    facts::Facts,
    intent::Intent,
    prompt::Moment,
    terms::{self, Class, Term},
    text::{contains, cut, lower_words, stems},
};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;

macro_rules! slots {
    ($($slot:ident $name:literal $doc:literal;)*) => {
        /// A place in a production.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Slot { $(#[doc = $doc] $slot,)* }

        impl Slot {
            const ALL: &[(&str, Self)] = &[$(($name, Self::$slot),)*];
        }
    };
}

slots! {
    Word "word" "A keyword of the stream, whatever it is.";
    Kw "kw" "The keyword, if it can stand where a noun does.";
    TheNoun "thenoun" "The keyword with its article, if it is a noun or a name.";
    TheOne "theone" "The same, if it is not a plural.";
    ThatNoun "thatnoun" "The same with that or those.";
    Be "be" "Is or are, as the keyword has it.";
    Was "was" "Was or were, as the keyword has it.";
    Does "does" "Does or do, as the keyword has it.";
    Ing "ing" "The keyword, if it is an -ing form.";
    Adj "adj" "The keyword, if it is an adjective.";
    Word2 "word2" "Another keyword, whatever it is.";
    Kw2 "kw2" "Another keyword that can stand where a noun does.";
    TheNoun2 "thenoun2" "The other keyword with its article.";
    Phrase "phrase" "A few words of the transcript around the keyword.";
    PhraseOne "phraseone" "The phrase, if it is not a plural.";
    PhraseBe "phrasebe" "Is or are, as the phrase has it.";
    Quote "quote" "A short stretch of the transcript that holds the keyword.";
    Mem "mem" "Something remembered that fits.";
    OfThem "ofthem" "Something remembered about who is answered.";
    Name "name" "Who is answered.";
    Me "me" "The persona's own name.";
    Other "other" "Who wrote lately.";
    OTopic "otopic" "What they wrote about.";
    Topic "topic" "What the message to be answered is about.";
    TheTopic "thetopic" "The same with its article.";
    TopicBe "topicbe" "Is or are, as the topic has it.";
    Said "said" "What was said about it on the stream, in reported speech.";
    QuoteFact "quotefact" "The same as it was said.";
    Number "number" "A number that was said about it.";
    BigNumber "bignumber" "Some number below a hundred.";
    Choice "choice" "The chosen of two options.";
    ChoiceBe "choicebe" "Is or are, as the choice has it.";
    Reject "reject" "The other option.";
    RejectBe "rejectbe" "Is or are, as the other option has it.";
}

impl Slot {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, slot)| *slot)
    }
}

/// What the slots can be filled with, gathered once for all draws of a line.
pub(super) struct Sources<'a> {
    keywords: Vec<Keyword<'a>>,
    /// Who wrote lately, and about what.
    others: Vec<(&'a str, Option<&'a Term>)>,
    addressee: Option<&'a str>,
    me: &'a str,
}

struct Keyword<'a> {
    term: &'a Term,
    weight: f64,
    phrase: Option<String>,
    quotes: Vec<String>,
    memory: Option<String>,
}

impl<'a> Sources<'a> {
    pub(super) fn of(moment: &'a Moment, terms: &'a [Term], intent: &'a Intent) -> Self {
        let weights = weights(moment, terms, intent);
        let memories: Vec<_> = moment
            .memories
            .iter()
            .map(|memory| (memory, stems(memory)))
            .collect();
        let keyword = |(term, weight): (&'a Term, f64)| {
            let about = stems(&term.text);
            let memory = memories
                .iter()
                .find(|(_, stems)| !stems.is_disjoint(&about));
            Keyword {
                term,
                weight,
                phrase: terms::phrase(term, moment),
                quotes: terms::quotes(term, moment),
                memory: memory.map(|(memory, _)| cut(memory.trim_end_matches('.'), 70).to_owned()),
            }
        };
        // Only what the stream knows too: other lines are as playful as ours.
        let topic = |text: &str| {
            let words = lower_words(text);
            terms
                .iter()
                .find(|term| term.is_noun() && contains(&words, &term.words))
        };
        let named = moment
            .chat
            .iter()
            .rev()
            .take(4)
            .filter(|said| !said.name.is_empty());
        Self {
            keywords: terms.iter().zip(weights).map(keyword).collect(),
            others: named
                .map(|said| (said.name.as_str(), topic(&said.text)))
                .collect(),
            addressee: intent.addressee.as_deref().filter(|name| !name.is_empty()),
            me: &moment.persona.name,
        }
    }

    /// Chooses a keyword and what goes with it; anew for each draw, so that the draws differ in what
    /// they are about.
    pub(super) fn draw(&self, facts: &Facts, rng: &mut ChaCha8Rng) -> Slots {
        let mut slots = Slots(vec![None; Slot::ALL.len()]);
        slots.set(Slot::BigNumber, rng.random_range(2..100_u32).to_string());
        let keyword = self
            .keywords
            .choose_weighted(rng, |keyword| keyword.weight)
            .ok();
        if let Some(keyword) = keyword {
            slots.keyword(keyword, rng);
            let others: Vec<_> = self
                .keywords
                .iter()
                .filter(|other| other.term.text != keyword.term.text)
                .take(10)
                .collect();
            if let Some(other) = others.choose(rng) {
                slots.set(Slot::Word2, &other.term.text);
                if other.term.can_be_noun() {
                    slots.set(Slot::Kw2, &other.term.text);
                }
                if other.term.is_noun() {
                    slots.set(Slot::TheNoun2, other.term.with_the());
                }
            }
        }
        if !self.me.is_empty() {
            slots.set(Slot::Me, self.me);
        }
        if let Some(name) = self.addressee {
            slots.set(Slot::Name, name);
        }
        if let Some((name, topic)) = self.others.choose(rng) {
            slots.set(Slot::Other, *name);
            if let Some(topic) = topic {
                slots.set(Slot::OTopic, topic.with_the());
            }
        }
        slots.facts(facts, rng);
        if let Some(memory) = facts
            .memory
            .as_ref()
            .or(keyword.and_then(|keyword| keyword.memory.as_ref()))
        {
            slots.set(Slot::Mem, memory.as_str());
        }
        slots
    }
}

/// The slots' contents for one draw.
pub(super) struct Slots(Vec<Option<String>>);

impl Slots {
    pub(super) fn get(&self, slot: Slot) -> Option<&str> {
        self.0[slot as usize].as_deref()
    }

    fn set(&mut self, slot: Slot, text: impl Into<String>) {
        self.0[slot as usize] = Some(text.into());
    }

    fn keyword(&mut self, keyword: &Keyword<'_>, rng: &mut ChaCha8Rng) {
        let term = keyword.term;
        self.set(Slot::Word, &term.text);
        if term.can_be_noun() {
            self.set(Slot::Kw, &term.text);
        }
        let (was, does) = if term.plural {
            ("were", "do")
        } else {
            ("was", "does")
        };
        self.set(Slot::Be, term.be());
        self.set(Slot::Was, was);
        self.set(Slot::Does, does);
        match term.class {
            Class::Noun | Class::Name => {
                self.set(Slot::TheNoun, term.with_the());
                self.set(Slot::ThatNoun, term.with_that());
                if !term.plural {
                    self.set(Slot::TheOne, term.with_the());
                }
            }
            Class::Ing => self.set(Slot::Ing, &term.text),
            Class::Adjective => self.set(Slot::Adj, &term.text),
            Class::Verb | Class::Other => {}
        }
        if let Some(phrase) = &keyword.phrase {
            let many = Term::new(phrase, [phrase.as_str()]).is_some_and(|phrase| phrase.plural);
            self.set(Slot::PhraseBe, if many { "are" } else { "is" });
            if !many {
                self.set(Slot::PhraseOne, phrase.as_str());
            }
            self.set(Slot::Phrase, phrase.as_str());
        }
        if let Some(quote) = keyword.quotes.choose(rng) {
            self.set(Slot::Quote, quote.as_str());
        }
    }

    fn facts(&mut self, facts: &Facts, rng: &mut ChaCha8Rng) {
        if let Some(topic) = &facts.topic {
            self.set(Slot::Topic, &topic.text);
            self.set(Slot::TheTopic, topic.with_the());
            self.set(Slot::TopicBe, topic.be());
        }
        if let Some(said) = facts.said.choose(rng) {
            self.set(Slot::Said, said.reported.as_str());
            self.set(Slot::QuoteFact, said.quoted.as_str());
        }
        if let Some(number) = &facts.number {
            self.set(Slot::Number, number.as_str());
        }
        if let Some(memory) = facts.of_them.as_ref().or(facts.memory.as_ref()) {
            self.set(Slot::OfThem, memory.as_str());
        }
        if let Some((one, other)) = &facts.options {
            let (choice, reject) = if rng.random_bool(0.5) {
                (one, other)
            } else {
                (other, one)
            };
            self.set(Slot::Choice, &choice.text);
            self.set(Slot::ChoiceBe, choice.be());
            self.set(Slot::Reject, &reject.text);
            self.set(Slot::RejectBe, reject.be());
        }
    }
}

/// How likely each keyword is to be drawn: rather one of the front ones, a noun, what was just said,
/// what the event or the message is about, what the persona cares for; rather not one that it has
/// just used.
fn weights(moment: &Moment, terms: &[Term], intent: &Intent) -> Vec<f64> {
    let lower = |lines: &[String], from_end: usize| -> Vec<String> {
        lines
            .iter()
            .rev()
            .take(from_end)
            .flat_map(|line| lower_words(line))
            .collect()
    };
    let (latest, used) = (lower(&moment.transcript, 2), lower(&moment.earlier, 4));
    let about = intent.about.as_deref().map(lower_words).unwrap_or_default();
    let cares = lower_words(&moment.persona.about);
    let weight = |(rank, term): (usize, &Term)| {
        let factors = [
            (contains(&latest, &term.words), 2.0),
            (contains(&about, &term.words), 5.0),
            (contains(&cares, &term.words), 2.0),
            (contains(&used, &term.words), 0.2),
            (term.is_noun(), 3.0),
        ];
        let first = 1.0 / (1.0 + 0.25 * rank as f64);
        factors
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, factor)| factor)
            .product::<f64>()
            * first
    };
    terms.iter().enumerate().map(weight).collect()
}
