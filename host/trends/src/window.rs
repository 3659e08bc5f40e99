//! A room's chat over the latest minute.

use crate::{counter::Counter, distinct::Distinct, words};
use chatter_protocol::{
    AuthorId, AuthorKind, ChatMessage, ChatTrends, RoomId, Timestamp, V1,
    trends::{Count, Mentioned},
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

/// How far it reaches back, in seconds.
const WINDOW_S: u32 = 60;

/// It slides by so much at a time: what is older than a minute has gone within this.
const SLICE: Duration = Duration::from_secs(5);

/// So many slices reach back a minute.
const SLICES: usize = 12;

/// So many terms of a kind are told.
const TOLD: usize = 20;

/// What is said again is told up to this length, in characters: what a `Count` takes.
const LONGEST: usize = 80;

/// What lies so far in the future was timed by a clock that has been set back since. Less than that the clocks of two
/// gateways may differ.
const SET_BACK: Duration = SLICE;

/// The latest minute, in slices, each of bounded size: some 128 words, emotes, names and texts, and the hashes of 1,024 authors
/// and texts.
#[derive(Debug)]
pub struct Window {
    /// When it began to be filled.
    began: Timestamp,
    /// From the oldest on.
    slices: VecDeque<Slice>,
    /// The codes of the room's own emotes.
    own: Arc<BTreeSet<String>>,
}

#[derive(Debug)]
struct Slice {
    from: Timestamp,
    messages: u32,
    by_personas: u32,
    authors: Distinct,
    words: Counter,
    emotes: Counter,
    mentions: Counter,
    /// What was said, to tell how much of it was said before.
    texts: Distinct,
    repeated: Counter,
}

impl Window {
    /// An empty one. What is added with an earlier time makes it begin there.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            began: now,
            slices: VecDeque::new(),
            own: Arc::default(),
        }
    }

    /// From now on these are the codes of the room's own emotes.
    pub fn set_emotes(&mut self, own: Arc<BTreeSet<String>>) {
        self.own = own;
    }

    /// Whether what was said then, by the clock of whichever gateway, is too old to count, and so is all before it.
    pub(crate) fn is_past(now: Timestamp, at: Timestamp) -> bool {
        now.since(at) >= Duration::from_secs(WINDOW_S.into()) + SET_BACK
    }

    /// Takes in a message of the log, which was said when it tells.
    pub fn add_logged(&mut self, now: Timestamp, message: &ChatMessage) {
        if message.sent_at.since(now) <= SET_BACK {
            self.add(message.sent_at.min(now), message);
        }
    }

    /// Takes in a message that was said at this time.
    pub fn add(&mut self, at: Timestamp, message: &ChatMessage) {
        // Of what was taken back before it was read here nobody knows what it said.
        if message.deleted || message.author.kind == AuthorKind::System {
            return;
        }
        self.began = self.began.min(at);
        if self
            .slices
            .back()
            .is_none_or(|slice| at.since(slice.from) >= SLICE)
        {
            if self.slices.len() == SLICES {
                self.slices.pop_front();
            }
            self.slices.push_back(Slice::new(at));
        }
        let Some(slice) = self.slices.back_mut() else {
            return;
        };
        slice.messages = slice.messages.saturating_add(1);
        if message.author.kind == AuthorKind::Persona {
            slice.by_personas = slice.by_personas.saturating_add(1);
        }
        slice.authors.add(&message.author.id);
        let (words, emotes) = words::of(&message.text, &self.own);
        words.iter().for_each(|word| slice.words.add(word));
        emotes.iter().for_each(|code| slice.emotes.add(code));
        for author in &message.mentions {
            slice.mentions.add(author.as_str());
        }
        let said = words::said(&message.text);
        slice.texts.add(&said);
        slice
            .repeated
            .add(&said.chars().take(LONGEST).collect::<String>());
    }

    /// What it comes to now.
    pub fn trends(&mut self, room: &RoomId, now: Timestamp) -> ChatTrends {
        let newest = self.slices.back();
        if newest.is_some_and(|slice| slice.from.since(now) > SET_BACK) {
            // The clock was set back: how old anything is nobody knows.
            self.slices.clear();
            self.began = now;
        }
        let whole = Duration::from_secs(WINDOW_S.into());
        while self
            .slices
            .front()
            .is_some_and(|slice| now.since(slice.from) >= whole)
        {
            self.slices.pop_front();
        }
        let messages: u32 = self.slices.iter().map(|slice| slice.messages).sum();
        let by_personas: u32 = self.slices.iter().map(|slice| slice.by_personas).sum();
        let (mut authors, mut texts) = (Distinct::default(), Distinct::default());
        for slice in &self.slices {
            authors.add_all(&slice.authors);
            texts.add_all(&slice.texts);
        }
        // A room that has just been opened has had no whole minute.
        let seconds = now.since(self.began).clamp(SLICE, whole).as_secs_f64();
        ChatTrends {
            v: V1,
            room_id: room.clone(),
            at: now,
            window_s: WINDOW_S,
            messages_per_minute: f64::from(messages) * 60.0 / seconds,
            unique_authors: authors.count(),
            bot_fraction: match messages {
                0 => 0.0,
                _ => f64::from(by_personas) / f64::from(messages),
            },
            top_tokens: self.top(|slice| slice.words.at_most()),
            top_emotes: self.top(|slice| slice.emotes.at_most()),
            mentions: self.mentions(),
            repeats: messages.saturating_sub(texts.count()),
            top_repeats: self.repeated(),
        }
    }

    fn mentions(&self) -> Vec<Mentioned> {
        let sums = sums(
            self.slices
                .iter()
                .flat_map(|slice| slice.mentions.at_most()),
        );
        let told = sums.filter_map(|(id, count)| {
            let author = AuthorId::new(id).ok()?;
            Some(Mentioned { author, count })
        });
        told.take(TOLD).collect()
    }

    fn repeated(&self) -> Vec<Count> {
        let mut told = self.top(|slice| slice.repeated.at_least());
        told.retain(|said| said.count > 1);
        told
    }

    fn top<'a, I: Iterator<Item = (&'a str, u32)>>(
        &'a self,
        of: impl Fn(&'a Slice) -> I,
    ) -> Vec<Count> {
        let told = sums(self.slices.iter().flat_map(of)).take(TOLD);
        told.map(|(term, count)| Count {
            term: term.to_owned(),
            count,
        })
        .collect()
    }
}

impl Slice {
    fn new(from: Timestamp) -> Self {
        Self {
            from,
            messages: 0,
            by_personas: 0,
            authors: Distinct::default(),
            words: Counter::default(),
            emotes: Counter::default(),
            mentions: Counter::default(),
            texts: Distinct::default(),
            repeated: Counter::default(),
        }
    }
}

/// The sums of these counts, the largest first, and those of the same count in the order of the alphabet.
fn sums<'a>(counts: impl Iterator<Item = (&'a str, u32)>) -> impl Iterator<Item = (&'a str, u32)> {
    let mut sums: BTreeMap<&str, u32> = BTreeMap::new();
    for (term, count) in counts {
        let sum = sums.entry(term).or_default();
        *sum = sum.saturating_add(count);
    }
    let mut sums: Vec<(&str, u32)> = sums.into_iter().collect();
    sums.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    sums.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatter_protocol::{Author, AuthorId, MessageId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_769_860_800_000 + seconds * 1000)
    }

    fn room() -> RoomId {
        RoomId::new("main/lobby").unwrap()
    }

    fn said(author: &str, kind: AuthorKind, text: &str) -> ChatMessage {
        ChatMessage {
            v: V1,
            id: MessageId::new(),
            room_id: room(),
            author: Author {
                id: AuthorId::new(&format!("x:{author}")).unwrap(),
                name: author.into(),
                kind,
                color: None,
                badges: Vec::new(),
            },
            text: text.into(),
            reply_to: None,
            mentions: Vec::new(),
            sent_at: at(0),
            call_id: None,
            deleted: false,
        }
    }

    #[test]
    fn what_was_said_counts_for_a_minute() {
        let mut window = Window::new(at(0));
        window.add(at(0), &said("ana", AuthorKind::Viewer, "goal :hype:"));
        window.add(at(1), &said("nova", AuthorKind::Persona, "what a goal"));
        window.add(at(40), &said("ana", AuthorKind::Viewer, "again"));
        window.add(at(41), &said("host", AuthorKind::System, "goal"));
        // It was taken back before it was read.
        window.add(
            at(41),
            &said("bo", AuthorKind::Viewer, "goal :hype:").tombstone(),
        );
        // When; messages a minute, authors, share of personas, the commonest word, how many emotes.
        for (second, rate, authors, personas, word, emotes) in [
            (41, 3.0 * 60.0 / 41.0, 2, 1.0 / 3.0, Some(("goal", 2)), 1),
            (59, 3.0 * 60.0 / 59.0, 2, 1.0 / 3.0, Some(("goal", 2)), 1),
            (60, 1.0, 1, 0.0, Some(("again", 1)), 0),
            (99, 1.0, 1, 0.0, Some(("again", 1)), 0),
            (100, 0.0, 0, 0.0, None, 0),
        ] {
            let trends = window.trends(&room(), at(second));
            let top = trends.top_tokens.first();
            let top = top.map(|count| (count.term.as_str(), count.count));
            assert!(
                (trends.messages_per_minute - rate).abs() < 1e-9,
                "{trends:?}"
            );
            assert_eq!(
                (trends.unique_authors, top, trends.top_emotes.len()),
                (authors, word, emotes),
                "at {second} s"
            );
            assert!((trends.bot_fraction - personas).abs() < 1e-9, "{trends:?}");
        }
    }

    #[test]
    fn who_is_named_and_what_is_said_again_counts_for_a_minute() {
        let mut window = Window::new(at(0));
        let naming = |text: &str, whom: &[&str]| ChatMessage {
            mentions: whom.iter().map(|id| AuthorId::new(id).unwrap()).collect(),
            ..said("ana", AuthorKind::Viewer, text)
        };
        window.add(at(0), &naming("go @Nova!", &["persona:nova"]));
        window.add(at(1), &naming("GO @nova", &["persona:nova"]));
        window.add(
            at(10),
            &naming("go @nova @pip", &["persona:nova", "persona:pip"]),
        );
        window.add(at(50), &naming("go  @nova", &["persona:nova"]));
        let nova = |count| ("persona:nova", count);
        // When; who is named how often, how much is said again, what most, and how often.
        for (second, named, repeats, most) in [
            (
                59,
                &[nova(4), ("persona:pip", 1)][..],
                2,
                Some(("go nova", 3)),
            ),
            (60, &[nova(2), ("persona:pip", 1)], 0, None),
            (70, &[nova(1)], 0, None),
            (110, &[], 0, None),
        ] {
            let trends = window.trends(&room(), at(second));
            let mentions: Vec<_> = trends
                .mentions
                .iter()
                .map(|named| (named.author.as_str(), named.count))
                .collect();
            assert_eq!(
                (&*mentions, trends.repeats),
                (named, repeats),
                "at {second} s"
            );
            let top = trends.top_repeats.first();
            let top = top.map(|count| (count.term.as_str(), count.count));
            assert_eq!(top, most, "at {second} s");
        }
    }

    #[test]
    fn a_clock_that_was_set_back_begins_anew() {
        let goal = said("ana", AuthorKind::Viewer, "goal");
        let mut window = Window::new(at(0));
        for second in 0..60 {
            window.add(at(second), &goal);
        }
        let rate =
            |window: &mut Window, second| window.trends(&room(), at(second)).messages_per_minute;
        assert!((rate(&mut window, 60) - 60.0).abs() < 6.0);
        // As much as two clocks may differ by is nothing.
        assert!((rate(&mut window, 58) - 60.0).abs() < 6.0);
        assert!(rate(&mut window, -3_000) < 1e-9);
        for second in 0..20 {
            window.add(at(second - 3_000), &goal);
        }
        assert!((rate(&mut window, 20 - 3_000) - 60.0).abs() < 1e-9);

        let logged = |second| ChatMessage {
            sent_at: at(second),
            ..goal.clone()
        };
        let mut window = Window::new(at(0));
        for second in [-90, -30, 2, 600] {
            window.add_logged(at(0), &logged(second));
        }
        let trends = window.trends(&room(), at(0));
        assert_eq!(trends.top_tokens[0].count, 2, "{trends:?}");
    }

    #[test]
    fn a_flood_takes_bounded_memory() {
        let mut window = Window::new(at(0));
        for n in 0..60_000 {
            let author = format!("a{}", n % 5_000);
            let text = format!("word{n} other{n} :lol:");
            window.add(at(n / 300), &said(&author, AuthorKind::Viewer, &text));
        }
        let trends = window.trends(&room(), at(199));
        assert_eq!(window.slices.len(), SLICES);
        assert_eq!(trends.top_tokens.len(), TOLD);
        assert_eq!(trends.top_emotes.len(), 1);
        assert!(
            (4_500..5_500).contains(&trends.unique_authors),
            "{trends:?}"
        );
        assert!(trends.top_repeats.is_empty(), "no text was there twice");
        assert!(trends.repeats < 1_800, "{} of 18,000", trends.repeats);
    }
}
