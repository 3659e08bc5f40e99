//! From an occasion to a line.

use crate::{Regular, occasion::Occasion, task};
use persona_sdk::{
    ChatMessage, Fate, Host, Prompt, Reply, Rng, StreamContext, Style, Turn, emote, line,
    memory::{Entry, Kind},
    prompt,
    style::{self, Emotes},
    words,
};

/// The longest answer asked for, in tokens: room for a line and for a model that thinks aloud a bit.
const MAX_TOKENS: u32 = 120;

/// What a line has beside its words, in tokens, and what a word has at most, about: names, emotes and
/// slang are taken apart.
const TOKENS_BESIDE: usize = 16;
const TOKENS_A_WORD: usize = 4;

/// How often it asks for a line: a model that repeats itself, or goes on and on, gets a second chance.
const TRIES: usize = 2;

/// So many times the length that the style says is too long.
const TOO_LONG: usize = 3;

/// The most emotes in a row of whoever says nothing else.
const EMOTES: usize = 3;

/// How many memories go into a prompt: about the matter, and about the person.
const ABOUT_MATTER: u32 = 4;
const ABOUT_PERSON: usize = 3;

/// So many of its own lines tell whether it has emotes enough.
const LATELY: usize = 6;

/// Why a line is not said.
const NO_LINE: &str = "the language model gave no line";
const STALE: &str = "would only repeat what was said";
const LONG: &str = "too long for its style";

impl Regular {
    /// Speaks, or says why it can't. `context` is what is on the stream, in calls that have it.
    pub(crate) fn speak(
        &mut self,
        turn: &Turn,
        occasion: &Occasion<'_>,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> Reply {
        let style = Style::of(&turn.profile);
        let recalled = self.recall(turn, occasion, context, host);
        let excitability = turn.profile.value("excitability", 0.5);
        let mut rejected = None;
        for attempt in 0..TRIES {
            let prompt = self.prompt(turn, occasion, context, &recalled, rejected);
            // Whoever thinks aloud needs more room than the line.
            let tokens = if rejected == Some(NO_LINE) {
                MAX_TOKENS
            } else {
                tokens(&style)
            };
            #[expect(clippy::cast_possible_truncation, reason = "from 0.7 to 1.5")]
            let temperature =
                (0.7 + 0.5 * excitability) as f32 + if attempt > 0 { 0.3 } else { 0.0 };
            let completion = match host.complete(&prompt.request(tokens, temperature)) {
                Ok(completion) => completion,
                Err(error) => {
                    host.info(&format!("no line: {error:?}"));
                    return Reply::silent(error.reason());
                }
            };
            let max_chars = turn.limits.max_line_chars as usize;
            let line = line::from_completion(&completion.text, &[&turn.profile.name], max_chars);
            let line = in_style(line, &style, occasion, turn);
            let Some(text) = line else {
                rejected = Some(NO_LINE);
                continue;
            };
            if style::word_count(&text) > TOO_LONG * style.words.end() {
                rejected = Some(LONG);
            } else if self.is_stale(turn, &text) {
                rejected = Some(STALE);
            } else {
                return self.say(turn, occasion, text);
            }
        }
        Reply::silent(rejected.unwrap_or(NO_LINE))
    }

    fn say(&mut self, turn: &Turn, occasion: &Occasion<'_>, text: String) -> Reply {
        let text = self.seasoned(turn, occasion, text);
        // Its own words count as said, whether a name is put to them or not.
        self.said.push(text.clone());
        if let Some(id) = occasion.id() {
            self.reacted.push(id);
        }
        let Some(message) = occasion.message().filter(|message| message.is_human()) else {
            return Reply::say(text);
        };
        self.people.greeted(&message.author.id);
        Reply::say(addressed(turn, occasion, message, text)).reply_to(&message.id)
    }

    /// The line with an emote, if the character's latest lines had fewer than its style says: models
    /// forget them.
    fn seasoned(&self, turn: &Turn, occasion: &Occasion<'_>, text: String) -> String {
        let style = Style::of(&turn.profile);
        let share = style.emotes.share();
        let has_emote = |line: &str| emote::in_text(line).next().is_some();
        let lately = self.said.iter().rev().take(LATELY);
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        let due = lately.len() as f64 * share - 0.5;
        #[expect(clippy::cast_precision_loss, reason = "a handful of lines")]
        let had = lately.filter(|line| has_emote(line)).count() as f64;
        let mut rng = turn.rng();
        if has_emote(&text) || had >= due || !rng.chance(share) {
            return text;
        }
        let Some(emote) = style.emote(task::mood(occasion), &mut rng) else {
            return text;
        };
        let with_emote = format!("{text} {}", emote.written());
        if with_emote.chars().count() <= turn.limits.max_line_chars as usize {
            with_emote
        } else {
            text
        }
    }

    /// Whether the line was said before: by itself lately, or by anybody just now. A word or two may
    /// come again sooner than a sentence, and an emote is nobody's own.
    fn is_stale(&self, turn: &Turn, text: &str) -> bool {
        let print = words::fingerprint(text);
        let same = |other: &str| {
            if print.is_empty() {
                other == text
            } else {
                words::fingerprint(other) == print
            }
        };
        let (own, others) = match style::word_count(text) {
            _ if emote::is_only(text) => (1, 0),
            0..=2 => (5, 10),
            _ => (usize::MAX, 10),
        };
        self.said.iter().rev().take(own).any(same)
            || turn
                .fates
                .iter()
                .rev()
                .take(own)
                .any(|fate| same(&fate.text))
            || turn
                .recent
                .iter()
                .rev()
                .take(others)
                .any(|message| same(&message.text))
    }

    fn prompt(
        &self,
        turn: &Turn,
        occasion: &Occasion<'_>,
        context: Option<&StreamContext>,
        recalled: &[String],
        rejected: Option<&str>,
    ) -> Prompt {
        let mut prompt = Prompt::new(&turn.profile);
        prompt = match (context, self.stream.fresh(turn.now)) {
            (Some(context), _) => prompt.stream(context),
            (None, Some((speech, keywords))) => prompt
                .speech(speech.iter().map(String::as_str))
                .keywords(keywords.iter().map(String::as_str)),
            (None, None) => prompt,
        };
        prompt = match occasion {
            Occasion::Event(event) => prompt.events([*event]),
            Occasion::Question(question) => prompt.question(question),
            _ => prompt,
        };
        // A line that moderation dropped is no example to show.
        let dropped = |line: &str| {
            turn.fates
                .iter()
                .any(|fate| fate.text == line && matches!(fate.fate, Fate::Dropped(_)))
        };
        prompt = prompt
            .chat(&turn.profile, &turn.recent)
            .section("What you remember", recalled.iter().map(String::as_str))
            .earlier_lines(self.said.iter().filter(|line| !dropped(line)));
        if let Some(message) = occasion.message() {
            prompt = prompt.answer(message);
        }
        let style = Style::of(&turn.profile);
        let talkativeness = turn.profile.value("talkativeness", 0.5);
        let task = task::task(occasion, &style, talkativeness, !recalled.is_empty());
        match rejected {
            Some(STALE) => prompt.task(&format!("{task} Say something that nobody said yet.")),
            Some(LONG) => prompt.task(&format!("{task} Much shorter: a few words at most.")),
            _ => prompt.task(&task),
        }
    }

    /// What it remembers of the matter and of the person.
    fn recall(
        &self,
        turn: &Turn,
        occasion: &Occasion<'_>,
        context: Option<&StreamContext>,
        host: &mut dyn Host,
    ) -> Vec<String> {
        let matter = match occasion {
            Occasion::Answer(message) | Occasion::Greet(message) | Occasion::Chat(message) => {
                words::telling(&message.text)
            }
            Occasion::Question(question) => words::telling(&question.text),
            Occasion::Event(event) => words::telling(&event.text),
            Occasion::Stream => Vec::new(),
        };
        let keywords = context
            .into_iter()
            .flat_map(|context| &context.keywords)
            .map(|keyword| keyword.term.clone());
        let matter: Vec<_> = if matter.is_empty() {
            keywords.take(5).collect()
        } else {
            matter
        };
        let mut found = Vec::new();
        if !matter.is_empty() {
            found.extend(search(host, &matter.join(" "), &[], ABOUT_MATTER));
        }
        let mut recalled = Vec::new();
        if let Some(message) = occasion.message().filter(|message| message.is_human()) {
            let author = &message.author;
            let of_them = search(
                host,
                &author.name,
                &[Kind::Relationship, Kind::Preference],
                16,
            );
            let of_them: Vec<_> = of_them
                .into_iter()
                .filter(|entry| entry.about.as_ref() == Some(&author.id))
                .take(ABOUT_PERSON)
                .collect();
            if !of_them.is_empty() && self.people.is_new(message) {
                recalled.push(format!(
                    "{} was here before, but not for a while",
                    prompt::name(&author.name)
                ));
            }
            if let Some(known) = turn
                .profile
                .relationship(&author.id)
                .filter(|known| !known.note.is_empty())
            {
                recalled.push(format!("{}: {}", prompt::name(&author.name), known.note));
            }
            found.splice(0..0, of_them);
        }
        for entry in found {
            if !recalled.contains(&entry.text) {
                recalled.push(entry.text);
            }
        }
        recalled
    }
}

/// The longest answer asked for of a character that writes so long lines.
fn tokens(style: &Style) -> u32 {
    let most = TOKENS_BESIDE + TOKENS_A_WORD * style.words.end();
    u32::try_from(most).map_or(MAX_TOKENS, |most| most.min(MAX_TOKENS))
}

/// The line with the emotes that the style allows: none, some, or nothing else.
fn in_style(
    line: Option<String>,
    style: &Style,
    occasion: &Occasion<'_>,
    turn: &Turn,
) -> Option<String> {
    match style.emotes {
        Emotes::Never => line
            .map(|text| emote::stripped(&text))
            .filter(|text| !text.is_empty()),
        Emotes::Only => {
            let emotes = line.and_then(|text| emote::only(&text, EMOTES));
            emotes.or_else(|| {
                let emote = style.emote(task::mood(occasion), &mut turn.rng())?;
                Some(emote.written())
            })
        }
        _ => line,
    }
}

/// A memory that doesn't answer is as good as none, but for the log.
fn search(host: &mut dyn Host, words: &str, kinds: &[Kind], limit: u32) -> Vec<Entry> {
    host.search(words, kinds, limit).unwrap_or_else(|error| {
        host.warn(&format!("went on without memories: {error:?}"));
        Vec::new()
    })
}

/// The line with the person's name put to it: always to greet them, else now and then, the more
/// so the more sociable it is, and seldom for whoever writes a word or two. Not if the name is there
/// already, or the line would be too long, nor to emotes.
fn addressed(turn: &Turn, occasion: &Occasion<'_>, message: &ChatMessage, text: String) -> String {
    let mut rng: Rng = turn.rng();
    let style = Style::of(&turn.profile);
    let brief = if *style.words.end() <= 3 { 0.4 } else { 1.0 };
    let often = brief * (0.15 + 0.35 * turn.profile.value("sociability", 0.5));
    let wanted = matches!(occasion, Occasion::Greet(_)) || rng.chance(often);
    let name = prompt::name(&message.author.name);
    if !wanted || emote::is_only(&text) || words::has_phrase(&text, &name) {
        return text;
    }
    let ends_open = text.ends_with(|c: char| c.is_alphanumeric());
    // Nor before a sentence that is whole: `ana Yes, I am.`
    let is_whole = text.starts_with(char::is_uppercase) && text.contains(char::is_lowercase);
    if is_whole && !ends_open && !matches!(occasion, Occasion::Greet(_)) {
        return text;
    }
    // `ana yes` reads like a line about her.
    let after = if style::word_count(&text) <= 3 {
        1.0
    } else {
        0.4
    };
    let with_name = if ends_open && rng.chance(after) {
        format!("{text} {name}")
    } else {
        format!("{name} {text}")
    };
    if with_name.chars().count() <= turn.limits.max_line_chars as usize {
        with_name
    } else {
        text
    }
}
