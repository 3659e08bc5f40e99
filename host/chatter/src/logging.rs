//! The program's own log, on stderr.

use crate::colour;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
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
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour::on_stderr());
    // Whoever runs this twice in one process keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

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
