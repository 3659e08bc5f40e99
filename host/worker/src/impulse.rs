//! Whether a persona should speak now: a documented formula, and nothing else.
//!
//! Everything here is pure. Whoever calls gathers a [`Moment`]; [`decide`] turns it and one random
//! number into an [`Impulse`] that names each part, so that every line (and every silence) can be
//! explained.
//!
//! # The formula
//!
//! ```text
//! p = clamp01( (talk + event + chat_question + contagion + banter) · human_first · bot_share · chain
//!              + mention + question + reply )
//!     · cooldown · budget · matter
//!
//! speak  if  roll < p,  with roll uniform in [0, 1)
//! ```
//!
//! What a persona wishes to say by itself stands in the inner brackets and is damped by the room's
//! good manners; what a person waits for stands outside of them. `dt` is the time since the persona
//! was asked last; whatever lasts is a rate over `dt` (a Poisson process: `1 - exp(-rate · dt)` is the
//! probability of at least one occurrence within `dt`), so that being asked more often doesn't make
//! anybody say more. Whatever happens once is put to each persona once.
//!
//! | part | value |
//! | --- | --- |
//! | `talk` | `1 - exp(-talkativeness · base_lines_per_minute / 60 s · dt)`, `dt` at most 10 s |
//! | `event` | `1 - Π (1 - event_boost · excitability · confidence · weight(kind))` over the events of the stream that are new to this persona, are known for 10 s of the stream at most, and happened within its last 60 s |
//! | `chat_question` | `question_boost · (0.5 + 0.5 · helpfulness)` if the streamer's question to the chat is new to this persona and as fresh as an event, else 0 |
//! | `contagion` | `1 - exp(-spent · excitability / sum of all personas' excitability)`, with what lines to nobody in particular have spent since it was asked last: each of them the tuning's `contagion` times its `heat`, of which `1 - exp(-age / 4 s)` by the given age |
//! | `banter` | `0.5 · mention_boost` if a persona named this one, else 0 |
//! | `human_first` | the tuning's `human_first` while any person waits for an answer, else 1 |
//! | `bot_share` | 1 while nobody but personas wrote within the last 2 minutes, or while the personas' share `s` of the last 20 messages is at most the tuning's `bot_share` `b`; else `max(0.2, (1 - s) / (1 - b))` |
//! | `chain` | 0 if all that this call is about are lines of personas that are `max_chain` answers away from a person or the stream, else 1 |
//! | `mention` | `1 - (1 - mention_boost) ^ (dt / 2 s · fade)` if a person named this persona and it has not answered yet |
//! | `question` | `1 - exp(-question_boost · (0.5 + 0.5 · helpfulness) · share · growth · fade · dt / 1 s)` for a question of a person that nobody in particular was asked |
//! | `reply` | the same with `reply_boost` and `sociability`, for any other message of a person |
//! | `cooldown` | `c = min(1, time from the persona's last line to the one it would say now / cooldown_s)`, with the time that it would think; `0.5 + 0.5 · c` if a person named it |
//! | `budget` | 0 if a line more would be too many in this minute, for the persona or the room, else 1 |
//! | `matter` | 0 if, while the persona was thinking, somebody else answered the person whom nobody in particular was to answer, or 3 lines of other personas came about a small thing that happened on the stream (any event but `hype`, `fail`, `laughter` and `stream_start`); else 1 |
//!
//! `heat` is 1 for a person's line, and for a persona's how much of its wish was excitement itself:
//! `(event + contagion) / (talk + event + chat_question + contagion + banter)`.
//!
//! `growth = 1 + age / 5 s` with the age of the waiting message: the longer somebody waits, the
//! surer an answer. `fade` is 1 up to an age of 20 s and falls to 0 at 30 s: an answer that late
//! helps nobody. `share` is the persona's part of the room's readiness to answer, so that one or two
//! answer and not all: its weight over the sum of all weights, which is the 6th power of how suited it
//! is (`0.5 + 0.5 · helpfulness`, or `sociability`), less while it is not rested, and 0 if it can't be
//! called. Of `mention`, `question` and `reply` at most one is not 0: the waiting message that
//! concerns this persona most, which is then the impulse's `answer`. Without one, the `answer` is the
//! persona's line that made for `banter`.
//!
//! `weight(kind)` is 1 for `hype`, `fail`, `stream_start`, `victory`, `defeat` and `name` (which only moves
//! whose name it is), 0.8 for `laughter`, 0.6 for `topic_change`, 0.5 for `question`, `silence` and
//! `blackout`, 0.3 for `scene_change` and `flash`, and 0.7 for kinds not listed. A trait that a
//! persona doesn't have counts as 0.5.

use chatter_protocol::{
    Impulse, MessageId, Tuning,
    call::{ImpulsePart, Profile},
};
use std::{borrow::Cow, time::Duration};

/// The longest time for which `talk` is made up after a pause.
pub const LONGEST_DT: Duration = Duration::from_secs(10);

/// An event that is known for longer than this, on the stream's clock, moves nobody.
pub const EVENT_FRESH: Duration = Duration::from_secs(10);

/// Nor does one that happened longer ago than this, however late it became known.
pub const EVENT_OVER: Duration = Duration::from_secs(60);

/// Beyond this age a waiting message loses its pull.
pub const FADE_FROM: Duration = Duration::from_secs(20);

/// Beyond this age a message has no pull at all.
pub const FADE_TO: Duration = Duration::from_secs(30);

/// For so long after a person's message the room counts as having people in it.
pub const HUMANS_STAY: Duration = Duration::from_secs(120);

/// In this time the growth of a waiting message's pull doubles it for the first time.
const GROWTH_S: f64 = 5.0;

/// The time within which a persona that is named gives in with the probability `mention_boost`.
pub const MENTION_STEP: Duration = Duration::from_secs(2);

/// What a persona's mention counts against a person's.
const BANTER: f64 = 0.5;

/// The part that is known only after the persona has thought.
const MATTER: &str = "matter";

/// `bot_share` never silences a room.
const LEAST_BOT_SHARE: f64 = 0.2;

/// The traits that the host reads, each 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traits {
    /// How much it talks by itself.
    pub talkativeness: f64,
    /// How much the stream's events move it.
    pub excitability: f64,
    /// How readily it answers questions.
    pub helpfulness: f64,
    /// How readily it answers anything else.
    pub sociability: f64,
}

impl Traits {
    /// A profile's traits with their drift; 0.5 for those that it doesn't name.
    #[must_use]
    pub fn of(profile: &Profile) -> Self {
        let read = |name: &str| {
            let base = profile
                .traits
                .get(name)
                .copied()
                .filter(|value| value.is_finite());
            let drift = profile
                .drift
                .get(name)
                .copied()
                .filter(|value| value.is_finite());
            (base.unwrap_or(0.5) + drift.unwrap_or(0.0)).clamp(0.0, 1.0)
        };
        Self {
            talkativeness: read("talkativeness"),
            excitability: read("excitability"),
            helpfulness: read("helpfulness"),
            sociability: read("sociability"),
        }
    }

    /// How well the persona is suited to answer: 0.5 to 1.
    #[must_use]
    pub fn suits(&self, kind: AskKind) -> f64 {
        match kind {
            AskKind::Mention => 1.0,
            AskKind::Question => 0.5 + 0.5 * self.helpfulness,
            AskKind::Reply => 0.5 + 0.5 * self.sociability,
        }
    }
}

/// What a waiting message is to a persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskKind {
    /// It names the persona.
    Mention,
    /// It asks something of nobody in particular.
    Question,
    /// It is anything else, to nobody in particular.
    Reply,
}

/// A person's message that waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// The message.
    pub message: MessageId,
    /// What it is to this persona.
    pub kind: AskKind,
    /// How long it has been waiting.
    pub age: Duration,
    /// How long ago it was put to this persona last; [`MENTION_STEP`] at most.
    pub dt: Duration,
    /// The persona's part of the room's readiness to answer, 0 to 1.
    pub share: f64,
}

/// An event of the stream that is new to a persona.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Happening<'a> {
    /// The event's kind.
    pub kind: &'a str,
    /// How sure the source is, 0 to 1.
    pub confidence: f64,
}

/// All that the formula looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment<'a> {
    /// Who is asked.
    pub traits: Traits,
    /// How long ago it was asked last.
    pub dt: Duration,
    /// What happened on the stream and is new to it.
    pub events: &'a [Happening<'a>],
    /// Whether the streamer asked the chat something that is new to it.
    pub chat_question: bool,
    /// How many lines others' lines should draw from it since it was asked last.
    pub contagion: f64,
    /// The persona's line that named it, if one did.
    pub banter: Option<MessageId>,
    /// The person's message that waits for it.
    pub asked: Option<Asked>,
    /// How long after its own last line it would speak; `None` if it said nothing yet.
    pub since_line: Option<Duration>,
    /// Whether any person waits for an answer.
    pub human_waits: bool,
    /// Whether a person wrote within [`HUMANS_STAY`].
    pub humans_present: bool,
    /// The personas' share of recent messages, 0 to 1.
    pub bot_share: f64,
    /// Whether the chain of personas that answer each other may go on.
    pub chain_open: bool,
    /// Whether a line more is within the persona's and the room's budgets.
    pub within_budget: bool,
}

/// Works out an impulse. `roll` is a random number in `[0, 1)`.
#[must_use]
pub fn decide(tuning: &Tuning, moment: &Moment<'_>, roll: f64) -> Impulse {
    let talk = talk(tuning, moment);
    let event = event(tuning, moment);
    let chat_question = if moment.chat_question {
        tuning.question_boost * moment.traits.suits(AskKind::Question)
    } else {
        0.0
    };
    let contagion = chance(moment.contagion);
    let banter = if moment.banter.is_some() {
        BANTER * tuning.mention_boost
    } else {
        0.0
    };
    let human_first = if moment.human_waits {
        tuning.human_first
    } else {
        1.0
    };
    let bot_share = bot_share(tuning, moment);
    let chain = if moment.chain_open { 1.0 } else { 0.0 };
    let asked = |kind| moment.asked.filter(|asked| asked.kind == kind);
    let mention = asked(AskKind::Mention).map_or(0.0, |asked| {
        let steps = asked.dt.as_secs_f64() / MENTION_STEP.as_secs_f64();
        1.0 - (1.0 - tuning.mention_boost)
            .max(0.0)
            .powf(steps * fade(asked.age))
    });
    let question = asked(AskKind::Question).map_or(0.0, |asked| {
        open_ask(tuning.question_boost, moment.traits, asked)
    });
    let reply = asked(AskKind::Reply).map_or(0.0, |asked| {
        open_ask(tuning.reply_boost, moment.traits, asked)
    });
    let cooldown = cooldown(tuning, moment);
    let budget = if moment.within_budget { 1.0 } else { 0.0 };

    let wish =
        (talk + event + chat_question + contagion + banter) * human_first * bot_share * chain;
    let p = (wish + mention + question + reply).clamp(0.0, 1.0) * cooldown * budget;
    let parts = [
        ("talk", talk),
        ("event", event),
        ("chat_question", chat_question),
        ("contagion", contagion),
        ("banter", banter),
        ("human_first", human_first),
        ("bot_share", bot_share),
        ("chain", chain),
        ("mention", mention),
        ("question", question),
        ("reply", reply),
        ("cooldown", cooldown),
        ("budget", budget),
        (MATTER, 1.0),
    ];
    Impulse {
        p,
        parts: parts
            .into_iter()
            .map(|(name, value)| ImpulsePart {
                name: Cow::Borrowed(name),
                value,
            })
            .collect(),
        roll,
        speak: roll < p,
        answer: moment
            .asked
            .filter(|_| mention + question + reply > 0.0)
            .map(|asked| asked.message)
            .or(moment.banter.filter(|_| moment.chain_open)),
    }
}

/// Takes an impulse back whose matter is settled.
pub(crate) fn withdraw(impulse: &mut Impulse) {
    impulse.p = 0.0;
    impulse.speak = false;
    for part in impulse.parts.iter_mut().filter(|part| part.name == MATTER) {
        part.value = 0.0;
    }
}

fn talk(tuning: &Tuning, moment: &Moment<'_>) -> f64 {
    let dt = moment.dt.min(LONGEST_DT).as_secs_f64();
    chance(moment.traits.talkativeness * tuning.base_lines_per_minute / 60.0 * dt)
}

fn event(tuning: &Tuning, moment: &Moment<'_>) -> f64 {
    let unmoved: f64 = moment
        .events
        .iter()
        .map(|event| {
            let certain = tuning.event_boost * moment.traits.excitability * weight(event.kind);
            1.0 - (certain * event.confidence).clamp(0.0, 1.0)
        })
        .product();
    1.0 - unmoved
}

fn weight(kind: &str) -> f64 {
    match kind {
        "hype" | "fail" | "stream_start" | "name" | "victory" | "defeat" => 1.0,
        "laughter" => 0.8,
        "topic_change" => 0.6,
        "question" | "silence" | "blackout" => 0.5,
        "scene_change" | "flash" => 0.3,
        _ => 0.7,
    }
}

/// Whether a crowd shouts at it together, and nobody's line makes another's needless.
pub(crate) fn is_rousing(kind: &str) -> bool {
    matches!(kind, "hype" | "fail" | "laughter" | "stream_start")
}

fn bot_share(tuning: &Tuning, moment: &Moment<'_>) -> f64 {
    if !moment.humans_present || moment.bot_share <= tuning.bot_share {
        return 1.0;
    }
    // `tuning.bot_share` is below `moment.bot_share`, and so below 1.
    ((1.0 - moment.bot_share) / (1.0 - tuning.bot_share)).clamp(LEAST_BOT_SHARE, 1.0)
}

fn open_ask(boost: f64, traits: Traits, asked: Asked) -> f64 {
    let growth = 1.0 + asked.age.as_secs_f64() / GROWTH_S;
    let suited = boost * traits.suits(asked.kind) * asked.share;
    chance(suited * growth * fade(asked.age) * asked.dt.as_secs_f64())
}

fn cooldown(tuning: &Tuning, moment: &Moment<'_>) -> f64 {
    let rested = rested(tuning, moment.since_line);
    match moment.asked {
        Some(Asked {
            kind: AskKind::Mention,
            ..
        }) => 0.5 + 0.5 * rested,
        _ => rested,
    }
}

/// How far a persona has recovered from its last line, 0 to 1.
#[must_use]
pub fn rested(tuning: &Tuning, since_line: Option<Duration>) -> f64 {
    match since_line {
        Some(since) if tuning.cooldown_s > 0.0 => {
            (since.as_secs_f64() / tuning.cooldown_s).min(1.0)
        }
        _ => 1.0,
    }
}

/// How much pull a waiting message has left, 1 to 0.
#[must_use]
pub fn fade(age: Duration) -> f64 {
    let late = age.saturating_sub(FADE_FROM).as_secs_f64();
    (1.0 - late / (FADE_TO - FADE_FROM).as_secs_f64()).max(0.0)
}

/// The probability that something occurs which is expected so many times.
fn chance(expected: f64) -> f64 {
    1.0 - (-expected.max(0.0)).exp()
}

#[cfg(test)]
mod tests;
