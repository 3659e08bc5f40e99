//! The program's own log, on stderr.

use crate::colour;
use anstyle::Style;
use std::fmt::{self, Write};
use tracing::Subscriber;
use tracing_subscriber::{
    Layer,
    field::MakeExt,
    filter::{LevelFilter, Targets},
    fmt::{FormatFields, MakeWriter, format},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

/// What is logged if nobody says otherwise: warnings of everybody, and what chatter does.
pub(crate) const DEFAULT: &str = "warn,chatter=info";

/// To whisper.cpp an inference that is broken off, as at each end, is an error; what fails there is told by chatter. So it
/// is heard only if it is named.
const WHISPER: &str = "whisper_rs";

/// Reads a filter, which is a list of levels, each for all or for the modules whose path begins with a
/// name: `warn,chatter_gateway=debug`.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn filter(text: &str) -> Result<Targets, String> {
    let filter: Targets = text.parse().map_err(|error| {
        format!("log: {text:?}: {error}; it is a list such as `warn,chatter_gateway=debug`")
    })?;
    if text.contains(WHISPER) {
        return Ok(filter);
    }
    Ok(filter.with_target(WHISPER, LevelFilter::OFF))
}

/// Starts logging.
pub(crate) fn start(filter: Targets) {
    let lines = lines(std::io::stderr, colour::on_stderr());
    // Whoever runs this twice in one process keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
}

fn lines<S, W>(writer: W, colours: bool) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    tracing_subscriber::fmt::layer()
        .fmt_fields(fields())
        .with_writer(writer)
        .with_ansi(colours)
}

/// Fields as tracing's own format has them, but [`Escaped`]: that one leaves line breaks in the message, and all of a
/// field that is logged with `%`.
fn fields() -> impl for<'a> FormatFields<'a> + Send + Sync + 'static {
    format::debug_fn(|writer, field, value| {
        let name = field.name();
        if name != "message" {
            let (italic, dim) = if writer.has_ansi_escapes() {
                (Style::new().italic(), Style::new().dimmed())
            } else {
                (Style::new(), Style::new())
            };
            let name = name.strip_prefix("r#").unwrap_or(name);
            write!(writer, "{italic}{name}{italic:#}{dim}={dim:#}")?;
        }
        write!(Escaped(writer), "{value:?}")
    })
    .delimited(" ")
}

/// Writes what may hold the words of a component or of a peer: no control character gets to the terminal, and what
/// comes after a line break is indented, so that it passes for no line of the log.
struct Escaped<'a, W>(&'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            match c {
                '\n' => self.0.write_str("\n    ")?,
                c if c.is_control() => write!(self.0, "{}", c.escape_default())?,
                c => self.0.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        io,
        sync::{Arc, Mutex},
    };
    use tracing::Level;
    use tracing_subscriber::Registry;

    /// What a layer that is made for a writer writes meanwhile.
    fn written<L>(layer: impl FnOnce(Written) -> L, say: impl FnOnce()) -> String
    where
        L: Layer<Registry> + Send + Sync,
    {
        let written = Written::default();
        let log = tracing_subscriber::registry().with(layer(written.clone()));
        tracing::subscriber::with_default(log, say);
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_forges_a_line() {
        let text = "gone\n2026-01-31T12:00:00Z  INFO chatter: all is well\r\u{1b}[2A\u{9b}2J";
        let own = |written: Written| lines(move || written.clone(), false);
        let told = written(own, || {
            tracing::warn!(error = %text, quoted = text, "refused: {text}");
        });
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 3, "{told}");
        for line in &lines[1..] {
            assert!(line.starts_with("    2026"), "{told}");
        }
        assert!(
            !told.contains(|c: char| c.is_control() && c != '\n'),
            "{told:?}"
        );
        assert!(
            told.contains(r"all is well\r\u{1b}[2A\u{9b}2J error=gone"),
            "{told}"
        );
        assert!(told.contains(r#"quoted="gone\n2026"#), "{told}");
    }

    #[test]
    fn colours_are_tracings_own() {
        let say = || tracing::warn!(room = "main/lobby", error = %"gone", "refused: {}", 1);
        let ours = |written: Written| lines(move || written.clone(), true);
        let tracings = |written: Written| {
            tracing_subscriber::fmt::layer()
                .with_writer(move || written.clone())
                .with_ansi(true)
        };
        let fields = |line: String| line[line.find("refused").unwrap()..].to_owned();
        assert_eq!(fields(written(ours, say)), fields(written(tracings, say)));
    }

    #[test]
    fn whisper_is_heard_only_if_it_is_named() {
        for (text, whisper, others) in [
            (DEFAULT, false, true),
            ("warn,chatter=info,persona=debug", false, true),
            ("trace", false, true),
            ("warn,whisper_rs=error", true, true),
            ("off,whisper_rs=error", true, false),
        ] {
            let filter = filter(text).unwrap();
            let is_heard = |target| filter.would_enable(target, &Level::ERROR);
            let found = (is_heard("whisper_rs::whisper_logging_hook"), is_heard("h2"));
            assert_eq!(found, (whisper, others), "{text}");
        }
        assert!(filter("chatter=loud").is_err());
    }
}
