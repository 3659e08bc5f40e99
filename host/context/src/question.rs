//! Questions, and whether they are put to the chat.
//!
//! A sentence asks if it ends with a question mark, or, in a text without punctuation, also if it holds
//! an interrogative form ([`ASKING`](lexicon::ASKING)). It is put to the chat
//!
//! 1. if it calls the audience (`chat`, `anyone`, `you guys`, ...): 0.95;
//! 2. if a sentence beside it does, said at most 6 s before or 4 s after it, and that one is a mere
//!    call or request and no question itself (`Chat, help me. Red or blue?`): 0.85;
//! 3. if it says `you`: 0.75, or 0.55 in a text without punctuation;
//! 4. if it leaves a decision to whoever hears it (`should we go left?`): 0.65.
//!
//! A request to the chat is a question too, without a question mark (`Tell me in chat which jar you
//! would take.`): 0.7. A phrase that only sounds like a question (`you know?`) is none.

use crate::{
    lexicon,
    sentence::{Manner, Sentence},
    text, writing,
};

/// What kind of question a sentence is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Question {
    /// To the chat, as sure as this; and it may be told so late, in milliseconds of the file.
    ToChat { confidence: f64, due_ms: u64 },
    /// To somebody else, or to oneself.
    Other,
}

/// A call to the chat counts for a question that begins so many milliseconds after it ...
const CALL_BEFORE_MS: u64 = 6000;
/// ... and for one that ended so many milliseconds before it.
pub(crate) const CALL_AFTER_MS: u64 = 4000;

/// What a sentence asks, between its neighbours.
pub(crate) fn question(
    sentence: &Sentence,
    before: Option<&Sentence>,
    after: Option<&Sentence>,
    manner: Manner,
) -> Option<Question> {
    let lower = lower(&sentence.text);
    let calls = lexicon::CHAT.is_in(&lower);
    let to_chat = |confidence, due_ms| Some(Question::ToChat { confidence, due_ms });
    if !asks(sentence, &lower, manner) {
        let requests =
            calls && lower.len() >= 4 && lexicon::REQUEST.find(&lower).is_some_and(|at| at <= 4);
        return if requests {
            to_chat(0.7, sentence.due_ms)
        } else {
            None
        };
    }
    if is_rhetorical(&lower) || is_mere_call(&lower) {
        return None;
    }
    if calls {
        return to_chat(0.95, sentence.due_ms);
    }
    let near_before =
        before.filter(|before| sentence.start_ms.saturating_sub(before.end_ms) <= CALL_BEFORE_MS);
    if near_before.is_some_and(|before| is_call(before, manner)) {
        return to_chat(0.85, sentence.due_ms);
    }
    let near_after =
        after.filter(|after| after.end_ms.saturating_sub(sentence.end_ms) <= CALL_AFTER_MS);
    if let Some(after) = near_after.filter(|after| is_call(after, manner)) {
        return to_chat(0.85, sentence.due_ms.max(after.due_ms));
    }
    if lexicon::YOU.is_in(&lower) {
        return to_chat(
            if manner.unpunctuated { 0.55 } else { 0.75 },
            sentence.due_ms,
        );
    }
    if lexicon::DECIDE.is_in(&lower) {
        return to_chat(0.65, sentence.due_ms);
    }
    Some(Question::Other)
}

fn lower(text: &str) -> Vec<String> {
    text::words(&text::spoken(text))
        .into_iter()
        .map(|word| word.lower)
        .collect()
}

fn asks(sentence: &Sentence, lower: &[String], manner: Manner) -> bool {
    if lower.is_empty() {
        return false;
    }
    let has_form = || {
        lexicon::ASKING.at(without_openers(lower)).is_some()
            || lexicon::ASKING_ANYWHERE.is_in(lower)
    };
    writing::is_question(&sentence.text) || manner.unpunctuated && has_form()
}

/// From the first word on that may belong to a question.
fn without_openers(lower: &[String]) -> &[String] {
    let openers = lower.iter().take_while(|word| is_opener(word)).count();
    &lower[openers..]
}

fn is_opener(word: &String) -> bool {
    lexicon::OPENERS.at(std::slice::from_ref(word)).is_some()
}

/// `You know?`, `Right?`, `Are you kidding me?`, with or without a word before it.
fn is_rhetorical(lower: &[String]) -> bool {
    lexicon::RHETORICAL.is(lower) || lexicon::RHETORICAL.is(without_openers(lower))
}

/// `Chat?`, `Hey chat?`: no question, but a call for the one beside it.
fn is_mere_call(lower: &[String]) -> bool {
    lower.len() <= 3
        && lower.iter().all(|word| {
            is_opener(word)
                || lexicon::CHAT.at(std::slice::from_ref(word)).is_some()
                || word == "help"
        })
}

/// Whether a sentence calls the chat without asking it anything.
fn is_call(sentence: &Sentence, manner: Manner) -> bool {
    let lower = lower(&sentence.text);
    let calls = lower.len() <= 8 && lexicon::CHAT.is_in(&lower);
    let requests = lower.len() <= 6 && lexicon::LET_ME_KNOW.at(&lower).is_some();
    (calls && (is_mere_call(&lower) || !asks(sentence, &lower, manner))) || requests
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: Manner = Manner {
        unpunctuated: false,
        capitals: false,
    };
    const BARE: Manner = Manner {
        unpunctuated: true,
        capitals: false,
    };

    fn sentence(start_ms: u64, text: &str) -> Sentence {
        Sentence {
            text: text.into(),
            start_ms,
            end_ms: start_ms + 1000,
            due_ms: start_ms + 1000,
        }
    }

    fn kind(text: &str, manner: Manner) -> &'static str {
        match question(&sentence(0, text), None, None, manner) {
            Some(Question::ToChat { .. }) => "chat",
            Some(Question::Other) => "other",
            None => "none",
        }
    }

    #[test]
    fn questions_to_the_chat_are_told_from_others() {
        let cases = [
            ("Chat, what should we call her?", "chat"),
            ("What do you guys think?", "chat"),
            ("Has anyone here ever soldered a jack?", "chat"),
            ("What would you do?", "chat"),
            ("Should I go left or right?", "chat"),
            ("Any ideas?", "chat"),
            ("Tell me in the chat which one you want.", "chat"),
            ("So which jar would you pick, \"red or blue?\"", "chat"),
            ("Where did the lantern go?", "other"),
            ("Is that a crab?", "other"),
            ("You know?", "none"),
            ("Are you kidding me?", "none"),
            ("Right?", "none"),
            ("Chat?", "none"),
            ("What a day.", "none"),
            ("When I was young, we had no lanterns.", "none"),
            ("You can see the hull from here.", "none"),
            ("I told chat that it would sink.", "none"),
            ("[music?]", "none"),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text, WRITTEN), expected, "{text}");
        }
    }

    #[test]
    fn without_punctuation_the_form_decides() {
        let cases = [
            ("okay so what do you think about the sail", "chat"),
            ("does anyone know where the rope is", "chat"),
            ("i was like where is it", "none"),
            ("and that is what you do with a rope", "none"),
            ("where is the rope", "other"),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text, BARE), expected, "{text}");
        }
    }

    #[test]
    fn questions_of_other_languages_have_their_mark() {
        let cases = [
            ("我们去公园吧？", "other"),
            ("我们去公园。", "none"),
            ("今日は何を直しますか？", "other"),
            ("ตั้งชื่อเรือว่าอะไรดี?", "other"),
            ("이 배 이름을 뭐라고 할까요?", "other"),
            ("ماذا نسمي هذه السفينة؟", "other"),
            ("ماذا نسمي هذه السفينة.", "none"),
            ("इस नाव का नाम क्या रखें?", "other"),
            ("Πώς να τη λένε τη βάρκα;", "other"),
            ("Wie soll sie denn heißen?", "other"),
            ("Red, or perhaps the blue one;", "none"),
        ];
        for (text, expected) in cases {
            assert_eq!(kind(text, WRITTEN), expected, "{text}");
            assert_eq!(kind(text, BARE), expected, "{text}");
        }
    }

    #[test]
    fn a_call_beside_a_question_counts() {
        let asked = sentence(10_000, "Red or blue?");
        let cases = [
            (Some(sentence(8000, "Chat, help me out.")), None, true),
            (Some(sentence(1000, "Chat, help me out.")), None, false),
            (None, Some(sentence(11_000, "Chat?")), true),
            (None, Some(sentence(11_500, "Let me know!")), true),
            (None, Some(sentence(19_000, "Chat?")), false),
            (Some(sentence(8000, "Chat, did you see it?")), None, false),
            (
                Some(sentence(8000, "It is a jar.")),
                Some(sentence(11_000, "Or both.")),
                false,
            ),
        ];
        for (before, after, expected) in cases {
            let found = question(&asked, before.as_ref(), after.as_ref(), WRITTEN);
            assert_eq!(
                matches!(found, Some(Question::ToChat { .. })),
                expected,
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn a_question_waits_for_the_call_that_makes_it_one() {
        let after = sentence(11_500, "Let me know!");
        let found = question(
            &sentence(10_000, "Red or blue?"),
            None,
            Some(&after),
            WRITTEN,
        );
        assert_eq!(
            found,
            Some(Question::ToChat {
                confidence: 0.85,
                due_ms: 12_500
            })
        );
    }
}
