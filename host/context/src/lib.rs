//! From a stream to [`StreamContext`]s: what is said and what happens, told to a room.
//!
//! This crate owns the way from a source of speech to the topic `stream.context`. The one source so
//! far is a subtitle file (WebVTT or SubRip): [`Subtitles::load`] reads and understands it,
//! [`Subtitles::scripted`] takes one that was made up, [`play()`] plays it into a room, [`attend()`] does
//! so where several processes could, and a [`Viewing`] looks at it without one.
//!
//! What it promises:
//!
//! - Nothing is told before it was said. A cue enters the transcript when its last word has been
//!   said, an event when the words that show it have; a long cue is told in pieces, so that neither
//!   comes much later than 6 s. Speech is taken to be over after some 100 ms a character, however
//!   long the text then stays on the screen.
//! - A context comes as soon as an event does (250 ms after the one before at the earliest), every
//!   2 s at most while only words come, and every 10 s if nothing happens at all. These are wall
//!   times: with a speed of 20 a context spans 40 s of the stream.
//! - An event keeps its id in each context that holds it, and no two events of a room share one,
//!   however often the file is played. No event is left out because the stream went too fast: those
//!   that find no room in a context (up to 4096) are in the next one.
//! - A context is never larger than [`MAX_CONTEXT_BYTES`] as JSON, whatever the file holds.
//! - [`play()`] keeps to the time at which it began; small delays don't add up.
//!
//! How the text is understood is written down where it is done, in each case after a published
//! method: keywords by RAKE, the summary by SumBasic, changes of topic by TextTiling, events
//! by word lists and rules. Stop words and rules are English; other languages get
//! transcript, silence, laughter, and questions by their question mark, but coarser keywords.
//!
//! It must not know who listens: no personas, no chat, no gateway. Of the store it knows whose duty the
//! playing is, and nothing else.
//!
//! [`StreamContext`]: chatter_protocol::StreamContext

mod attend;
mod caption;
mod cue;
mod event;
mod keyword;
mod lexicon;
mod markup;
mod parse;
mod piece;
mod play;
mod question;
mod reel;
mod script;
mod sentence;
mod stop_words;
mod subtitles;
mod summary;
mod telling;
mod text;
mod topic;
mod viewing;
mod window;

pub use attend::attend;
pub use play::{Ended, PlayError, Playback, play};
pub use subtitles::{MAX_FILE_BYTES, Skipped, SubtitleError, Subtitles};
pub use viewing::Viewing;
pub use window::MAX_CONTEXT_BYTES;
