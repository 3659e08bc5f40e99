use crate::client::line::printable;
use std::{io::Write, process::ExitCode};

/// Why the program ends otherwise than well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The user or the operator has to mend something that they wrote: an option, a configuration
    /// file. One line for each place. Exit code 2.
    Usage(Vec<String>),
    /// It could not be done, for this reason. Exit code 1.
    Failed(String),
}

impl Failure {
    /// It could not be done.
    pub fn failed(reason: impl std::fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// It could not be done; the error and all that caused it, in one line.
    pub fn caused(error: &dyn std::error::Error) -> Self {
        let mut line = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            line.push_str(&format!(": {error}"));
            cause = error.source();
        }
        Self::Failed(line)
    }

    /// Something that the user wrote is wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::Usage(vec![what.into()])
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }

    /// What is told, each a line.
    pub(crate) fn lines(self) -> Vec<String> {
        match self {
            Self::Usage(lines) => lines,
            Self::Failed(reason) => vec![reason],
        }
    }

    /// Tells a person, on stderr. If nobody can read it, nothing is left to be done about that.
    pub(crate) fn print(&self) {
        let mut stderr = anstream::stderr().lock();
        let red = anstyle::AnsiColor::Red.on_default().bold();
        let lines = match self {
            Self::Usage(lines) => lines.as_slice(),
            Self::Failed(reason) => std::slice::from_ref(reason),
        };
        for line in lines {
            let _ = writeln!(stderr, "{red}error:{red:#} {}", shown(line));
        }
    }
}

/// It may repeat what a component or a server said.
fn shown(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_gives_the_terminal_no_orders_and_keeps_its_lines() {
        assert_eq!(shown("one\u{1b}[2A\n  two"), "one\u{fffd}[2A\n  two");
    }
}
