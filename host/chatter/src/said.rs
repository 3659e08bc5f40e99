//! What commands say to a person, and print for whoever reads on.

use crate::Failure;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// For a person, beside what is printed.
pub(crate) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// False if nobody reads on.
pub(crate) fn print(line: &str) -> Result<bool, Failure> {
    match writeln!(anstream::stdout().lock(), "{line}") {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::failed(format!("can't print: {error}"))),
    }
}

/// Asks at the terminal whether to forget something.
pub(crate) fn confirmed(what: &str) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "this would forget {what}; say --yes to do so without being asked"
        )));
    }
    let mut stderr = anstream::stderr().lock();
    let _ = write!(stderr, "Forget {what} for good? [y/N] ");
    let _ = stderr.flush();
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::failed)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
