//! What lines of personas never hold, whatever the room's policy is.
//!
//! A language model now and then gives back what it was told, the marks of its own format, or a line as
//! somebody else. Of these only marks around words can be taken away and leave what was meant.
//!
//! | rule | objects to | what becomes of it |
//! | --- | --- | --- |
//! | `prompt_text` | seven words in a row, or a short sentence, of what models are told (`persona/told.txt`), the marks around data (`<<<`), the title of a section, or some of them as a label in front (`Task:`) | dropped |
//! | `model_markup` | tags, tokens of chat templates, thoughts, fences, bold, headings, the role in front (`assistant:`), placeholders (`[narrative]`, `[your name]`) | taken away if they stand around words; tokens between words, thoughts without an end, another's role and objects of JSON are dropped |
//! | `speaker_name` | a persona's name and a colon in front, or at the beginning of a later sentence | the persona's own is taken away; another persona's is dropped |

use crate::Verdict;
use aho_corasick::AhoCorasick;
use chatter_protocol::moderation::Action;
use regex::{Captures, Regex};
use std::{borrow::Cow, ops::Range, sync::LazyLock};

/// What the SDKs and the modules that ship tell a model, a sentence a line. Those behind a `=` are made of
/// everyday words and are known only as a whole, those behind a `^` only at a line's beginning; shorter ones that
/// anybody says are left out.
const TOLD: &str = include_str!("persona/told.txt");

/// So many words in a row are no coincidence. Shorter sentences are known as a whole.
const SHINGLE: usize = 7;

/// The titles of a prompt's sections.
const TITLES: [&str; 10] = [
    "task",
    "chat",
    "stream now",
    "keywords",
    "what just happened",
    "question to chat",
    "what you remember",
    "your earlier lines",
    "answer this",
    "stream",
];

/// Those of them that are known at a line's beginning by a colon behind them, too. With the others people begin
/// lines (`chat: ...`, `answer this: ...`).
const LABELS: [&str; 5] = [
    "task",
    "stream now",
    "what just happened",
    "what you remember",
    "your earlier lines",
];

/// Elements that models write, of HTML and of their own. Others count with an attribute or with an end:
/// `<half` is less than half.
const ELEMENTS: [&str; 52] = [
    "a",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "center",
    "code",
    "del",
    "div",
    "em",
    "font",
    "h1",
    "h2",
    "h3",
    "head",
    "hr",
    "html",
    "i",
    "img",
    "ins",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "script",
    "small",
    "span",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "td",
    "tr",
    "u",
    "ul",
    "answer",
    "assistant",
    "chat",
    "final",
    "message",
    "output",
    "reply",
    "response",
    "result",
    "system",
    "text",
    "thought",
    "user",
];

/// Judges lines of a room's personas. Made once for each roster.
#[derive(Debug)]
pub struct PersonaLines {
    speakers: Option<Speakers>,
}

#[derive(Debug)]
struct Speakers {
    /// A name and a colon at a line's beginning, or at a sentence's, if [`is_speech`] holds of what follows; or as chat logs have it, anywhere,
    /// `<Pip> gg`, and as prompts have it, `Pip [ai]: gg`. `Nova > everyone` speaks of Nova.
    named: Regex,
}

impl PersonaLines {
    /// For personas with these display names.
    #[must_use]
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<_> = names
            .into_iter()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(regex::escape)
            .collect();
        // Of `Old Bea` and `Old` the longer one is meant.
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        let named = (!names.is_empty()).then(|| {
            let names = names.join("|");
            Regex::new(&format!(
                r#"(?i)(?:^|[.!?…|]\s+|[。！？]\s*)[*_<\[("\s]*({names})[*_>\])"]*(?:\s?\[ai\])?[*_]*\s*[:：][*_]*|(?:^|\s)\s*<({names})>|({names})\s?\[ai\]\s*[:：]"#
            ))
        });
        Self {
            // It is refused if it is larger than the engine takes; a roster has few names.
            speakers: named.and_then(Result::ok).map(|named| Speakers { named }),
        }
    }

    /// Judges a line of the persona called `own`.
    #[must_use]
    pub fn judge(&self, text: &str, own: &str) -> Verdict {
        if is_told(text) {
            let reason = "repeats what the persona was told";
            return Verdict::drop("prompt_text", reason);
        }
        // Before tags go, which may be around the name, and after.
        let Some(own_words) = self.without_speaker(text.trim(), own) else {
            return Verdict::drop("speaker_name", "speaks as another persona");
        };
        let Some(bare) = without_markup(own_words) else {
            let reason = "holds the markup of a language model";
            return Verdict::drop("model_markup", reason);
        };
        let Some(line) = self.without_speaker(&bare, own) else {
            return Verdict::drop("speaker_name", "speaks as another persona");
        };
        let line = line.trim();
        if line == text.trim() {
            return Verdict::allow();
        }
        if line.chars().all(crate::invisible::is_blank) {
            let reason = "holds nothing but the markup of a language model";
            return Verdict::drop("model_markup", reason);
        }
        let (rule, reason) = if *bare == *own_words.trim() {
            ("speaker_name", "has its own name in front")
        } else {
            ("model_markup", "holds the markup of a language model")
        };
        Verdict {
            action: Action::Redact,
            text: Some(line.to_owned()),
            ..Verdict::drop(rule, reason)
        }
    }

    /// The line without its own speaker's name; none if it names another persona as speaker.
    fn without_speaker<'a>(&self, text: &'a str, own: &str) -> Option<&'a str> {
        let Some(speakers) = &self.speakers else {
            return Some(text);
        };
        let mut line = text;
        while let Some((whole, name)) = speakers.first_in(line) {
            if whole.start > 0 || !is_same(name, own) {
                return None;
            }
            line = line[whole.end..].trim_start_matches(is_before_speech);
        }
        Some(line)
    }
}

impl Speakers {
    /// Where a line first says who speaks, and whom it names.
    fn first_in<'a>(&self, line: &'a str) -> Option<(Range<usize>, &'a str)> {
        self.named.captures_iter(line).find_map(|found| {
            let whole = found.get(0)?;
            let in_front = found.get(1);
            if in_front.is_some() && !is_speech(&line[whole.end()..]) {
                return None;
            }
            let name = in_front.or(found.get(2)).or(found.get(3))?;
            Some((whole.range(), name.as_str()))
        })
    }
}

/// What may stand between a speaker's name and what is said.
fn is_before_speech(c: char) -> bool {
    c.is_whitespace() || matches!(c, '*' | '_' | '"' | '“')
}

/// Whether what follows a name and a colon is said by who has the name, and the colon begins neither an emote nor a
/// face: `Pip:i hate this`, and not `Pip:lol: go`, `Pip :D`, or a score such as `Pip:2`.
fn is_speech(rest: &str) -> bool {
    const MOUTHS: &str = "bcdlopqsvxBCDLOPQSVX";
    let Some(first) = rest.chars().next() else {
        return true;
    };
    if is_before_speech(first) {
        let mouth = rest.trim();
        return mouth.is_empty() || !mouth.chars().all(|c| matches!(c, ')' | '(' | '）' | '（'));
    }
    if matches!(first, '@' | '(' | '[') {
        return rest[1..].starts_with(char::is_alphanumeric);
    }
    if !first.is_alphabetic() {
        return !first.is_ascii()
            && !matches!(first, '´' | '‘' | '’' | '‑' | '–' | '—' | '）' | '（');
    }
    let word = rest
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next();
    let word = word.unwrap_or_default();
    let is_emote = rest[word.len()..].starts_with(':');
    let is_face = MOUTHS.contains(first) && word.chars().all(|c| c == first);
    !is_emote && !is_face
}

fn is_same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// Whether a line is a part of a prompt.
fn is_told(text: &str) -> bool {
    static BEGINNINGS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let told = TOLD.lines().filter(|sentence| sentence.starts_with('^'));
        told.map(|sentence| format!(" {} ", words(sentence).collect::<Vec<_>>().join(" ")))
            .collect()
    });
    static SHINGLES: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let told = TOLD.lines().filter(|sentence| !sentence.starts_with('^'));
        let shingles = told.flat_map(|sentence| {
            let words: Vec<_> = words(sentence).collect();
            let length = if sentence.starts_with('=') {
                words.len()
            } else {
                words.len().min(SHINGLE)
            };
            words
                .windows(length.max(1))
                .map(|some| format!(" {} ", some.join(" ")))
                .collect::<Vec<_>>()
        });
        AhoCorasick::new(shingles).expect("a page of text is within the search's bounds")
    });
    if text.contains("<<<") {
        return true;
    }
    let heading = text.trim_start();
    let title = heading.trim_start_matches('#');
    if title.len() + 2 <= heading.len() {
        let title: Vec<_> = words(title).collect();
        let title = title.join(" ");
        if TITLES.iter().any(|known| {
            title
                .strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        }) {
            return true;
        }
    }
    if let Some((label, _)) = text.split_once(':') {
        let label = words(label).collect::<Vec<_>>().join(" ");
        if LABELS.contains(&&*label) {
            return true;
        }
    }
    let mut said = String::with_capacity(text.len() + 2);
    said.push(' ');
    for word in words(text) {
        said.push_str(&word);
        said.push(' ');
    }
    SHINGLES.is_match(&said) || BEGINNINGS.iter().any(|told| said.starts_with(&**told))
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'))
        .map(|word| {
            word.trim_matches(['\'', '’'])
                .to_lowercase()
                .replace('’', "'")
        })
        .filter(|word| !word.is_empty())
}

/// The words of a line without the markup around them; none if markup stands where words are meant by
/// it, or comes from another's turn.
fn without_markup(text: &str) -> Option<Cow<'_, str>> {
    static THOUGHT: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?is)<(?:think|thinking|reasoning)>.*?</(?:think|thinking|reasoning)>")
    });
    static THOUGHT_MARK: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?i)<(/?)(?:think|thinking|reasoning)>"));
    // Of ChatML, Llama 2 and 3, Mistral, Gemma, and what tokenizers call their ends.
    static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
        regex(concat!(
            r"(?i)<[|｜][^|｜<>]{1,40}[|｜]>(?:\s*assistant\b:?)?|</?s>|\[/?(?:INST|ASSISTANT)\]|<</?SYS>>",
            r"|<(?:start|end)_of_turn>(?:\s*model\b)?|<(?:bos|eos|pad|unk)>"
        ))
    });
    static OTHERS_TURN: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)(?:<\|im_start\|>|<\|start_header_id\|>|<start_of_turn>)\s*(?:user|system)|^\s*\**(?:user|system|human):\**(?:\s|$)|\[/?SYSTEM",
        )
    });
    static ROLE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)^\s*\**(?:assistant|ai|model|response|answer|reply|output|message)\**\s?:\**\s+",
        )
    });
    static TAG: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"<(/?)([A-Za-z][A-Za-z0-9_-]{0,30})(\s[^<>=]{0,60}=[^<>]{0,200}|\s{0,3})(/?)>")
    });
    static BOLD: LazyLock<Regex> = LazyLock::new(|| regex(r"\*\*([^*]+)\*\*"));
    static HEADING: LazyLock<Regex> = LazyLock::new(|| regex(r"^\s*#{1,6}\s+"));
    static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)^\s*\[/?(?:narrative|narrator|end|chat|message|response|answer|output|reply)\]|\[/?(?:narrative|narrator|end|message|response|answer|output|reply)\]\s*$",
        )
    });
    static TEMPLATE: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)\[(?:insert\b[^\]]{0,40}|(?:(?:your|streamer|user)[ _-]?)?name|your (?:message|answer|reply)|streamer|user)\]|\{\{[^}]{0,40}\}\}",
        )
    });
    static OBJECT: LazyLock<Regex> = LazyLock::new(|| regex(r#"\{\s*"[^"{}]{1,40}"\s*:"#));
    let trimmed = text.trim();
    // Nearly all lines are done with here.
    if !trimmed.contains(['<', '[', '`', '*', '#', ':', '{']) {
        return Some(Cow::Borrowed(trimmed));
    }
    if OTHERS_TURN.is_match(trimmed) || TEMPLATE.is_match(trimmed) {
        return None;
    }
    // Between a name and an emote, too, which modules put before and behind an answer, and if it breaks off.
    if OBJECT.is_match(trimmed) {
        return None;
    }
    let mut line = THOUGHT.replace_all(trimmed, " ").into_owned();
    if let Some(mark) = THOUGHT_MARK.captures_iter(&line).last() {
        let whole = mark.get(0)?;
        // Some servers keep the opening mark to themselves; one without an end came to no answer.
        if mark.get(1).is_none_or(|slash| slash.is_empty()) {
            return None;
        }
        line = line[whole.end()..].to_owned();
    }
    loop {
        let before = line.len();
        line = line.trim().to_owned();
        if let Some(token) = TOKEN.find(&line).filter(|token| token.start() == 0) {
            line.replace_range(..token.end(), "");
        }
        if let Some(token) = TOKEN.find_iter(&line).last()
            && token.end() == line.len()
        {
            line.truncate(token.start());
        }
        line = PLACEHOLDER.replace_all(&line, "").into_owned();
        line = ROLE.replace(&line, "").into_owned();
        line = HEADING.replace(&line, "").into_owned();
        if line.len() == before {
            break;
        }
    }
    if TOKEN.is_match(&line) {
        return None;
    }
    // Tags may hide tags: each round takes some away, so this ends.
    loop {
        let lower = line.to_lowercase();
        let without = TAG.replace_all(&line, |tag: &Captures<'_>| {
            let name = tag[2].to_lowercase();
            let is_markup = !tag[1].is_empty()
                || !tag[3].trim().is_empty()
                || !tag[4].is_empty()
                || ELEMENTS.contains(&&*name)
                || lower.contains(&format!("</{name}"));
            if is_markup {
                String::new()
            } else {
                tag[0].to_owned()
            }
        });
        if without.len() == line.len() {
            break;
        }
        line = without.into_owned();
    }
    line = line.replace("```", " ");
    line = BOLD.replace_all(&line, "$1").into_owned();
    let line = line.trim();
    if line == trimmed {
        return Some(Cow::Borrowed(trimmed));
    }
    Some(Cow::Owned(
        line.split_whitespace().collect::<Vec<_>>().join(" "),
    ))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is right, as a test shows")
}
