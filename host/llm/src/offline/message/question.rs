//! What a question wants.

use super::{Want, any_of, one_of, wh_word};

/// Whether a message asks what the stream is about.
pub(super) fn about_stream(
    words: &[String],
    joined: &str,
    first: &str,
    asks: bool,
) -> Option<Want> {
    let says = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| joined.contains(&format!(" {phrase} ")))
    };
    if !(asks || one_of(first, "what what's whats can could")) {
        return None;
    }
    let doing = joined.contains(" doing ")
        && says(&[
            "what is he",
            "what's he",
            "what is she",
            "what's she",
            "what are they",
            "what are we",
            "he's doing",
            "she's doing",
            "they're doing",
            "he is doing",
            "she is doing",
            "they are doing",
        ]);
    // `what is this`, and not `what is this screw for`.
    let ends = |phrase: &str| joined.ends_with(&format!(" {phrase} "));
    let about = says(&[
        "stream about",
        "this about",
        "it about",
        "the topic",
        "are we watching",
        "are you watching",
        "what game",
        "happening here",
    ]);
    (doing
        || about && any_of(words, "what what's whats explain tell")
        || ends("what is this")
        || ends("what's this")
        || ends("whats this"))
    .then_some(Want::About)
}

/// Whether a question only looks for somebody who feels the same.
fn is_tag(words: &[String], joined: &str) -> bool {
    let says = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| joined.contains(&format!(" {phrase} ")))
    };
    let tagged = words.len() > 2
        && words
            .last()
            .is_some_and(|last| one_of(last, "right huh eh innit"));
    tagged
        || says(&[
            "did you see",
            "did you hear",
            "did anyone see",
            "did anybody see",
            "you see that",
            "see that",
            "anyone else",
            "anybody else",
            "is it just me",
            "am i the only",
        ])
}

/// What a question wants; none if it is no question.
pub(super) fn question(words: &[String], joined: &str, first: &str, asks: bool) -> Option<Want> {
    let says = |phrases: &[&str]| {
        phrases
            .iter()
            .any(|phrase| joined.contains(&format!(" {phrase} ")))
    };
    let opinion = [
        "do you think",
        "you think",
        "thoughts",
        "your opinion",
        "how do you feel",
        "what about",
        "how about",
        "the best",
        "what should",
        "which one",
    ];
    let wh = words.iter().map(String::as_str).find(|word| {
        one_of(
            word,
            "what what's whats which who who's whos whose why how how's when where where's",
        )
    });
    let auxiliary = "is are was were am do does did don't doesn't didn't isn't aren't can could will would won't should \
        shall has have had may might am ain't";
    // `wait what`, `how`, `?`: rather a cry than a question.
    if !asks && words.len() <= 2
        || words
            .iter()
            .all(|word| one_of(word, "what huh wait hm eh wut"))
    {
        return None;
    }
    let is_question =
        asks || one_of(
            first,
            "what what's which who who's whose why how when where",
        ) || (one_of(first, auxiliary) && !one_of(first, "do don't am") && words.len() > 2);
    if !is_question {
        return None;
    }
    if says(&[
        "name the",
        "name it",
        "name him",
        "name her",
        "name them",
        "call the",
        "call it",
        "call him",
        "name this",
        "name that",
        "name our",
        "name my",
        "call this",
        "call that",
        "call her",
    ]) && says(&["should", "we", "i", "you"])
    {
        return Some(Want::Name);
    }
    if any_of(words, "you everyone everybody all") {
        if any_of(words, "drinking drink sipping") && wh_word(words) {
            return Some(Want::Drink);
        }
        if any_of(words, "eating snacking") && wh_word(words) {
            return Some(Want::Eat);
        }
    }
    if joined.contains(" or ") && !says(&["or not", "or what", "or something", "or nah"]) {
        return Some(Want::Or);
    }
    if says(&[
        "do you like",
        "you like",
        "do you love",
        "do you enjoy",
        "do you hate",
        "are you a fan",
        "you into",
    ]) && wh != Some("why")
    {
        return Some(Want::Like);
    }
    if any_of(words, "favourite favorite") {
        return Some(Want::Favourite);
    }
    if says(&opinion) {
        return Some(Want::Opinion);
    }
    if first == "should"
        || says(&["should we", "should i", "should they", "do i", "do we"]) && wh.is_none()
    {
        return Some(Want::Should);
    }
    if one_of(first, "can may could") && says(&["can i", "may i", "could i"]) {
        return Some(Want::Permission);
    }
    if is_tag(words, joined) {
        return Some(Want::Tag);
    }
    let senses = says(&["can you see", "can you hear", "can you feel"]);
    if one_of(first, "can could would will")
        && says(&["can you", "could you", "would you", "will you"])
        && !senses
    {
        return Some(Want::Request);
    }
    if senses
        || wh.is_none()
            && says(&[
                "do you", "are you", "have you", "did you", "were you", "you ever", "r u", "do u",
            ])
    {
        return Some(Want::PersonalYes);
    }
    Some(match wh {
        Some("what" | "what's" | "whats") if says(&["what time"]) => Want::When,
        Some("what" | "what's" | "whats" | "which") => Want::What,
        Some("who" | "who's" | "whos" | "whose") => Want::Who,
        Some("why") => Want::Why,
        Some("how" | "how's") if says(&["how come"]) => Want::Why,
        Some("how" | "how's") if says(&["how many", "how much"]) => Want::Number,
        Some("how" | "how's")
            if says(&[
                "how long",
                "how old",
                "how often",
                "how far",
                "how high",
                "how big",
            ]) =>
        {
            Want::Number
        }
        Some("how" | "how's") => Want::How,
        // `when` and `where` inside a sentence are as a rule no questions.
        Some("when") if first == "when" => Want::When,
        Some("where" | "where's") if one_of(first, "where where's") => Want::Where,
        _ if any_of(words, "will going gonna would could should think might") => Want::Guess,
        _ => Want::YesNo,
    })
}
