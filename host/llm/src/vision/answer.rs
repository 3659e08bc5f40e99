//! What a vision model's answer says of a picture: most are the JSON that was asked for, some are prose.

use super::{SYSTEM, Screen, Seen};
use serde_json::Value;

/// The longest caption, and the longest on-screen text, in characters.
const MAX_CHARS: usize = 300;

/// What is shorter may be said in the same words by chance.
const MIN_PARROTED: usize = 12;

/// What a caption says of a screen that says it itself; the first kind counts. Words that games are full of (to
/// defeat somebody, a score in a corner) are none.
const PHRASES: [(&[&str], Screen); 3] = [
    (
        &[
            "you win",
            "you won",
            "you are victorious",
            "victory screen",
            "victory message",
            "victory royale",
            "says victory",
            "reads victory",
            "word victory",
            "winner is",
            "won the game",
            "won the match",
            "won the race",
            "level complete",
            "level completed",
            "mission complete",
            "mission accomplished",
        ],
        Screen::Win,
    ),
    (
        &[
            "you lose",
            "you lost",
            "you died",
            "you are dead",
            "game over",
            "defeat screen",
            "defeat message",
            "says defeat",
            "reads defeat",
            "word defeat",
            "lost the game",
            "lost the match",
            "lost the race",
            "mission failed",
        ],
        Screen::Lose,
    ),
    (
        &[
            "scoreboard",
            "score board",
            "leaderboard",
            "leader board",
            "final score",
            "final scores",
            "final results",
            "results screen",
            "score screen",
        ],
        Screen::Score,
    ),
];

/// What makes a phrase say the opposite, or nothing.
const DENIALS: [&str; 11] = [
    "no", "not", "cannot", "neither", "nor", "without", "never", "if", "whether", "before", "until",
];

/// So many words before it.
const NEAR: usize = 4;

/// What a model says of a picture: the JSON that it was asked for, whatever stands around it and as far as it got
/// with it; or else a caption alone.
pub(super) fn read(content: &str) -> Option<Seen> {
    // Some think aloud before they answer.
    let content = content.rsplit("</think>").next().unwrap_or_default();
    let Some(begin) = content.find('{') else {
        return prose(content);
    };
    // Small models break lines within a text, which JSON does not allow.
    let json: String = content[begin..]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let json = first(&json).unwrap_or_else(|| members(&json));
    let text = |name: &str| match &json[name] {
        Value::String(text) => line(text),
        Value::Array(texts) => {
            let texts: Vec<&str> = texts.iter().filter_map(Value::as_str).collect();
            line(&texts.join(" "))
        }
        _ => String::new(),
    };
    let on_screen_text = text("on_screen_text");
    let caption = [text("caption"), on_screen_text.clone()];
    let is_said = |text: &String| !text.is_empty() && !is_parroted(text);
    let caption = caption.into_iter().find(is_said)?;
    let said = text("screen").to_lowercase();
    let screen = match said.as_str() {
        "win" | "won" | "victory" => Screen::Win,
        "lose" | "lost" | "loss" | "defeat" => Screen::Lose,
        "score" | "scores" | "scoreboard" | "leaderboard" | "results" => Screen::Score,
        "" => guess(&format!("{caption} {on_screen_text}")),
        _ => Screen::Other,
    };
    Some(Seen {
        caption,
        on_screen_text,
        screen,
        is_guessed: said.is_empty(),
    })
}

/// The first value that a text begins with, whatever follows.
fn first(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .next()?
        .ok()
}

/// As much as is whole of an object that was cut off or is broken: who repeats a word for ever has often
/// said what it sees before.
fn members(json: &str) -> Value {
    let members = ["caption", "on_screen_text", "screen"].map(|name| {
        let after = json
            .split_once(&format!("\"{name}\""))
            .map(|(_, after)| after);
        let value = after.and_then(|after| after.trim_start().strip_prefix(':'));
        (name.to_owned(), value.and_then(first).unwrap_or_default())
    });
    Value::Object(members.into_iter().collect())
}

/// A caption of a model that knows no JSON; it may have been told to use fences.
fn prose(content: &str) -> Option<Seen> {
    let lines = content.lines().map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("```")).collect();
    let caption = line(&lines.join(" "));
    let is_said = caption.contains(char::is_alphanumeric) && !is_parroted(&caption);
    is_said.then(|| Seen {
        screen: guess(&caption),
        is_guessed: true,
        on_screen_text: String::new(),
        caption,
    })
}

/// What kind of picture it is, by phrases that say nothing else.
fn guess(caption: &str) -> Screen {
    // As people write an apostrophe, and as typesetters do.
    let caption = caption.to_lowercase().replace('\u{2019}', "'");
    let caption = caption.replace("n't", " not");
    let words = caption.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let holds = |phrase: &&str| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        let mut places = words.windows(phrase.len()).enumerate();
        places.any(|(place, here)| here == phrase && !is_denied(&words[..place]))
    };
    let kind = |(phrases, _): &&(&[&str], Screen)| phrases.iter().any(holds);
    PHRASES
        .iter()
        .find(kind)
        .map_or(Screen::Other, |(_, screen)| *screen)
}

/// Whether the words before a phrase say that it is not so, or only thought of.
fn is_denied(before: &[&str]) -> bool {
    let nearest = &before[before.len().saturating_sub(NEAR)..];
    nearest.iter().any(|word| DENIALS.contains(word))
}

/// Whether it only says again what it was asked for.
fn is_parroted(text: &str) -> bool {
    text.chars().count() >= MIN_PARROTED && SYSTEM.contains(text.trim_end_matches('.'))
}

/// On one line, without what can't be shown, and not too long.
fn line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let line = words.join(" ");
    if line.chars().count() <= MAX_CHARS {
        return line;
    }
    let cut: String = line.chars().take(MAX_CHARS - 1).collect();
    format!("{}\u{2026}", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_read_whatever_stands_around_it() {
        let long = format!("{{\"caption\":\"{}\"}}", "x".repeat(500));
        let seen =
            |caption: &str, text: &str, screen| Some((caption.to_owned(), text.to_owned(), screen));
        let cases = [
            (
                r#"{"caption":"A boat.","on_screen_text":"3 : 2","screen":"gameplay"}"#,
                seen("A boat.", "3 : 2", Screen::Other),
            ),
            (
                "Sure!\n```json\n{\"caption\": \"A cup\nis raised.\", \"screen\": \"WIN\"}\n```",
                seen("A cup is raised.", "", Screen::Win),
            ),
            (
                r#"{"caption":"","on_screen_text":["GAME","OVER"],"screen":"lose"}"#,
                seen("GAME OVER", "GAME OVER", Screen::Lose),
            ),
            // Something in braces behind it, and another one.
            (
                "{\"caption\":\"A boat.\"}\nHope that helps :}",
                seen("A boat.", "", Screen::Other),
            ),
            (
                r#"[{"caption":"A boat."},{"caption":"A gull."}]"#,
                seen("A boat.", "", Screen::Other),
            ),
            (
                "<think>The user wants {\"caption\"}.</think>{\"caption\":\"A boat.\"}",
                seen("A boat.", "", Screen::Other),
            ),
            // Prose.
            (
                "A harbour at night.",
                seen("A harbour at night.", "", Screen::Other),
            ),
            (
                "```\nThe image shows\na harbour.\n```",
                seen("The image shows a harbour.", "", Screen::Other),
            ),
            // Cut off, or broken.
            (
                r#"{"caption":"A harbour.","screen":"win","on_screen_text":"GO GO GO GO GO"#,
                seen("A harbour.", "", Screen::Win),
            ),
            (
                r#"{"caption":"A harbour.", on_screen_text: 'GO', "screen": "lose"}"#,
                seen("A harbour.", "", Screen::Lose),
            ),
            (r#"{"caption":"A harb"#, None),
            ("{'caption': 'A boat.'}", None),
            // Nothing.
            (r#"{"caption":7,"screen":null}"#, None),
            ("{}", None),
            ("  ", None),
            ("```\n```", None),
            ("...", None),
            // What it was asked for.
            (
                r#"{"caption":"what the frame shows, one short sentence","screen":"other"}"#,
                None,
            ),
            (
                "You describe single frames of a live stream for a program.",
                None,
            ),
            (
                &long,
                seen(&format!("{}\u{2026}", "x".repeat(299)), "", Screen::Other),
            ),
        ];
        for (content, expected) in cases {
            let seen = read(content).map(|it| (it.caption, it.on_screen_text, it.screen));
            assert_eq!(seen, expected, "{content}");
        }
    }

    #[test]
    fn what_a_caption_says_of_a_screen_is_taken_where_nothing_else_does() {
        let cases = [
            (
                "The screen reads \"VICTORY!\" in gold letters.",
                Screen::Win,
            ),
            ("A cup, and above it the words YOU WIN.", Screen::Win),
            ("Text on a red background: \"Game Over\".", Screen::Lose),
            (
                "A knight lies there; the screen says: you died",
                Screen::Lose,
            ),
            ("A scoreboard with eight players.", Screen::Score),
            ("The final score is 3 to 2.", Screen::Score),
            // What happens in games, what is not, what may be.
            ("A knight fights to defeat a dragon.", Screen::Other),
            ("The score in the corner is 3 : 2.", Screen::Other),
            ("There is no scoreboard in the picture.", Screen::Other),
            ("The image doesn't show a victory screen.", Screen::Other),
            (
                "The image doesn\u{2019}t show a victory screen.",
                Screen::Other,
            ),
            ("The knight HASN'T won the game yet.", Screen::Other),
            ("It can't be said that you lost.", Screen::Other),
            (
                "It is unclear whether the team won the game.",
                Screen::Other,
            ),
            ("Neither a scoreboard nor a menu is shown.", Screen::Other),
            // What only ends as a denial does.
            ("The tournament went to BEN: you win!", Screen::Win),
            ("In front of a giant scoreboard.", Screen::Score),
            (
                "A menu asks whether to go on until game over.",
                Screen::Other,
            ),
            ("A harbour at night.", Screen::Other),
        ];
        for (caption, expected) in cases {
            let prose = read(caption).unwrap();
            assert_eq!(
                (prose.screen, prose.is_guessed),
                (expected, true),
                "{caption}"
            );
            // What the model says counts, even if it is nothing of that.
            let json = json!({ "caption": caption, "screen": "gameplay" }).to_string();
            let said = read(&json).unwrap();
            assert_eq!(
                (said.screen, said.is_guessed),
                (Screen::Other, false),
                "{caption}"
            );
        }
        let board =
            read(r#"{"caption":"A table.","on_screen_text":"ANA 3 BEN 2","screen":"scoreboard"}"#);
        let board = board.unwrap();
        assert_eq!((board.screen, board.is_guessed), (Screen::Score, false));
    }
}
