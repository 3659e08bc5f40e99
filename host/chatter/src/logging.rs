//! The program's own log, on stderr.

use crate::{Failure, colour};
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// What is logged if nobody says otherwise: warnings of everybody, and what chatter does.
pub(crate) const DEFAULT: &str = "warn,chatter=info";

/// Starts logging. The filter is a list of levels, each for all or for the modules whose path begins
/// with a name: `warn,chatter_gateway=debug`.
pub(crate) fn start(filter: &str) -> Result<(), Failure> {
    let targets: Targets = filter.parse().map_err(|error| {
        Failure::usage(format!(
            "--log {filter:?}: {error}; it is a list such as `warn,chatter_gateway=debug`"
        ))
    })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour::on_stderr());
    // Whoever runs this twice in one process keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init();
    Ok(())
}
