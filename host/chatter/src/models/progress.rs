//! What a person sees of a download: on a terminal a bar; else what is worth a line.

use chatter_models::Progress;
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};

const KNOWN: &str = "{prefix} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN: &str = "{prefix} {spinner} {bytes} {bytes_per_sec}";

pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(name: &str) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        Self(bar.with_prefix(name.to_owned()))
    }
}

impl Progress for Bar {
    fn note(&self, text: &str) {
        let text = format!("{}: {text}", self.0.prefix());
        self.0.suspend(|| {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        });
    }

    fn begins(&self, have: u64, length: Option<u64>) {
        if self.0.is_hidden() {
            let length = length.map_or("a file of unknown length".into(), |length| {
                HumanBytes(length).to_string()
            });
            let from = if have > 0 {
                format!(", of which {} are here", HumanBytes(have))
            } else {
                String::new()
            };
            self.note(&format!("downloading {length}{from}"));
        }
        let style = length.map_or(UNKNOWN, |_| KNOWN);
        if let Ok(style) = ProgressStyle::with_template(style) {
            self.0.set_style(style.progress_chars("=> "));
        }
        match length {
            Some(length) => self.0.set_length(length),
            None => self.0.unset_length(),
        }
        // What was here already is no speed.
        self.0.reset();
        self.0.set_position(have);
        self.0.reset_eta();
    }

    fn has(&self, bytes: u64) {
        self.0.set_position(bytes);
    }

    fn ends(&self) {}
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
