//! Running the tools of a language.

use super::{Error, Progress};
use std::{
    io::ErrorKind,
    path::Path,
    process::{ExitStatus, Stdio},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
};

/// A program, and what a person without it is told.
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) install: &'static str,
}

/// A run of one.
pub(super) struct Run {
    command: Command,
    shown: String,
    tool: &'static Tool,
}

impl Tool {
    /// A run of this tool, or of another program that comes with it, in a folder.
    pub(super) fn run(&'static self, program: impl AsRef<Path>, folder: &Path) -> Run {
        let program = program.as_ref();
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Run {
            command,
            shown: program.display().to_string(),
            tool: self,
        }
    }
}

impl Run {
    pub(super) fn args<'a>(mut self, args: impl IntoIterator<Item = &'a str>) -> Self {
        for arg in args {
            self.command.arg(arg);
            self.shown.push(' ');
            self.shown.push_str(arg);
        }
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it to its end. What it prints is progress and, if it fails, what is passed on.
    pub(super) async fn done(self, progress: &dyn Progress) -> Result<(), Error> {
        let shown = self.shown.clone();
        let (said, status) = self.listen(progress, |line| Some(line.to_owned())).await?;
        if !status.success() {
            progress.said(&said);
        }
        ended_well(&shown, status)
    }

    /// Runs it to its end. `read` gets each line of its standard output and gives what is progress;
    /// everything on its standard error is. Gives all that was progress, and how it ended.
    pub(super) async fn listen(
        mut self,
        progress: &dyn Progress,
        mut read: impl FnMut(&str) -> Option<String>,
    ) -> Result<(String, ExitStatus), Error> {
        let mut child = self.command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::Missing {
                tool: self.tool.name,
                install: self.tool.install,
            },
            _ => Error::File {
                path: self.shown.clone().into(),
                source: error,
            },
        })?;
        let mut output = Lines::new(child.stdout.take());
        let mut errors = Lines::new(child.stderr.take());
        let mut said = String::new();
        loop {
            let line = tokio::select! {
                Some(line) = output.next() => read(&line),
                Some(line) = errors.next() => Some(line),
                else => break,
            };
            if let Some(line) = line {
                progress.step(line.trim());
                said.push_str(&line);
                said.push('\n');
            }
        }
        let status = child.wait().await.map_err(|source| Error::File {
            path: self.shown.into(),
            source,
        })?;
        Ok((said, status))
    }
}

pub(super) fn ended_well(command: &str, status: ExitStatus) -> Result<(), Error> {
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed {
            command: command.to_owned(),
            status: status.to_string(),
        })
    }
}

/// The lines of a pipe. What is not UTF-8 in them is replaced.
struct Lines<R> {
    pipe: Option<BufReader<R>>,
    /// A line that has begun: whoever stops waiting for its end loses nothing.
    begun: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(pipe: Option<R>) -> Self {
        Self {
            pipe: pipe.map(BufReader::new),
            begun: Vec::new(),
        }
    }

    /// The next line; none at the end, and ever after.
    async fn next(&mut self) -> Option<String> {
        let read = self.pipe.as_mut()?.read_until(b'\n', &mut self.begun);
        let at_end = !read.await.is_ok_and(|bytes| bytes > 0);
        if at_end {
            self.pipe = None;
            if self.begun.is_empty() {
                return None;
            }
        }
        let line = std::mem::take(&mut self.begun);
        let line = String::from_utf8_lossy(&line);
        Some(line.trim_end_matches(['\n', '\r']).to_owned())
    }
}
