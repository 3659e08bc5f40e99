//! The program as a user runs it: its own process, its own folders, any free port.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses its part of this, and what fails here fails a test"
)]

pub(crate) mod metrics;
pub(crate) mod viewer;

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The longest that anything in these tests may take: a bound for a machine that is busy with other
/// things, not what is expected.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const ROOM: &str = "main/lobby";

/// A source of which every second says something, with questions and cheers, four minutes long.
pub(crate) fn subtitles() -> String {
    let lines = [
        "Welcome back to the lighthouse, everyone.",
        "We are going to paint the lantern room today.",
        "Chat, which colour should the lantern be?",
        "Look at that! Incredible! What a save!",
        "The brush is older than the lighthouse itself.",
        "Oh no, the paint bucket fell down the stairs.",
        "Does anybody know how to clean a spiral staircase?",
        "That worked! Yes! Amazing!",
    ];
    let mut text = String::from("WEBVTT\n");
    for (i, line) in lines.iter().cycle().take(120).enumerate() {
        let (from, to) = (i * 2, i * 2 + 2);
        text.push_str(&format!(
            "\n{:02}:{:02}.000 --> {:02}:{:02}.000\n{line}\n",
            from / 60,
            from % 60,
            to / 60,
            to % 60
        ));
    }
    text
}

/// Folders of one test, removed at its end.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    /// A room with two personas on the modules that ship, which speak at almost every occasion.
    pub(crate) fn lively() -> Self {
        let home = Self::empty();
        home.write(
            "configs/moderation/default.toml",
            "name = \"default\"\nblocklist = [\"forbidden fruit\"]\n",
        );
        for (id, name, module) in [("nova", "Nova", "regular"), ("pogo", "Pogo", "hype")] {
            home.write(
                &format!("configs/personas/{id}.toml"),
                format!(
                    "id = \"{id}\"\nname = \"{name}\"\nmodule = \"{module}\"\nbio = \"Loves lighthouses.\"\n\
                     style = \"short and warm\"\n[traits]\ntalkativeness = 1.0\nexcitability = 1.0\n\
                     helpfulness = 1.0\nsociability = 1.0\n"
                ),
            );
        }
        home.write(
            "configs/rooms/lobby.toml",
            "id = \"main/lobby\"\ntitle = \"Lobby\"\n[source]\nuri = \"show.vtt\"\nspeed = 10\nloop = true\n\
             [[roster]]\npersona = \"nova\"\n[[roster]]\npersona = \"pogo\"\n\
             [tuning]\nbase_lines_per_minute = 60\nevent_boost = 1\nmention_boost = 1\nquestion_boost = 1\n\
             reply_boost = 1\ncooldown_s = 0\nhuman_first = 1\nbot_share = 1\npersona_lines_per_minute = 120\n\
             room_lines_per_minute = 240\n",
        );
        home.write("configs/rooms/show.vtt", subtitles());
        home
    }

    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// `chatter` with these words, with nothing of the tester's environment that it would heed.
    pub(crate) fn chatter(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chatter"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CHATTER_")) {
            command.env_remove(name);
        }
        command
            .current_dir(self.folder.path())
            .args(words)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let mut process = Process::start(self.chatter(words));
        let status = process.wait();
        let mut output = Output {
            status,
            stdout: Vec::new(),
            stderr: Vec::new(),
        };
        while let Some(line) = process.next_line() {
            output.stdout.extend(line.bytes().chain([b'\n']));
        }
        output.stderr = process.stderr().into_bytes();
        output
    }

    /// Starts `chatter serve` and waits until it listens.
    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        self.serve_with(&plugins(), "127.0.0.1:0", more)
    }

    /// The same at a certain address, with certain modules.
    pub(crate) fn serve_with(&self, plugins: &Path, listen: &str, more: &[&str]) -> Server {
        Server::listening(self.start(plugins, listen, more))
    }

    /// Starts `chatter serve` and does not wait.
    pub(crate) fn start(&self, plugins: &Path, listen: &str, more: &[&str]) -> Process {
        Process::start(self.serving(plugins, listen, more))
    }

    /// `chatter serve`, to be started.
    pub(crate) fn serving(&self, plugins: &Path, listen: &str, more: &[&str]) -> Command {
        let plugins = plugins.to_str().unwrap();
        let words = [
            "serve",
            "--compiled",
            concat!(env!("CARGO_TARGET_TMPDIR"), "/../compiled"),
            "--data",
            "data",
            "--plugins",
            plugins,
            "--listen",
            listen,
            "--seed",
            "7",
        ];
        self.chatter(&[&words, more].concat())
    }
}

/// The modules that ship, built.
pub(crate) fn plugins() -> PathBuf {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    for name in ["regular", "hype"] {
        let file = plugins.join(name).with_extension("wasm");
        assert!(
            file.is_file(),
            "{} is missing: `cargo xtask personas` builds it",
            file.display()
        );
    }
    plugins.canonicalize().unwrap()
}

/// A build of the persona that misbehaves, of which this word is true: `host/runtime/tests/rascal` has
/// what they mean.
pub(crate) fn rascal(word: &str) -> Vec<u8> {
    let file = concat!(
        env!("CARGO_TARGET_TMPDIR"),
        "/../wasm32-wasip2/persona/rascal.wasm"
    );
    let mut component = fs::read(file).expect("`cargo xtask test` builds rascal");
    let mark = b"rascal-version:good";
    let at = component.windows(mark.len()).position(|part| part == mark);
    let end = at.expect("rascal has a version to write over") + mark.len();
    component[end - word.len()..end].copy_from_slice(word.as_bytes());
    component
}

/// A server that listens.
pub(crate) struct Server {
    pub(crate) url: String,
    /// What it printed before.
    pub(crate) report: Vec<String>,
    pub(crate) process: Process,
}

impl Server {
    /// Waits until it listens.
    pub(crate) fn listening(mut process: Process) -> Self {
        let mut report = Vec::new();
        loop {
            let Some(line) = process.next_line() else {
                panic!(
                    "chatter ended before it listened:\n{}\n{}",
                    report.join("\n"),
                    process.stderr()
                );
            };
            if let Some(url) = line.strip_prefix("listening on ") {
                return Self {
                    url: url.to_owned(),
                    report,
                    process,
                };
            }
            report.push(line);
        }
    }

    /// The address without its scheme.
    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }
}

/// A process that ends with the test.
pub(crate) struct Process {
    child: Child,
    lines: mpsc::Receiver<String>,
    stderr: tempfile::NamedTempFile,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        let stderr = tempfile::NamedTempFile::new().unwrap();
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(stderr.reopen().unwrap())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        // Ends with the process: then its stdout does.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            lines,
            stderr,
        }
    }

    /// The next line of its stdout; `None` after the last.
    pub(crate) fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Some(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!(
                "nothing was printed for {DEADLINE:?}; stderr:\n{}",
                self.stderr()
            ),
        }
    }

    /// Reads lines until one holds this.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        loop {
            let Some(line) = self.next_line() else {
                panic!("ended before it printed {part:?}:\n{}", self.stderr())
            };
            if line.contains(part) {
                return line;
            }
        }
    }

    pub(crate) fn stderr(&self) -> String {
        let mut text = String::new();
        self.stderr
            .reopen()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    /// Waits until its stderr holds this.
    pub(crate) fn stderr_with(&self, part: &str) {
        let started = Instant::now();
        while !self.stderr().contains(part) {
            assert!(
                started.elapsed() < DEADLINE,
                "no {part:?} in\n{}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                started.elapsed() < DEADLINE,
                "still running after {DEADLINE:?}:\n{}",
                self.stderr()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// kill -9
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- stderr of {}\n{}", self.child.id(), self.stderr());
        }
    }
}
