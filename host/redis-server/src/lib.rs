//! Real redis-servers for tests, each with a folder and a port of its own, ended with the test by
//! its process id; clusters of them, and a proxy that stands between a client and one of them.
//!
//! It must not know what is kept there. It panics where a test can't go on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cluster;
mod proxy;
mod tls;

pub use cluster::Cluster;
pub use proxy::Proxy;
pub use tls::TlsServer;

use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// How long a server may take to start, on a busy machine.
const START: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(10);

/// How often another port is tried, if somebody was quicker to take one.
const TRIES: usize = 5;

/// The options of a server that is told nothing else: what it has answered to is on disk.
const SAFE: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--save",
    "",
];

/// A server on this machine.
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    options: Vec<String>,
    child: Option<Child>,
    /// Whether it speaks without TLS at all.
    plain: bool,
}

impl RedisServer {
    /// A server that writes what it answered to to its disk first.
    #[must_use]
    pub fn start() -> Self {
        Self::with(&SAFE)
    }

    /// A server that keeps nothing when it ends.
    #[must_use]
    pub fn forgetful() -> Self {
        Self::with(&["--save", "", "--appendonly", "no"])
    }

    /// A server with these options of `redis-server`, in a folder of its own.
    #[must_use]
    pub fn with(options: &[&str]) -> Self {
        Self::in_folder(TempDir::new().unwrap(), options)
    }

    /// As [`with`](Self::with), in a folder that holds files which the options name.
    #[must_use]
    pub fn in_folder(folder: TempDir, options: &[&str]) -> Self {
        let mut server = Self {
            folder,
            port: 0,
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            child: None,
            plain: !options.contains(&"--tls-port"),
        };
        for _ in 0..TRIES {
            server.port = free_port();
            if server.try_start() {
                return server;
            }
        }
        panic!("no redis-server starts: {}", server.log());
    }

    /// Its port; that for TLS if it was started with one.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// What chatter calls it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Its folder, with its data and its log.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Ends it at once, as the machine's end would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A process that is stopped ends by this, too.
            let _ = child.kill();
            child.wait().unwrap();
        }
    }

    /// Starts it again with the data that it has on disk; ends it before, if it runs.
    pub fn restart(&mut self) {
        self.kill();
        assert!(
            self.try_start(),
            "redis-server does not start again: {}",
            self.log()
        );
    }

    /// Starts it again without its data.
    pub fn restart_empty(&mut self) {
        self.kill();
        for name in ["dump.rdb", "appendonly.aof", "appendonlydir"] {
            let path = self.folder.path().join(name);
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else if path.exists() {
                fs::remove_file(path).unwrap();
            }
        }
        assert!(
            self.try_start(),
            "redis-server does not start again: {}",
            self.log()
        );
    }

    /// Stops it as it is: it answers nobody until it goes on.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Keeps the data that it has now in its folder, for a later [`put_back`](Self::put_back).
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let _ = self.cli(&["SAVE"]);
        fs::read(self.folder.path().join("dump.rdb")).unwrap()
    }

    /// Starts it again with data that it had earlier, as [`save`](Self::save) kept them. For a server
    /// without an append-only file.
    pub fn put_back(&mut self, data: &[u8]) {
        self.kill();
        fs::write(self.folder.path().join("dump.rdb"), data).unwrap();
        assert!(
            self.try_start(),
            "redis-server does not start again: {}",
            self.log()
        );
    }

    /// What `redis-cli` prints, for a server without TLS.
    #[must_use]
    pub fn cli(&self, words: &[&str]) -> String {
        cli(self.port, words)
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn try_start(&mut self) -> bool {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        // Nothing of the machine's own configuration, and only this machine.
        command
            .args([
                "--bind",
                "127.0.0.1",
                "--logfile",
                "log",
                "--enable-debug-command",
                "local",
            ])
            .args(["--dir".as_ref(), self.folder.path().as_os_str()]);
        if self.plain {
            command.args(["--port", &port]);
        }
        let options = self
            .options
            .iter()
            .map(|option| option.replace("PORT", &port));
        command
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => panic!(
                "there is no redis-server: install it, on Debian and Ubuntu by `sudo apt-get install redis-server`, or \
                 let `cargo xtask setup` do it"
            ),
            Err(error) => panic!("redis-server can't be started: {error}"),
        };
        self.child = Some(child);
        let began = Instant::now();
        while began.elapsed() < START {
            if self.child.as_mut().unwrap().try_wait().unwrap().is_some() {
                self.child = None;
                return false;
            }
            if self.answers() {
                return true;
            }
            sleep(POLL);
        }
        self.kill();
        false
    }

    /// Whether it serves: any answer but that it is loading, or that TLS is listened for.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address()) else {
            return false;
        };
        if !self.plain {
            return true;
        }
        let mut answer = [0; 64];
        stream
            .set_read_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        if stream.write_all(b"PING\r\n").is_err() {
            return false;
        }
        let length = stream.read(&mut answer).unwrap_or(0);
        length > 0 && !answer.starts_with(b"-LOADING")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What `redis-cli` prints, of a server at that port of this machine.
fn cli(port: u16, words: &[&str]) -> String {
    let port = port.to_string();
    let output = Command::new("redis-cli")
        .args(["-p", &port])
        .args(words)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A port that nobody listens at, for now.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Writes a file into a folder, for options that name one; they are relative to it.
fn file(folder: &TempDir, name: &str, content: &str) {
    fs::write(folder.path().join(name), content).unwrap();
}
