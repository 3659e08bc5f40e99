//! One process of ffmpeg: its start, what it says, its end.

use crate::said::{self, Said};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    env,
    ffi::OsString,
    io,
    os::fd::OwnedFd,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    net::unix::pipe,
    process::{Child, ChildStdout, Command},
    sync::watch,
    time::timeout,
};
use tokio_util::task::AbortOnDropHandle;

/// How long ffmpeg may take to end once it has nothing more to tell.
const END: Duration = Duration::from_secs(2);

/// What ffmpeg may see of the environment: where its libraries, its sound devices and its
/// certificates are, and through which proxy the web is reached.
const ENVIRONMENT: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "LANG",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "XDG_RUNTIME_DIR",
    "PULSE_SERVER",
    "PULSE_COOKIE",
    "PIPEWIRE_REMOTE",
    "ALSA_CONFIG_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "no_proxy",
];

/// A process that runs. It is killed when this is dropped, and what it started with it.
pub(crate) struct Process {
    child: Child,
    /// Sound, or ticks.
    pub(crate) sound: ChildStdout,
    pub(crate) pictures: Option<pipe::Receiver>,
    pub(crate) said: watch::Receiver<Said>,
    listener: AbortOnDropHandle<()>,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// By itself, not by a signal.
    pub(crate) by_itself: bool,
    /// With exit code 0.
    pub(crate) well: bool,
    pub(crate) said: Said,
}

impl Process {
    /// Starts ffmpeg.
    ///
    /// # Errors
    ///
    /// If it can't be started, in words.
    pub(crate) fn start(
        program: &Path,
        arguments: &[OsString],
        pictures: bool,
    ) -> Result<Self, String> {
        Self::try_start(program, arguments, pictures).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => missing(program),
            _ => format!("`{}` can't be started: {error}", program.display()),
        })
    }

    fn try_start(program: &Path, arguments: &[OsString], pictures: bool) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(
                ENVIRONMENT
                    .iter()
                    .filter_map(|name| Some((name, env::var_os(name)?))),
            )
            .env("AV_LOG_FORCE_NOCOLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: it ends as a whole, and not by a ctrl-C that is meant for us.
            .process_group(0)
            .kill_on_drop(true);
        let receiver = if pictures {
            let (read, write) = io::pipe()?;
            command.stdin(Stdio::from(OwnedFd::from(write)));
            Some(pipe::Receiver::from_owned_fd(read.into())?)
        } else {
            None
        };
        let mut child = command.spawn()?;
        // The command holds the end that is written to.
        drop(command);
        let (Some(sound), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("its output is not there"));
        };
        let (teller, said) = watch::channel(Said::default());
        let listener = AbortOnDropHandle::new(tokio::spawn(said::listen(stderr, teller)));
        Ok(Self {
            child,
            sound,
            pictures: receiver,
            said,
            listener,
        })
    }

    /// Waits for its end, which it is near; ends it if it takes too long.
    pub(crate) async fn end(mut self) -> Ending {
        let status = match timeout(END, self.child.wait()).await {
            Ok(Ok(status)) => Some(status),
            _ => {
                self.kill();
                // Even so it may stay, as in a system call that hangs; the runtime reaps it then.
                let _ = timeout(END, self.child.wait()).await;
                None
            }
        };
        // What it said last is still on its way.
        let _ = timeout(END, &mut self.listener).await;
        Ending {
            by_itself: status.is_some_and(|status| status.code().is_some()),
            well: status.as_ref().is_some_and(ExitStatus::success),
            said: self.said.borrow().clone(),
        }
    }

    /// Ends it at once.
    pub(crate) async fn stop(mut self) {
        self.kill();
        let _ = timeout(END, self.child.wait()).await;
    }

    fn kill(&mut self) {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        if let Some(group) = id.and_then(Pid::from_raw) {
            // It may have ended a moment ago.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// What to do if there is no such program; nothing if there is one.
pub(crate) fn look_for(program: &Path) -> Result<(), String> {
    let there = if program.components().count() > 1 {
        program.is_file()
    } else {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).any(|folder| folder.join(program).is_file())
    };
    if there { Ok(()) } else { Err(missing(program)) }
}

fn missing(program: &Path) -> String {
    format!(
        "there is no program `{}`; install ffmpeg (on Debian and Ubuntu: sudo apt-get install ffmpeg), or name it \
         by the setting `ffmpeg`",
        program.display()
    )
}

impl Drop for Process {
    fn drop(&mut self) {
        // The runtime waits for the child.
        self.kill();
    }
}
