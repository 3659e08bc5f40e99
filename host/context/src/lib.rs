//! From a stream to [`StreamContext`]s: what is said and what happens, told to a room.
//!
//! This crate owns the way from a source to the topic `stream.context`. What is said may be known in
//! advance, from a subtitle file (WebVTT or SubRip): [`Subtitles::load`] reads and understands it,
//! [`Subtitles::scripted`] takes one that was made up, [`play()`] plays it into a room, [`attend()`] does
//! so where several processes could, and a [`Viewing`] looks at it without one. Or it is heard and seen
//! while it comes: [`attend_media()`] watches [`Media`]. From segments on both are understood by the same
//! code.
//!
//! What it promises:
//!
//! - Nothing is told before it was said. A cue enters the transcript when its last word has been
//!   said, an event when the words that show it have; a long cue is told in pieces, so that neither
//!   comes much later than 6 s. Speech is taken to be over after some 100 ms a character
//!   (300 ms one that is a syllable), however long the text then stays on the screen.
//! - A context comes as soon as an event does (250 ms after the one before at the earliest), every
//!   2 s at most while only words come, and every 10 s if nothing happens at all. These are wall
//!   times: with a speed of 20 a context spans 40 s of the stream.
//! - An event keeps its id in each context that holds it, and no two events of a room share one,
//!   however often the file is played. No event is left out because the stream went too fast: those
//!   that find no room in a context (up to 4096) are in the next one.
//! - What was told of a live stream is never taken back: a segment stays as it is, and no more is known
//!   of the past than what was heard. What is kept of it is bounded, however long it goes on.
//! - A context is never larger than [`MAX_CONTEXT_BYTES`] as JSON, whatever the file holds.
//! - [`play()`] keeps to the time at which it began; small delays don't add up.
//!
//! How the text is understood is written down where it is done, in each case after a published
//! method: keywords by RAKE, the summary by SumBasic, changes of topic by TextTiling, events
//! by word lists and rules, by levels of sound, and by differences of pictures; a language model and a vision
//! model do better where there are any.
//!
//! Rules are for English. What other languages get:
//!
//! | | found | coarser, and why |
//! | --- | --- | --- |
//! | transcript | as it is written, without spaces where the script has none | in scripts without spaces times are told of what stands between spaces, since no other mark says what they belong to |
//! | sentences | by the stops of their script, and by pauses | full stops behind other abbreviations than the English ones end a sentence |
//! | questions | by the question mark of their script, as `question` | who is asked, and what asks without a mark, is known by English words |
//! | words | Chinese, Japanese, Thai, Lao, Khmer and Burmese by a dictionary; Tibetan by syllable; others by spaces and signs | a dictionary divides a name or a new word that it does not know |
//! | keywords, summary, topics | as in English | stop words are English, with a short list for Chinese, Japanese and Thai: elsewhere function words are among the keywords. Endings stay (Korean particles, German cases), so that forms count apart. A word of one character is none, since most of these are function words |
//! | names | as they are written or spoken | how they sound is known of Latin letters alone; guests are heard where punctuation or an English greeting sets them apart |
//! | laughter | what is written for it, `哈哈` or `ㅋㅋ`, and directions in a dozen languages | |
//! | hype, fails | by English words and drawn-out vowels | there are no lists of others |
//!
//! It must not know who listens: no personas, no chat, no gateway. Of the store it knows whose duty the
//! playing is, and nothing else.
//!
//! [`StreamContext`]: chatter_protocol::StreamContext

mod attend;
mod caption;
mod cue;
mod ears;
mod event;
mod keyword;
mod lexicon;
mod live;
mod looking;
mod markup;
mod media;
mod names;
mod parse;
mod piece;
mod play;
mod question;
mod reel;
mod report;
mod script;
mod seeing;
mod sentence;
mod sight;
mod sound;
mod stop_words;
mod subtitles;
mod summary;
mod summing;
mod telling;
mod text;
mod topic;
mod viewing;
mod watching;
mod window;
mod writing;

pub use attend::{Written, attend, attend_media};
pub use ears::{Deaf, Ears, Opening};
pub use media::{Again, Beside, Media};
pub use names::{Called, Roll};
pub use play::{Ended, PlayError, Playback, play};
pub use report::About;
pub use seeing::Sight;
pub use subtitles::{MAX_FILE_BYTES, Skipped, SubtitleError, Subtitles};
pub use summing::{Summaries, SummedBy};
pub use viewing::Viewing;
pub use watching::{Senses, Speech};
pub use window::MAX_CONTEXT_BYTES;
