//! The program's own log, on stderr.

use crate::colour;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// What is logged if nobody says otherwise: warnings of everybody, and what chatter does. To whisper.cpp an inference that is
/// broken off, as at each end, is an error; what fails there is told by chatter.
pub(crate) const DEFAULT: &str = "warn,whisper_rs=off,chatter=info";

/// Reads a filter, which is a list of levels, each for all or for the modules whose path begins with a
/// name: `warn,chatter_gateway=debug`.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn filter(text: &str) -> Result<Targets, String> {
    text.parse::<Targets>().map_err(|error| {
        format!("log: {text:?}: {error}; it is a list such as `warn,chatter_gateway=debug`")
    })
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
