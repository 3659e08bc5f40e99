//! What a message wants.
//!
//! Told by a few words and phrases of English, the most telling first. Whatever is not recognised
//! is a statement.

mod question;

use super::{mood::Mood, remark::remark, text::lower_words};
use question::{about_stream, question};

macro_rules! wants {
    ($($want:ident,)*) => {
        /// What a message wants to be answered with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Want { $($want,)* }

        #[cfg(test)]
        impl Want {
            pub(super) const ALL: &[Self] = &[$(Self::$want,)*];
        }
    };
}

wants! {
    Identity, WhoAreYou, HowAreYou, Remember, Greeting, Bye, Thanks, Praise, Tease, Laugh, Sad, Request,
    Or, Like, Opinion, Should, What, Who, Why, How, Number, When, Where, YesNo, Missed, Name, Drink, Eat, Favourite, Guess, Cry, Own,
    GoodNews, Good, Bad, Statement, Newcomer, Introduction, Taste, Distaste, Personal, PersonalYes, Doing, Joke, About,
    Permission, SayHi, Tag, Foreign, Nonsense,
}

/// Whether a sentence says that something is not so.
pub(super) fn denies(sentence: &str) -> bool {
    lower_words(sentence).iter().any(|word| {
        matches!(
            word.as_str(),
            "no" | "not" | "never" | "nothing" | "nobody" | "none"
        ) || word.ends_with("n't")
    })
}

fn wh_word(words: &[String]) -> bool {
    any_of(words, "what what's whats")
}

fn any_of(words: &[String], list: &str) -> bool {
    words.iter().any(|word| one_of(word, list))
}

fn one_of(word: &str, list: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}

/// What a message wants, and its mood. What comes first is what matters most: whoever asks whether
/// this is an AI is told, whatever else they say.
pub(super) fn wants(text: &str, own_name: &str) -> (Want, Mood) {
    let own = lower_words(own_name);
    let words: Vec<String> = lower_words(text)
        .into_iter()
        .filter(|word| !own.contains(word))
        .collect();
    let joined = format!(" {} ", words.join(" "));
    let any = |list: &str| words.iter().any(|word| one_of(word, list));
    let says = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| joined.contains(&format!(" {phrase} ")))
    };
    let asks = text.contains('?');
    let first = words
        .iter()
        .map(String::as_str)
        .find(|word| {
            !one_of(
                word,
                "so and but hey wait ok okay btw well hmm um lol oh now then chat",
            )
        })
        .unwrap_or_default();

    let to_me = any("you u ur your you're ya");
    if to_me
        && any("bot bots ai robot human real chatgpt gpt llm machine npc person")
        && (asks || first == "are")
    {
        return (Want::Identity, Mood::Calm);
    }
    if asks && to_me && says(&["who made", "who created", "who built", "who wrote"]) {
        return (Want::Identity, Mood::Calm);
    }
    if says(&[
        "ignore all",
        "ignore your",
        "ignore previous",
        "system prompt",
        "your instructions",
        "your prompt",
    ]) {
        return (Want::Request, Mood::Calm);
    }
    if says(&["who are you", "your name", "who r u"]) {
        return (Want::WhoAreYou, Mood::Warm);
    }
    if let Some(want) = about_itself(&joined) {
        return (want, Mood::Warm);
    }
    if let Some(want) = unreadable(text, &words) {
        return (want, Mood::Puzzled);
    }
    if says(&[
        "how are you",
        "how r u",
        "how are u",
        "you doing",
        "how's it going",
        "how are things",
        "what's up",
        "how's everyone",
    ]) {
        return (Want::HowAreYou, Mood::Warm);
    }
    let of_me = [
        "do you know my",
        "what's my",
        "what is my",
        "know about me",
        "know who i am",
        "know me",
    ];
    if any("remember") && (asks || says(&["do you remember", "you remember"]))
        || asks && says(&of_me)
    {
        return (Want::Remember, Mood::Warm);
    }
    let greets = one_of(
        first,
        "hi hello hii hiya heya howdy hola hallo bonjour salut ciao olá greetings yo sup",
    ) || says(&["good morning", "good evening", "good afternoon"])
        || words.first().is_some_and(|word| word == "hey");
    if greets && words.len() <= 4 && !asks {
        return (Want::Greeting, Mood::Warm);
    }
    if !asks {
        if any("bye goodbye gn cya")
            || says(&[
                "good night",
                "gotta go",
                "have to go",
                "see you",
                "heading out",
                "going to bed",
            ])
        {
            return (Want::Bye, Mood::Warm);
        }
        if words
            .iter()
            .take(2)
            .any(|word| one_of(word, "thanks thank ty thx tysm cheers"))
        {
            return (Want::Thanks, Mood::Warm);
        }
    }
    if says(&[
        "i miss",
        "i missed",
        "i missing",
        "going on",
        "catch me up",
        "happened so far",
    ]) && (asks || first == "what" || first == "catch")
    {
        return (Want::Missed, Mood::Calm);
    }
    if says(&["say hi", "say hello"]) {
        return (Want::SayHi, Mood::Warm);
    }
    let begins_like_asking = first == "know" || first == "any" || first == "another";
    if any("joke jokes pun puns") && (asks || any("tell give hear") || begins_like_asking)
        || says(&["make me laugh", "tell me something funny"])
    {
        return (Want::Joke, Mood::Fun);
    }
    if says(&[
        "first time",
        "new here",
        "i'm new",
        "im new",
        "just found",
        "just got here",
        "just joined",
        "just tuned in",
    ]) && !(asks && to_me)
    {
        return (Want::Newcomer, Mood::Warm);
    }
    if let Some(want) = about_stream(&words, &joined, first, asks) {
        return (want, Mood::Calm);
    }
    if let Some(want) = question(&words, &joined, first, asks) {
        let mood = match want {
            Want::Like => Mood::Warm,
            Want::Or | Want::Name | Want::Should | Want::YesNo | Want::Drink | Want::Eat => {
                Mood::Calm
            }
            _ => Mood::Puzzled,
        };
        return (want, mood);
    }
    remark(&words, first)
}

/// What is asked of a persona about itself, however it is asked.
fn about_itself(joined: &str) -> Option<Want> {
    let says = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| joined.contains(&format!(" {phrase} ")))
    };
    if says(&[
        "what are you doing",
        "what you doing",
        "what are you up to",
        "what are you all doing",
        "what can you do",
        "do you all do",
        "wyd",
    ]) {
        return Some(Want::Doing);
    }
    (says(&[
        "where are you from",
        "where r u from",
        "are you from",
        "where do you live",
        "how old are you",
        "how old r u",
        "your age",
        "when were you born",
        "your birthday",
        "your job",
        "do you work",
        "do you do",
        "why are you here",
        "how long have you been",
        "about yourself",
    ]) || joined.ends_with(" what are you ")
        || joined.ends_with(" where are you "))
    .then_some(Want::Personal)
}

/// What nobody here can read: another language, or keys that somebody fell on.
fn unreadable(text: &str, words: &[String]) -> Option<Want> {
    const OTHERS: &str = "que está estás qué tal por para los las una muy buenas noches cómo gracias tout monde vous \
        suis c'est merci wie geht ist und nicht ich euch guten abend danke sono il che stai você não obrigado tudo bem \
        jak się är och jag het een niet";
    let letters = text.chars().filter(|c| c.is_alphabetic());
    let (latin, all) = letters.fold((0_usize, 0_usize), |(latin, all), c| {
        (latin + usize::from(c < '\u{250}'), all + 1)
    });
    let foreign = words.iter().filter(|word| one_of(word, OTHERS)).count();
    // A greeting is one in any language.
    let greets = words
        .first()
        .is_some_and(|word| words.len() <= 4 && one_of(word, "hola hallo bonjour salut ciao olá"));
    if latin * 2 < all || foreign >= 2 && foreign * 2 >= words.len() && !greets {
        return Some(Want::Foreign);
    }
    let mashed = |word: &String| {
        let mut letters: Vec<char> = word.chars().collect();
        letters.dedup();
        letters
            .split(|c| "aeiouy".contains(*c) || !c.is_ascii_alphabetic())
            .any(|run| run.len() >= 6)
    };
    (words.len() <= 2 && words.iter().any(mashed)).then_some(Want::Nonsense)
}

#[cfg(test)]
mod tests;
