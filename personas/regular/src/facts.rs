//! What people tell about themselves.

use persona_sdk::{memory::Kind, words};

/// Something that somebody told about themselves, to be read after their name: `loves pineapple`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub kind: Kind,
    pub text: String,
}

/// The longest thing that is told, in words.
const MAX_WORDS: usize = 8;

/// How such a sentence begins, what it means and what kind of memory that is. Longer beginnings
/// stand before those that they begin with.
const OPENINGS: &[(&[&str], &str, Kind)] = &[
    (&["i", "really", "like"], "likes", Kind::Preference),
    (&["i", "really", "love"], "loves", Kind::Preference),
    (&["i", "really", "hate"], "hates", Kind::Preference),
    (&["i", "don't", "like"], "doesn't like", Kind::Preference),
    (&["i", "dont", "like"], "doesn't like", Kind::Preference),
    (&["i", "can't", "stand"], "can't stand", Kind::Preference),
    (&["i", "cant", "stand"], "can't stand", Kind::Preference),
    (&["i", "like"], "likes", Kind::Preference),
    (&["i", "love"], "loves", Kind::Preference),
    (&["i", "hate"], "hates", Kind::Preference),
    (&["i", "prefer"], "prefers", Kind::Preference),
    (&["my", "favourite"], "'s favourite", Kind::Preference),
    (&["my", "favorite"], "'s favourite", Kind::Preference),
    (&["my", "name", "is"], "is called", Kind::Relationship),
    (&["my", "name's"], "is called", Kind::Relationship),
    (&["call", "me"], "wants to be called", Kind::Relationship),
    (&["i'm", "from"], "is from", Kind::Relationship),
    (&["im", "from"], "is from", Kind::Relationship),
    (&["i", "am", "from"], "is from", Kind::Relationship),
    (&["i", "live", "in"], "lives in", Kind::Relationship),
    (&["i", "work", "as"], "works as", Kind::Relationship),
    (&["i", "play"], "plays", Kind::Relationship),
];

/// Words after which a new thought begins.
const ENDS: &[&str] = &[
    "but", "and", "because", "cause", "cuz", "so", "though", "since", "when", "if", "lol", "lmao",
    "haha", "btw", "tbh",
];

/// Objects that mean something only at the moment.
const FLEETING: &[&str] = &[
    "it", "that", "this", "these", "those", "you", "u", "your", "how", "what", "when", "where",
    "him", "her", "them", "the way",
];

/// What a line tells about its author. Questions and suppositions tell nothing.
pub(crate) fn told(text: &str) -> Vec<Fact> {
    // A comma ends a thought as well as a full stop does.
    text.split_inclusive(['.', '!', '?', ',', ';', '\n'])
        .filter(|sentence| !sentence.ends_with('?'))
        .filter_map(sentence)
        .collect()
}

fn sentence(sentence: &str) -> Option<Fact> {
    let words: Vec<String> = words::all(sentence).collect();
    let (start, (opening, meaning, kind)) = (0..words.len()).find_map(|start| {
        let rest = &words[start..];
        let opening = OPENINGS.iter().find(|(opening, ..)| {
            rest.len() > opening.len() && rest.iter().zip(*opening).all(|(a, b)| a == b)
        })?;
        Some((start, opening))
    })?;
    if words[..start].iter().any(|word| {
        matches!(
            word.as_str(),
            "if" | "do" | "does" | "did" | "why" | "what" | "unless" | "would" | "think"
        )
    }) {
        return None;
    }
    let object: Vec<&str> = words[start + opening.len()..]
        .iter()
        .map(String::as_str)
        .take_while(|word| !ENDS.contains(word))
        .take(MAX_WORDS)
        .collect();
    let telling = object.iter().any(|word| !words::is_stop_word(word));
    if !telling || object.first().is_some_and(|first| FLEETING.contains(first)) {
        return None;
    }
    // `my favourite colour` alone says nothing yet.
    if *meaning == "'s favourite" && !object.contains(&"is") && !object.contains(&"are") {
        return None;
    }
    Some(Fact {
        kind: *kind,
        text: format!("{meaning} {}", object.join(" ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hears_what_people_tell_about_themselves() {
        let cases: [(&str, &[&str]); 20] = [
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
            ("My name is Ana!", &["is called ana"]),
            ("im from Lisbon", &["is from lisbon"]),
            (
                "I'm from the north of Spain",
                &["is from the north of spain"],
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
            ("call me Captain", &["wants to be called captain"]),
            ("i play bass because why not", &["plays bass"]),
            ("", &[]),
        ];
        for (text, wanted) in cases {
            let got: Vec<_> = told(text).into_iter().map(|fact| fact.text).collect();
            assert_eq!(got, wanted, "{text}");
        }
    }

    #[test]
    fn what_is_liked_is_a_preference_and_who_one_is_is_not() {
        assert_eq!(told("i love tea")[0].kind, Kind::Preference);
        assert_eq!(told("i'm from Oslo")[0].kind, Kind::Relationship);
    }

    #[test]
    fn a_long_object_is_cut() {
        let text = format!("i love {}", "pizza ".repeat(30));
        assert_eq!(told(&text)[0].text.split(' ').count(), 1 + MAX_WORDS);
    }
}
