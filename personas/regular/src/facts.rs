//! What people tell about themselves.

use crate::date;
use persona_sdk::{emote, memory::Kind, words};

/// Something that somebody told about themselves, to be read after their name: ` loves pineapple`,
/// `'s exam is on friday`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub kind: Kind,
    pub text: String,
}

/// The longest thing that is told, in words.
const MAX_WORDS: usize = 8;

use Kind::{Preference, Relationship};

/// Longer words, in bytes, are none.
const WORD_BYTES: usize = 40;

/// How such a sentence begins, what it means and what kind of memory that is. Contractions are
/// written out, and beginnings without an apostrophe are meant as well. Longer beginnings stand before
/// those that they begin with.
#[rustfmt::skip]
const OPENINGS: &[(&str, &str, Kind)] = &[
    ("i really like", "likes", Preference),
    ("i really love", "loves", Preference),
    ("i really hate", "hates", Preference),
    ("i do not like", "doesn't like", Preference),
    ("i can not stand", "can't stand", Preference),
    ("i like", "likes", Preference),
    ("i love", "loves", Preference),
    ("i hate", "hates", Preference),
    ("i prefer", "prefers", Preference),
    ("i collect", "collects", Preference),
    ("i am allergic to", "is allergic to", Preference),
    ("i am afraid of", "is afraid of", Preference),
    ("i am scared of", "is afraid of", Preference),
    ("my favourite", "'s favourite", Preference),
    ("my favorite", "'s favourite", Preference),
    ("my name is", "is called", Relationship),
    ("call me", "wants to be called", Relationship),
    ("i am from", "is from", Relationship),
    ("i live in", "lives in", Relationship),
    ("i live near", "lives near", Relationship),
    ("i moved to", "moved to", Relationship),
    ("i am moving to", "is moving to", Relationship),
    ("i grew up in", "grew up in", Relationship),
    ("i was born in", "was born in", Relationship),
    ("i work as", "works as", Relationship),
    ("i work at", "works at", Relationship),
    ("i work in", "works in", Relationship),
    ("i work for", "works for", Relationship),
    ("i am working on", "is working on", Relationship),
    ("i am learning", "is learning", Relationship),
    ("i am studying", "is studying", Relationship),
    ("i am training for", "is training for", Relationship),
    ("i am building", "is building", Relationship),
    ("i study", "studies", Relationship),
    ("i teach", "teaches", Relationship),
    ("i speak", "speaks", Relationship),
    ("i play", "plays", Relationship),
    ("i just started", "just started", Relationship),
    ("i just finished", "just finished", Relationship),
    ("i just got", "just got", Relationship),
    ("i just bought", "just bought", Relationship),
    ("i just adopted", "just adopted", Relationship),
    ("i just moved", "just moved", Relationship),
    ("i have just started", "just started", Relationship),
    ("i have just finished", "just finished", Relationship),
    ("i have just got", "just got", Relationship),
    ("i have got a", "has a", Relationship),
    ("i have got an", "has an", Relationship),
    ("i have got two", "has two", Relationship),
    ("i have got three", "has three", Relationship),
    ("i have a", "has a", Relationship),
    ("i have an", "has an", Relationship),
    ("i have two", "has two", Relationship),
    ("i have three", "has three", Relationship),
    ("i am a", "is a", Relationship),
    ("i am an", "is an", Relationship),
];

/// Beginnings after which nothing more has to come, and what is then so today.
const TODAY: &[(&str, &str)] = &[
    ("it is my birthday", "has their birthday on"),
    ("today is my birthday", "has their birthday on"),
    ("my birthday is today", "has their birthday on"),
];

/// Whose doings are worth remembering: `my cat is called Mochi`, `my exam is on friday`.
#[rustfmt::skip]
const MINE: &[&str] = &[
    "cat", "cats", "dog", "dogs", "pet", "puppy", "kitten", "rabbit", "parrot", "hamster", "horse",
    "kid", "kids", "son", "daughter", "baby", "wife", "husband", "partner", "girlfriend", "boyfriend",
    "sister", "brother", "mom", "mum", "dad", "grandma", "grandpa", "aunt", "uncle", "roommate",
    "birthday", "wedding", "anniversary", "exam", "exams", "test", "thesis", "finals", "interview",
    "job", "surgery", "flight", "holiday", "vacation", "trip", "concert", "marathon", "team", "band",
    "hometown", "shift", "nickname",
];

/// What may stand between `my cat` and what is told of it.
const TELLS: &[&str] = &[
    "is", "are", "was", "has", "had", "got", "turns", "turned", "starts", "plays", "lives",
    "works", "loves", "hates", "called", "named", "just",
];

/// Words after which a new thought begins.
const ENDS: &[&str] = &[
    "but", "and", "because", "cause", "cuz", "so", "though", "since", "when", "if", "lol", "lmao",
    "haha", "btw", "tbh", "rn", "ngl",
];

/// Objects that mean something only at the moment.
const FLEETING: &[&str] = &[
    "it", "that", "this", "these", "those", "you", "u", "your", "how", "what", "when", "where",
    "him", "her", "them", "here", "to", "out",
];

/// What one has or is for a moment, or only as a manner of speaking.
#[rustfmt::skip]
const NOT_LASTING: &[&str] = &[
    "question", "questions", "feeling", "idea", "ideas", "point", "problem", "clue", "doubt", "doubts",
    "theory", "plan", "bet", "guess", "suggestion", "request", "hunch", "minute", "minutes", "sec",
    "second", "seconds", "moment", "lot", "bit", "few", "little", "tad", "mess", "idiot", "fool",
    "moron", "wreck", "bot", "robot", "ai", "human", "person", "headache", "crush", "dead",
];

/// Words by which a day is meant that is another one next week.
#[rustfmt::skip]
const RELATIVE: &[&str] = &[
    "today", "tonight", "tomorrow", "yesterday", "monday", "tuesday", "wednesday", "thursday",
    "friday", "saturday", "sunday", "week", "weekend", "month", "just", "soon", "now",
];

/// Words after which nothing is told for sure.
const SUPPOSES: &[&str] = &[
    "if", "do", "does", "did", "why", "what", "unless", "would", "think", "wish",
];

/// What a line tells about its author, said at this time. Questions and suppositions tell nothing.
pub(crate) fn told(text: &str, now: u64) -> Vec<Fact> {
    // A comma ends a thought as well as a full stop does.
    emote::stripped(text)
        .split_inclusive(['.', '!', '?', ',', ';', '\n'])
        .filter(|sentence| !sentence.ends_with('?'))
        .flat_map(thoughts)
        .filter_map(|one| sentence(one, now))
        .collect()
}

/// The thoughts of a sentence that begin anew with their author: `my name is Ana and i have a cat`.
fn thoughts(sentence: &str) -> Vec<&str> {
    const ANEW: [&str; 4] = ["i", "i'm", "i've", "my"];
    let lower = sentence.to_lowercase().replace('’', "'");
    if lower.len() != sentence.len()
        || words::all(&lower).any(|word| SUPPOSES.contains(&word.as_str()))
    {
        return vec![sentence];
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, joint) in lower.match_indices(" and ") {
        let after = lower[at + joint.len()..].split_whitespace().next();
        if after.is_some_and(|word| ANEW.contains(&word)) {
            parts.push(&sentence[start..at]);
            start = at + joint.len();
        }
    }
    parts.push(&sentence[start..]);
    parts
}

/// A word as it is compared, and as it was written.
struct Word {
    plain: String,
    written: String,
}

fn sentence(sentence: &str, now: u64) -> Option<Fact> {
    let words = written_out(sentence);
    if words.iter().any(|word| word.written.len() > WORD_BYTES) {
        return None;
    }
    let supposed = |start: usize| {
        words[..start]
            .iter()
            .any(|word| SUPPOSES.contains(&word.plain.as_str()))
    };
    for start in 0..words.len() {
        let rest = &words[start..];
        let begins = |opening: &str| {
            let count = opening.split(' ').count();
            let fits = rest.len() >= count
                && opening
                    .split(' ')
                    .zip(rest)
                    .all(|(wanted, word)| wanted == word.plain);
            fits.then_some(count)
        };
        let today = TODAY
            .iter()
            .find(|(opening, _)| begins(opening).is_some())
            .map(|(_, meaning)| Fact {
                kind: Relationship,
                text: format!("{meaning} {}", date::day(now)),
            });
        let opened = OPENINGS
            .iter()
            .filter_map(|(opening, meaning, kind)| Some((begins(opening)?, *meaning, *kind)))
            .max_by_key(|(count, ..)| *count);
        let found = today
            .or_else(|| {
                opened.and_then(|(count, meaning, kind)| object(meaning, kind, &rest[count..]))
            })
            .or_else(|| mine(rest));
        if found.is_some() || opened.is_some() {
            let fact = found.filter(|_| !supposed(start))?;
            return Some(dated(fact, now));
        }
    }
    None
}

/// `loves` and what is loved.
fn object(meaning: &str, kind: Kind, rest: &[Word]) -> Option<Fact> {
    let object = thing(rest);
    let plain: Vec<&str> = object.iter().map(|word| word.plain.as_str()).collect();
    let telling = plain.iter().any(|word| !words::is_stop_word(word));
    if !telling || plain.first().is_some_and(|first| FLEETING.contains(first)) {
        return None;
    }
    let is_state = meaning.ends_with(" a") || meaning.ends_with(" an");
    if is_state && plain.iter().take(3).any(|word| NOT_LASTING.contains(word)) {
        return None;
    }
    // `my favourite colour` alone says nothing yet.
    if meaning == "'s favourite" && !plain.contains(&"is") && !plain.contains(&"are") {
        return None;
    }
    Some(Fact {
        kind,
        text: format!("{meaning} {}", written(object)),
    })
}

/// `'s cat is called Mochi`
fn mine(rest: &[Word]) -> Option<Fact> {
    let [my, whose, tells, ..] = rest else {
        return None;
    };
    let noun = whose.plain.strip_suffix("'s").unwrap_or(&whose.plain);
    let is_owner = noun != whose.plain;
    let tells = if is_owner {
        matches!(tells.plain.as_str(), "name" | "called" | "birthday")
    } else {
        TELLS.contains(&tells.plain.as_str())
    };
    if my.plain != "my" || !MINE.contains(&noun) || !tells {
        return None;
    }
    let told = thing(&rest[1..]);
    let telling = told
        .iter()
        .skip(2)
        .any(|word| !words::is_stop_word(&word.plain) && !FLEETING.contains(&word.plain.as_str()));
    telling.then(|| Fact {
        kind: Relationship,
        text: format!("'s {}", written(told)),
    })
}

/// The words up to the next thought.
fn thing(rest: &[Word]) -> &[Word] {
    let end = rest
        .iter()
        .take(MAX_WORDS)
        .position(|word| ENDS.contains(&word.plain.as_str()));
    &rest[..end.unwrap_or(rest.len().min(MAX_WORDS))]
}

fn written(words: &[Word]) -> String {
    let told = |word: &Word| {
        if word.plain == "my" {
            "their".to_owned()
        } else {
            word.written.clone()
        }
    };
    let words: Vec<String> = words.iter().map(told).collect();
    words.join(" ")
}

/// With the day on which it was told, if it speaks of one.
fn dated(mut fact: Fact, now: u64) -> Fact {
    if words::all(&fact.text).any(|word| RELATIVE.contains(&word.as_str())) {
        fact.text = format!("{} (told on {})", fact.text, date::weekday(now));
    }
    fact
}

/// The words of a sentence, contractions of what one is, has or can written out.
fn written_out(sentence: &str) -> Vec<Word> {
    let is_shout = !sentence.contains(char::is_lowercase);
    let mut out = Vec::new();
    for raw in sentence.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’')) {
        let raw = raw.trim_matches(['\'', '’']).replace('’', "'");
        let plain = raw.to_lowercase();
        let parts: &[&str] = match plain.as_str() {
            "" => continue,
            "i'm" | "im" => &["i", "am"],
            "i've" | "ive" => &["i", "have"],
            "it's" | "its" => &["it", "is"],
            "name's" => &["name", "is"],
            "don't" | "dont" => &["do", "not"],
            "can't" | "cant" | "cannot" => &["can", "not"],
            _ => &[],
        };
        out.extend(parts.iter().map(|part| Word {
            plain: (*part).into(),
            written: (*part).into(),
        }));
        if parts.is_empty() {
            let written = if is_shout { plain.clone() } else { raw };
            out.push(Word { plain, written });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::NOW;

    #[test]
    fn hears_what_people_tell_about_themselves() {
        let cases: [(&str, &[&str]); 57] = [
            ("I love pineapple pizza", &["loves pineapple pizza"]),
            ("honestly i really like speedruns lol", &["likes speedruns"]),
            (
                "i like cats, i hate spiders",
                &["likes cats", "hates spiders"],
            ),
            (
                "I don't like horror games but ok",
                &["doesn't like horror games"],
            ),
            ("I don’t like horror", &["doesn't like horror"]),
            ("My name is Ana!", &["is called Ana"]),
            (
                "my name is Ana and I have a cat called Miso",
                &["is called Ana", "has a cat called Miso"],
            ),
            ("would you believe that i love tea and i hate milk", &[]),
            ("im from Lisbon", &["is from Lisbon"]),
            (
                "I'm from the north of Spain",
                &["is from the north of Spain"],
            ),
            (
                "my favorite boss is the old king",
                &["'s favourite boss is the old king"],
            ),
            ("my favourite boss", &[]),
            ("do you know if i like cats", &[]),
            ("why do i love losing?", &[]),
            ("i love it", &[]),
            ("i love you nova", &[]),
            ("i like how you said that", &[]),
            ("i like to", &[]),
            ("what a jump", &[]),
            ("call me Captain", &["wants to be called Captain"]),
            ("i play bass because why not", &["plays bass"]),
            ("", &[]),
            (
                "my exam is on friday",
                &["'s exam is on friday (told on Saturday 31 January)"],
            ),
            (
                "My exam is on Friday, wish me luck",
                &["'s exam is on Friday (told on Saturday 31 January)"],
            ),
            ("i have a cat called Mochi", &["has a cat called Mochi"]),
            ("I'VE GOT A CAT", &["has a cat"]),
            ("ive got two dogs :heart:", &["has two dogs"]),
            ("my cat's name is Mochi", &["'s cat's name is Mochi"]),
            (
                "my cat is called Mochi and she bites",
                &["'s cat is called Mochi"],
            ),
            (
                "my daughter starts school tomorrow",
                &["'s daughter starts school tomorrow (told on Saturday 31 January)"],
            ),
            ("its my birthday!!", &["has their birthday on 31 January"]),
            (
                "It’s my birthday today",
                &["has their birthday on 31 January"],
            ),
            (
                "i just started a bakery",
                &["just started a bakery (told on Saturday 31 January)"],
            ),
            (
                "i've just finished my thesis",
                &["just finished their thesis (told on Saturday 31 January)"],
            ),
            ("hi, i'm a nurse", &["is a nurse"]),
            (
                "im an electrician from Lyon",
                &["is an electrician from Lyon"],
            ),
            ("i am learning welding", &["is learning welding"]),
            ("i work at the library", &["works at the library"]),
            ("i can’t stand clowns", &["can't stand clowns"]),
            ("i'm allergic to cats", &["is allergic to cats"]),
            (
                "my shift starts in ten minutes",
                &["'s shift starts in ten minutes"],
            ),
            (
                "i collect old radios, my dad works on ships",
                &["collects old radios", "'s dad works on ships"],
            ),
            ("my name's Bo", &["is called Bo"]),
            // Nothing lasting, or nothing of their own.
            ("i have a question", &[]),
            ("i have a really quick question", &[]),
            ("i have a feeling this breaks", &[]),
            ("i have to go", &[]),
            ("i'm a bit tired", &[]),
            ("i am an idiot", &[]),
            ("my bad", &[]),
            ("my guess is the fuse", &[]),
            ("my point is that it works", &[]),
            ("my cat is it", &[]),
            ("is it my birthday?", &[]),
            ("i wish it was my birthday", &[]),
            ("if i have a cat called Mochi", &[]),
            ("i just got it", &[]),
        ];
        for (text, wanted) in cases {
            let got: Vec<_> = told(text, NOW).into_iter().map(|fact| fact.text).collect();
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_liked_is_a_preference_and_who_one_is_is_not() {
        assert_eq!(told("i love tea", NOW)[0].kind, Kind::Preference);
        assert_eq!(told("i'm from Oslo", NOW)[0].kind, Kind::Relationship);
    }

    #[test]
    fn a_long_object_is_cut() {
        let text = format!("i love {}", "pizza ".repeat(30));
        assert_eq!(told(&text, NOW)[0].text.split(' ').count(), 1 + MAX_WORDS);
    }
}
