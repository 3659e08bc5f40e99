//! What must hold for everything that comes from outside, whatever it is: a property each, as a
//! function that panics if it is broken.
//!
//! Two call them: this crate's own tests, with a few thousand cases that are the same in every run,
//! and the fuzz targets in `fuzz/`, with as many as there is time for. What both get is bytes; what
//! they are made into is decided here, so that a finding of the one is a test of the other.
//!
//! The properties: nothing panics; what is accepted is written again as an equal value, and obeys
//! its schema; a refusal names a place and stays short; what is bounded is within its bounds.

#[cfg(feature = "program")]
mod config;
mod moderation;
mod offline;
#[cfg(feature = "program")]
mod outcome;
mod seeds;
mod sources;
mod subtitles;
mod wire;

#[cfg(feature = "program")]
pub use config::{module_toml, persona_toml, policy_toml, room_toml, settings_toml};
pub use moderation::moderation;
pub use offline::offline_model;
#[cfg(feature = "program")]
pub use outcome::{outcome, reflection};
pub use seeds::{Kind, mutated, seeds};
pub use sources::{sound, source};
pub use subtitles::subtitles;
pub use wire::{
    call_record, call_record_numbers, client_frame, say_request, server_frame, stream_context,
};

use arbitrary::Unstructured;

/// A string of at most so many characters, of all kinds of them.
fn text(u: &mut Unstructured<'_>, most: usize) -> String {
    const ODD: [char; 20] = [
        ' ',
        '\n',
        '\r',
        '\t',
        '\0',
        '\u{85}',
        '\u{2028}',
        '\u{202e}',
        '\u{200b}',
        '\u{300}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{1f600}',
        '\u{df}',
        '\u{130}',
        '\u{3a3}',
        '\u{fdfa}',
        '"',
        '\\',
        '{',
    ];
    let wanted = u.int_in_range(0..=most).unwrap_or(0);
    let mut text = String::new();
    for _ in 0..wanted {
        if u.is_empty() {
            break;
        }
        match u.int_in_range(0..=9).unwrap_or(0) {
            0 => text.push(u.choose(&ODD).copied().unwrap_or(' ')),
            1 => text.extend(u.arbitrary::<char>()),
            _ => text.extend(u.int_in_range(b' '..=b'~').map(char::from)),
        }
    }
    text
}

/// The one or the other.
#[cfg(feature = "program")]
fn maybe<T>(u: &mut Unstructured<'_>, made: impl FnOnce(&mut Unstructured<'_>) -> T) -> Option<T> {
    u.arbitrary().unwrap_or(false).then(|| made(u))
}
