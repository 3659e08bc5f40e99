//! What there is to speak about.

use crate::people::People;
use persona_sdk::{ChatMessage, ChatQuestion, Latest, StreamContext, StreamEvent, Turn};

/// An event that is older is over, in milliseconds on the stream's clock.
const EVENT_MS: u64 = 30_000;

/// A change of topic is clear only when some sentences of the new one were said.
const TOPIC_MS: u64 = 60_000;

/// What to speak about. The host has decided that it speaks; this is about what.
#[derive(Debug, PartialEq)]
pub(crate) enum Occasion<'a> {
    /// A person, or another persona, waits for an answer.
    Answer(&'a ChatMessage),
    /// Somebody came back.
    Greet(&'a ChatMessage),
    /// The streamer asked the chat.
    Question(&'a ChatQuestion),
    /// Something happened.
    Event(&'a StreamEvent),
    /// The chat talks.
    Chat(&'a ChatMessage),
    /// The stream goes on.
    Stream,
}

impl<'a> Occasion<'a> {
    /// The first of: the message that waits for an answer, the streamer's question, the surest and
    /// latest event, the stream as such. Nothing that it has reacted to.
    pub(crate) fn on_stream<const N: usize>(
        turn: &'a Turn,
        context: &'a StreamContext,
        reacted: &Latest<N>,
    ) -> Option<Self> {
        let waiting = waiting(turn, &[], reacted).map(Self::Answer);
        let question = || {
            context
                .chat_question
                .as_ref()
                .filter(|question| !reacted.contains(&question.id))
                .map(Self::Question)
        };
        let event = || {
            let news = context.events.iter().filter(|event| {
                !reacted.contains(&event.id)
                    && context.position.saturating_sub(event.at) <= lasts_ms(event)
            });
            news.max_by(|a, b| a.confidence.total_cmp(&b.confidence).then(a.at.cmp(&b.at)))
                .map(Self::Event)
        };
        let stream = || {
            (!context.transcript.is_empty() || !context.keywords.is_empty()).then_some(Self::Stream)
        };
        waiting.or_else(question).or_else(event).or_else(stream)
    }

    /// The first of: the message that waits for an answer, one that names it, somebody who came
    /// back, the latest message, people's before personas'. Nothing that it has reacted to.
    pub(crate) fn in_chat<const N: usize>(
        turn: &'a Turn,
        messages: &'a [ChatMessage],
        reacted: &Latest<N>,
        people: &People,
    ) -> Option<Self> {
        let news = || {
            messages
                .iter()
                .rev()
                .filter(|message| !turn.is_mine(message) && !reacted.contains(&message.id))
        };
        let waiting = waiting(turn, messages, reacted).map(Self::Answer);
        let named = || {
            news()
                .find(|message| turn.is_named_in(message))
                .map(Self::Answer)
        };
        let back = || {
            news()
                .find(|message| people.is_back(message))
                .map(Self::Greet)
        };
        // A question that somebody has answered needs no second answer.
        let open = || news().filter(|message| !is_answered(turn, messages, message));
        let talk = || {
            open()
                .find(|message| message.is_human())
                .or_else(|| open().next())
                .map(Self::Chat)
        };
        waiting.or_else(named).or_else(back).or_else(talk)
    }

    /// The message that it speaks to, if to one.
    pub(crate) const fn message(&self) -> Option<&'a ChatMessage> {
        match self {
            Self::Answer(message) | Self::Greet(message) | Self::Chat(message) => Some(message),
            Self::Question(_) | Self::Event(_) | Self::Stream => None,
        }
    }

    /// The id under which it was reacted to.
    pub(crate) fn id(&self) -> Option<&'a str> {
        match self {
            Self::Answer(message) | Self::Greet(message) | Self::Chat(message) => Some(&message.id),
            Self::Question(question) => Some(&question.id),
            Self::Event(event) => Some(&event.id),
            Self::Stream => None,
        }
    }
}

/// How long something that happened is spoken about, in milliseconds on the stream's clock.
fn lasts_ms(event: &StreamEvent) -> u64 {
    if event.kind == "topic_change" {
        TOPIC_MS
    } else {
        EVENT_MS
    }
}

/// Whether a message asks something and has a reply.
fn is_answered(turn: &Turn, messages: &[ChatMessage], message: &ChatMessage) -> bool {
    message.text.contains('?')
        && turn
            .recent
            .iter()
            .chain(messages)
            .any(|reply| reply.reply_to.as_ref() == Some(&message.id))
}

/// The message that the host says waits for an answer.
fn waiting<'a, const N: usize>(
    turn: &'a Turn,
    messages: &'a [ChatMessage],
    reacted: &Latest<N>,
) -> Option<&'a ChatMessage> {
    let id = turn
        .impulse
        .answer
        .as_deref()
        .filter(|id| !reacted.contains(id))?;
    messages
        .iter()
        .find(|message| message.id == id)
        .or_else(|| turn.message(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use persona_sdk::testkit::{context, message, persona_message, turn};

    #[test]
    fn on_the_stream_the_most_pressing_comes_first() {
        let ana = message("Ana", "what do you think?");
        let quiet = turn().speak().build();
        let asked = turn().answer(&ana).build();
        let full = context()
            .said("so chat")
            .event("e1", "hype", "WOW")
            .event("e2", "fail", "no")
            .question("q1", "tea or coffee")
            .build();
        let mut reacted = Latest::<8>::default();
        assert_eq!(
            Occasion::on_stream(&asked, &full, &reacted),
            Some(Occasion::Answer(&ana))
        );
        let got = |reacted: &Latest<8>| {
            Occasion::on_stream(&quiet, &full, reacted)
                .unwrap()
                .id()
                .map(str::to_owned)
        };
        assert_eq!(got(&reacted).as_deref(), Some("q1"));
        // The question comes as an event too, under the same id.
        for (id, next) in [("q1", Some("e2")), ("e2", Some("e1")), ("e1", None)] {
            reacted.push(id);
            assert_eq!(got(&reacted).as_deref(), next, "after {id}");
        }
        assert_eq!(
            Occasion::on_stream(&quiet, &context().build(), &reacted),
            None
        );
    }

    #[test]
    fn what_happened_long_ago_is_over() {
        let quiet = turn().speak().build();
        let old = context()
            .event("e1", "hype", "WOW")
            .said("calm")
            .position(EVENT_MS + 1)
            .build();
        assert_eq!(
            Occasion::on_stream(&quiet, &old, &Latest::<8>::default()),
            Some(Occasion::Stream)
        );
        // It is clear late.
        let late = context()
            .event("e1", "topic_change", "Now the boats.")
            .said("calm")
            .position(EVENT_MS + 1)
            .build();
        let occasion = Occasion::on_stream(&quiet, &late, &Latest::<8>::default());
        assert_eq!(occasion, Some(Occasion::Event(&late.events[0])));
    }

    #[test]
    fn in_the_chat_people_come_first() {
        let (ana, bo, named) = (
            message("Ana", "hi all"),
            persona_message("bo", "gg"),
            persona_message("bo", "right, nova?"),
        );
        let quiet = turn().speak().build();
        let (people, mut reacted) = (People::default(), Latest::<8>::default());
        let messages = [ana.clone(), named.clone(), bo.clone()];
        for wanted in [
            Occasion::Answer(&named),
            Occasion::Chat(&ana),
            Occasion::Chat(&bo),
        ] {
            assert_eq!(
                Occasion::in_chat(&quiet, &messages, &reacted, &people).as_ref(),
                Some(&wanted)
            );
            reacted.push(wanted.id().unwrap());
        }
        assert_eq!(
            Occasion::in_chat(&quiet, &messages, &reacted, &people),
            None
        );
    }

    #[test]
    fn a_question_that_has_an_answer_is_left_alone() {
        let (ask, tell) = (
            message("Ana", "is it fixed?"),
            message("Ana", "it is fixed"),
        );
        for (said, with_reply, wanted) in [
            (&ask, false, true),
            (&ask, true, false),
            (&tell, true, true),
        ] {
            let mut reply = persona_message("nova", "not yet");
            reply.reply_to = with_reply.then(|| said.id.clone());
            let messages = [said.clone(), reply];
            let quiet = turn().speak().build();
            let found = Occasion::in_chat(
                &quiet,
                &messages,
                &Latest::<8>::default(),
                &People::default(),
            );
            assert_eq!(found.is_some(), wanted, "{} {with_reply}", said.text);
        }
    }

    #[test]
    fn does_not_speak_to_itself() {
        let mine = [persona_message("nova", "me again")];
        assert_eq!(
            Occasion::in_chat(
                &turn().speak().build(),
                &mine,
                &Latest::<8>::default(),
                &People::default()
            ),
            None
        );
    }
}
