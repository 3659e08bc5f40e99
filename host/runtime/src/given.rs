//! How much a call is given, as text that the guest has to make room for.

use chatter_protocol::{ChatMessage, StreamContext, Turn, call::CallInput};

/// About what a message takes beside its texts: an id, a kind, a time, lists.
const MESSAGE: usize = 96;

/// What a scene takes beside its texts, as JSON.
const SCENE: usize = 96;

/// Bytes of all texts, the state aside.
pub(crate) fn bytes(turn: &Turn, input: &CallInput) -> usize {
    let profile = &turn.profile;
    let traits = profile.traits.keys().chain(profile.drift.keys());
    let relationships = profile.relationships.iter();
    let trends = turn.trends.iter().flat_map(|trends| {
        let counts = trends.top_tokens.iter().chain(&trends.top_emotes);
        counts.map(|count| count.term.len())
    });
    turn.room.title.len()
        + profile.name.len()
        + profile.bio.len()
        + profile.style.len()
        + traits.map(String::len).sum::<usize>()
        + relationships
            .map(|known| known.author_id.as_str().len() + known.name.len() + known.note.len())
            .sum::<usize>()
        + messages(&turn.recent)
        + trends.sum::<usize>()
        + turn.fates.iter().map(|line| line.text.len()).sum::<usize>()
        + option(&turn.extensions)
        + match input {
            CallInput::Context(context) => of_context(context),
            CallInput::Firehose(new) => messages(new),
            CallInput::Reflect(digest) => {
                let memories = digest.memories.iter();
                messages(&digest.highlights)
                    + memories
                        .map(|memory| memory.id.len() + memory.entry.text.len())
                        .sum::<usize>()
            }
        }
}

fn messages(messages: &[std::sync::Arc<ChatMessage>]) -> usize {
    let each = messages.iter().map(|message| {
        let author = &message.author;
        let mentions = message.mentions.iter().map(|id| id.as_str().len());
        MESSAGE
            + message.text.len()
            + author.id.as_str().len()
            + author.name.len()
            + mentions.sum::<usize>()
    });
    each.sum()
}

fn of_context(context: &StreamContext) -> usize {
    let segments = context.transcript.iter().map(|segment| segment.text.len());
    let keywords = context.keywords.iter().map(|keyword| keyword.term.len());
    let events = context.events.iter();
    let question = context.chat_question.iter();
    segments.chain(keywords).sum::<usize>()
        + context.summary.len()
        + events
            .map(|event| event.id.len() + event.kind.len() + event.text.len())
            .sum::<usize>()
        + question
            .map(|question| question.id.len() + question.text.len())
            .sum::<usize>()
        + option(&context.extensions)
        + context.scene.as_ref().map_or(0, |scene| {
            SCENE + scene.caption.len() + scene.on_screen_text.len()
        })
}

fn option(text: &Option<String>) -> usize {
    text.as_ref().map_or(0, String::len)
}
