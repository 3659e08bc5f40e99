//! Running the tools of a language.

use super::{Error, Progress};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    io::ErrorKind,
    path::Path,
    process::{ExitStatus, Stdio},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
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
            .process_group(0)
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
        // Whoever is killed can't clean up behind itself.
        let temporary = TempDir::with_prefix("chatter-build-").map_err(|source| Error::File {
            path: std::env::temp_dir(),
            source,
        })?;
        self.command.env("TMPDIR", temporary.path());
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
        let mut group = Group::of(&child);
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
        // What it left behind on purpose goes on; and its number may be another's from now on.
        group.0 = None;
        Ok((said, status))
    }
}

/// A tool and all that it started: npm runs a shell, which runs node. Whoever is left of them when
/// this is dropped is killed, so that what is given up writes nothing any more.
struct Group(Option<Pid>);

impl Group {
    /// Of a process that was started in a group of its own.
    fn of(leader: &Child) -> Self {
        let id = leader.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // None of them may be left.
            let _ = kill_process_group(id, Signal::KILL);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::test_kill_process;
    use std::{
        fs,
        time::{Duration, Instant},
    };

    /// Long enough for a machine that is busy; nothing waits so long if it works.
    const PATIENCE: Duration = Duration::from_secs(60);

    static SHELL: Tool = Tool {
        name: "sh",
        install: "it comes with the system",
    };

    struct Nobody;

    impl Progress for Nobody {
        fn step(&self, _: &str) {}
        fn said(&self, _: &str) {}
    }

    async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < PATIENCE, "never {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A process that waits to be reaped has ended, too.
    fn runs(id: Pid) -> bool {
        let about = fs::read_to_string(format!("/proc/{}/stat", id.as_raw_nonzero()));
        test_kill_process(id).is_ok() && about.is_ok_and(|about| !about.contains(") Z "))
    }

    #[tokio::test]
    async fn a_run_that_is_given_up_leaves_nobody_and_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        // As npm does it: what works is started by what was started.
        let script = "sh -c 'touch \"$TMPDIR/part\"; echo $$ \"$TMPDIR\" >begun.part; mv begun.part begun; exec sleep 600' & wait";
        let run = SHELL.run("sh", folder.path()).args(["-c", script]);
        let begun = folder.path().join("begun");
        tokio::select! {
            _ = run.done(&Nobody) => panic!("it ended by itself"),
            () = until("begun", || begun.exists()) => {}
        }
        let text = fs::read_to_string(&begun).unwrap();
        let (id, temporary) = text.trim().split_once(' ').unwrap();
        let id = Pid::from_raw(id.parse().unwrap()).unwrap();
        until("ended", || !runs(id)).await;
        assert!(!Path::new(temporary).exists(), "{temporary} is left");
    }

    #[tokio::test]
    async fn what_a_run_that_went_well_started_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let script = "sleep 600 >/dev/null 2>&1 & echo $! >begun";
        let run = SHELL.run("sh", folder.path()).args(["-c", script]);
        run.done(&Nobody).await.unwrap();
        let text = fs::read_to_string(folder.path().join("begun")).unwrap();
        let id = Pid::from_raw(text.trim().parse().unwrap()).unwrap();
        assert!(runs(id));
        rustix::process::kill_process(id, Signal::KILL).unwrap();
    }
}
