//! What a message wants that asks for nothing.

use super::{message::Want, mood::Mood, text::Words};
use std::sync::LazyLock;

const GOOD: &str = "amazing awesome beautiful best brilliant clean clever crazy cute epic excellent fun gg good great \
    happy impressive incredible insane love loved lovely nice perfect smooth sweet unreal wild wonderful";
const BAD: &str = "annoying awful bad bored boring broken cringe dumb fail failed hard hate horrible lame lost mid rough \
    sad stupid suck sucks terrible trash ugly unfair unlucky weak worst";

static JUDGING: Words = LazyLock::new(|| {
    GOOD.split_whitespace()
        .chain(BAD.split_whitespace())
        .collect()
});

/// Whether a word (in lower case) says how good something is.
pub(super) fn is_judging(word: &str) -> bool {
    JUDGING.contains(word)
}

/// What has happened to somebody, good and bad.
const NEWS: &str = "passed won finished graduated engaged married promoted birthday accepted hired adopted bought finally";
const BLOWS: &str = "tired sick lonely sad stressed exhausted died dead dying hospital failed fired stolen cancelled divorce \
    funeral hurt crying cried depressed anxious heartbroken dumped ill flu headache insomnia";

/// What a remark wants. `first` is the first word that says something.
pub(super) fn remark(words: &[String], first: &str) -> (Want, Mood) {
    let is = |list: &str, word: &str| list.split_whitespace().any(|listed| listed == word);
    let any = |list: &str| words.iter().any(|word| is(list, word));
    let joined = format!(" {} ", words.join(" "));
    let says = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| joined.contains(&format!(" {phrase} ")))
    };
    if words.len() <= 3 && any("lol lmao lmfao haha hahaha hahahaha rofl kekw xd lmaooo wheeze") {
        return (Want::Laugh, Mood::Fun);
    }
    let (good, bad) = (any(GOOD), any(BAD) || says(&["shut up", "go away"]));
    let own = any("i i'm my i've im");
    if own
        && (any(BLOWS)
            || says(&[
                "bad day",
                "rough day",
                "long day",
                "i lost my",
                "broke up",
                "passed away",
                "i miss my",
            ]))
    {
        return (Want::Sad, Mood::Warm);
    }
    if says(&["shut up", "go away", "get lost"]) && words.len() <= 4 {
        return (Want::Tease, Mood::Fun);
    }
    if any("you you're u ur your")
        && words.len() <= 8
        && (good || bad || any("funny favourite favorite"))
    {
        let denied = is_denied(&joined);
        return if bad || denied {
            (Want::Tease, Mood::Fun)
        } else {
            (Want::Praise, Mood::Warm)
        };
    }
    if says(&[
        "i don't get it",
        "i don't understand",
        "i'm lost",
        "i'm confused",
        "idgi",
    ]) {
        return (Want::Tag, Mood::Puzzled);
    }
    if let Some(want) = of_oneself(words) {
        return (want, Mood::Warm);
    }
    if is(
        "say tell show give sing write explain do make repeat please stop",
        first,
    ) {
        return (Want::Request, Mood::Calm);
    }
    let got = says(&[
        "i got",
        "i got a",
        "got a new",
        "new job",
        "new kitten",
        "new puppy",
        "new baby",
        "new house",
        "i did it",
        "i made it",
    ]) || says(&["i just got"]);
    if says(&["birthday to me", "it's my birthday", "its my birthday"]) {
        return (Want::GoodNews, Mood::Joy);
    }
    if own && !bad && (any(NEWS) || got) {
        return (Want::GoodNews, Mood::Joy);
    }
    match (good, bad) {
        (false, true) if any("my i'm im") => (Want::Sad, Mood::Warm),
        (true, false) => (Want::Good, Mood::Joy),
        (false, true) => (Want::Bad, Mood::Shock),
        _ if words.len() <= 2 => (Want::Cry, Mood::Calm),
        _ if says(&["i think", "i guess", "i bet", "i'd say"]) => (Want::Statement, Mood::Calm),
        // What somebody says of themselves is nothing to agree with.
        _ if own => (Want::Own, Mood::Warm),
        _ => (Want::Statement, Mood::Calm),
    }
}

/// `not funny`
fn is_denied(joined: &str) -> bool {
    [" not ", " isn't ", " aren't ", " never "]
        .iter()
        .any(|denial| joined.contains(denial))
}

/// Somebody's name, or what they like and what they don't.
fn of_oneself(words: &[String]) -> Option<Want> {
    let begins = |beginning: &str| {
        let wanted: Vec<&str> = beginning.split(' ').collect();
        let at = words
            .windows(wanted.len())
            .take(3)
            .position(|window| window == wanted)?;
        words.get(at + wanted.len())
    };
    let named = [
        "my name is",
        "my name's",
        "i am called",
        "i'm called",
        "call me",
    ];
    if named.iter().any(|beginning| begins(beginning).is_some()) {
        return Some(Want::Introduction);
    }
    // `i love this` is about the moment, and `i like how you said that` too.
    let lasting = |beginning: &&str| {
        begins(beginning).is_some_and(|next| {
            ![
                "this", "that", "it", "you", "u", "your", "how", "when", "the", "these", "those",
                "him", "her",
            ]
            .contains(&next.as_str())
        })
    };
    let likes = [
        "i love",
        "i like",
        "i really love",
        "i really like",
        "i enjoy",
        "i adore",
        "i prefer",
    ];
    let hates = [
        "i hate",
        "i don't like",
        "i dislike",
        "i can't stand",
        "i really hate",
        "dont like",
    ];
    if likes.iter().any(lasting) {
        Some(Want::Taste)
    } else if hates.iter().any(lasting) {
        Some(Want::Distaste)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::text::lower_words;

    #[test]
    fn remarks_are_understood() {
        for (text, want) in [
            ("i just got a new kitten!", Want::GoodNews),
            ("my dog died yesterday", Want::Sad),
            ("i had such a rough day", Want::Sad),
            ("my bike broke, so annoying", Want::Sad),
            ("i love this song", Want::Good),
            ("happy birthday to me", Want::GoodNews),
            ("you're not funny", Want::Tease),
            ("i don't get it", Want::Tag),
            ("i really like rainy days", Want::Taste),
            ("call me captain", Want::Introduction),
            ("i work nights in a bakery", Want::Own),
            ("no way", Want::Cry),
            ("he should have used tape", Want::Statement),
            ("", Want::Cry),
        ] {
            assert_eq!(remark(&lower_words(text), "").0, want, "{text}");
        }
    }
}
