//! The gateway from outside: a real listener, the embedded store and bus, and clients that were not
//! written for it.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod acts;
mod audit;
mod bounds;
mod by_words;
mod crowd;
mod faults;
mod faulty;
mod frames;
mod held;
mod host;
mod in_use;
mod meanwhile;
mod moderation;
mod moderators;
mod modes;
mod order;
mod orders;
mod pages;
mod people;
mod personas;
mod principals;
mod provider;
mod proxies;
mod reconfigured;
mod refusals;
mod requests;
mod resent;
mod resume;
mod shutdown;
mod sound;
mod source;
mod stream;
mod together;
mod websocket;
