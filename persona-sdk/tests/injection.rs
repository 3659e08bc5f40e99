//! Strangers' words in a prompt: whatever they try, they stay where data stands. The attempts are a table,
//! `injection/attempts.json`, which the whole program's test reads as well.

#[path = "injection/prompt.rs"]
mod prompt;

use persona_sdk::{
    Prompt,
    testkit::{context, entry, message, profile},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Attempt {
    kind: String,
    /// A word of it, by which it is found again.
    mark: String,
    /// Several are said one after the other.
    texts: Vec<String>,
}

fn attempts() -> Vec<Attempt> {
    serde_json::from_str(include_str!("injection/attempts.json")).expect("a table of attempts")
}

#[test]
fn no_attempt_leaves_its_place() {
    for Attempt { kind, mark, texts } in attempts() {
        let nova = profile("nova");
        let mut stream = context();
        for text in &texts {
            stream = stream.said(text).keyword(text).event("e", text, text);
        }
        let mut stream = stream.build();
        let scene = serde_json::json!({"scene": {"caption": texts.concat(), "on_screen_text": texts.concat()}});
        stream.extensions = Some(scene.to_string());
        let said: Vec<_> = texts
            .iter()
            .flat_map(|text| [message("Ana", text), message(text, "hi")])
            .collect();
        let memories: Vec<_> = texts.iter().map(|text| entry(text)).collect();
        let request = Prompt::new(&nova)
            .stream(&stream)
            .events(&stream.events)
            .chat(&nova, &said)
            .memories(&memories)
            .earlier_lines(texts.iter().map(String::as_str))
            .section("Of one's own", texts.iter().map(String::as_str))
            .answer(&said[said.len() - 2])
            .task("Go.")
            .request(10, 1.0);
        let [system, user] = &request.messages[..] else {
            panic!("{kind}: {} messages", request.messages.len());
        };
        assert!(!system.content.contains(&mark), "{kind} {mark}");
        let places = prompt::read(&user.content)
            .unwrap_or_else(|wrong| panic!("{kind} {mark}: {wrong}\n{}", user.content));
        assert_eq!(places.task, "Go.", "{kind} {mark}");
        assert_eq!(
            places.data.keys().collect::<Vec<_>>(),
            [
                "Answer this",
                "Chat",
                "Keywords",
                "Of one's own",
                "On the screen",
                "Stream now",
                "What just happened",
                "What you remember",
                "Your earlier lines",
            ],
            "{kind} {mark}"
        );
        let unseen = user
            .content
            .chars()
            .find(|c| *c != '\n' && !prompt::is_seen(*c));
        assert_eq!(unseen, None, "{kind} {mark}");
        // A name is no longer than a name.
        for line in &places.data["Chat"] {
            let (name, _) = line.split_once(": ").unwrap();
            assert!(name.chars().count() <= 40, "{kind} {mark}: {line}");
            assert!(!name.contains(['[', '<', '#']), "{kind} {mark}: {line}");
        }
    }
}

#[test]
fn each_attempt_is_found_by_its_mark() {
    let attempts = attempts();
    for (n, attempt) in attempts.iter().enumerate() {
        let whole = attempt.texts.concat();
        assert_eq!(attempt.mark, format!("kq{n:02}"));
        assert_eq!(whole.matches(&attempt.mark).count(), 1, "{whole:?}");
    }
}
