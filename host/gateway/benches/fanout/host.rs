//! The servers that are measured, each a process on the first processor.

use crate::peers;
use chatter_bus::InProcess;
use chatter_gateway::{Config, Gateway, OperatorToken, Parts, RoomSetup, ws};
use chatter_protocol::{Clock, ModerationPolicy, RoomId, room::Model};
use chatter_store::Sqlite;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "the-operator";

/// A server's process.
pub(crate) struct Server {
    pub(crate) kind: &'static str,
    pub(crate) address: SocketAddr,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts one; at an address and in a folder of a former one, if that is given.
    pub(crate) async fn start(
        kind: &'static str,
        again: Option<(SocketAddr, &Path)>,
    ) -> Option<Self> {
        let folder = folder();
        let place = again.map_or(folder.path(), |(_, folder)| folder);
        let address = again.map_or_else(free, |(address, _)| address);
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]);
        if matches!(kind, "bare" | "chatter") {
            command
                .arg(std::env::current_exe().unwrap())
                .args(["--serve", kind, &address.to_string()])
                .arg(place);
        } else {
            peers::command(&mut command, kind, address, place);
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("taskset is there: apt-get install util-linux");
        let server = Self {
            kind,
            address,
            child,
            _folder: folder,
        };
        for _ in 0..1000 {
            if TcpStream::connect(address).is_ok() {
                tokio::time::sleep(Duration::from_millis(500)).await;
                return Some(server);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        println!("  {kind} did not start");
        None
    }

    /// Tells the processor seconds of all its threads so far: the first field of proc(5)'s `schedstat`.
    pub(crate) fn meter(&self) -> Box<dyn Fn() -> f64> {
        let process = self.child.id();
        Box::new(move || processor_seconds(process))
    }

    pub(crate) fn resident_kib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Tells it to end, and waits for that.
    pub(crate) fn terminate(&mut self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a server's data are: in memory, since what the disk costs is the log's price (`cargo xtask
/// bench ingest` has it) and not that of showing a message.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.exists() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.unwrap()
}

pub(crate) fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// Puts a process, and all of its threads, on one processor.
pub(crate) fn pin(process: u32, processor: usize) {
    let pinned = Command::new("taskset")
        .args([
            "-a",
            "-c",
            "-p",
            &processor.to_string(),
            &process.to_string(),
        ])
        .stdout(Stdio::null())
        .status();
    assert!(
        pinned.is_ok_and(|status| status.success()),
        "two processors and taskset are needed: apt-get install util-linux"
    );
}

/// What a server's process does.
pub(crate) fn serve(kind: &str, address: &str, folder: &Path) {
    match kind {
        "bare" => bare(address),
        _ => chatter(address, folder),
    }
}

fn chatter(address: &str, folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let model = Model {
            model: "none".into(),
            place: "nowhere".into(),
            offline: true,
        };
        let mut config = Config::new(OperatorToken::new(TOKEN), model);
        let policy = include_str!("../../../../configs/moderation/default.toml");
        config.rooms = vec![RoomSetup {
            id: RoomId::new("main/lobby").unwrap(),
            modes: Default::default(),
            title: "The lobby".into(),
            policy: toml::from_str::<ModerationPolicy>(policy).unwrap(),
            personas: Vec::new(),
            recording: None,
        }];
        // As many as are asked for: what is refused costs nothing.
        config.limits.viewers = 100_000;
        config.limits.viewers_per_room = 100_000;
        config.limits.viewers_per_address = 100_000;
        config.limits.say_per_second = 1e9;
        config.limits.say_burst = u32::MAX;
        let parts = Parts {
            bus: Arc::new(InProcess::new()),
            store: Arc::new(Sqlite::open(&folder.join("chatter.db")).unwrap()),
            clock: Clock::system(),
            metrics: Arc::new(String::new),
            ready: Arc::new(|| Ok(())),
        };
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let ending = CancellationToken::new();
        let ended = ending.clone();
        tokio::spawn(async move {
            let kind = tokio::signal::unix::SignalKind::terminate();
            tokio::signal::unix::signal(kind).unwrap().recv().await;
            ended.cancel();
        });
        Gateway::new(config, parts).serve(listener, ending).await;
    });
}

/// One `send()` for each delivery, and nothing else.
fn bare(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    let viewers: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    loop {
        let (stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap_or(0) > 2 {
            line.clear();
        }
        if first.is_empty() {
            continue;
        }
        let answer = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        (&stream).write_all(answer.as_bytes()).unwrap();
        if first.contains("/pub") {
            let viewers = Arc::clone(&viewers);
            std::thread::spawn(move || publish(reader, &viewers));
        } else {
            viewers.lock().unwrap().push(stream);
        }
    }
}

fn publish(mut reader: BufReader<TcpStream>, viewers: &Mutex<Vec<TcpStream>>) {
    let mut decoder = ws::Decoder::new(ws::MAX_MESSAGE);
    let mut piece = [0; 4096];
    loop {
        let length = reader.read(&mut piece).unwrap_or(0);
        if length == 0 {
            return;
        }
        let mut bytes = &mut piece[..length];
        while !bytes.is_empty() {
            let (taken, message) = decoder.decode(bytes).unwrap();
            bytes = &mut bytes[taken..];
            if let Some(ws::Message::Text(text)) = message {
                let frame = ws::Frame::text(&text);
                for mut viewer in &*viewers.lock().unwrap() {
                    // A viewer that has gone is passed over.
                    let _ = viewer.write(frame.bytes());
                }
            }
        }
    }
}

fn processor_seconds(process: u32) -> f64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let of_task = |path: &Path| -> f64 {
        let stat = fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let first = stat.split(' ').next().and_then(|ns| ns.parse::<f64>().ok());
        first.unwrap_or(0.0)
    };
    tasks
        .map(|task| of_task(&task.unwrap().path()))
        .sum::<f64>()
        / 1e9
}
