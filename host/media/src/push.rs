//! A listener to which a stream is pushed, as OBS does.
//!
//! The port is ours, not ffmpeg's: it stays open while nobody pushes and while ffmpeg is started anew,
//! whoever knocks without being a stream costs nothing but that connection (see [`Door`]), and when this
//! program is gone, so is the port. What comes is handed on to an ffmpeg that listens on this machine.
//! ffmpeg tells under which name the stream was pushed; before that is known to be the key, nothing of it
//! is told, and who else begins a stream waits for the place.

use crate::{
    Condition,
    arguments::{Begin, Input, arguments},
    door::Door,
    play::{Player, whole},
    process::{self, Process},
    run::{Exit, Opening, Run},
    said::Said,
    source::{Listener, address},
};
use std::{collections::VecDeque, io, net::Ipv4Addr, sync::Mutex, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    time::{Instant, sleep, timeout},
};

/// How long ffmpeg may take until it listens.
const START: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// How much of what a sender says first is kept, in bytes: some seconds of it. So early, what ffmpeg answers
/// does not yet depend on how much came.
const KEPT: usize = 1 << 20;

/// How long what was handed on may take to be read.
const BREATH: Duration = Duration::from_millis(200);

/// How many wait while the one that has the place has not said the key yet. It has a few seconds for that.
const WAITING: usize = 4;

impl Player {
    /// Waits for streams, one after the other. Never ends but by a failure.
    pub(crate) async fn listener(&mut self, at: &Listener) -> Condition {
        // It would be noticed with the first stream, and be too late then.
        if let Err(why) = process::look_for(&self.options.ffmpeg) {
            return Condition::Failed { why };
        }
        let listener = loop {
            match TcpListener::bind((&*at.host, at.port)).await {
                Ok(listener) => break listener,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    let why = format!(
                        "port {} is taken by another room or another program",
                        at.port
                    );
                    self.pause(why).await;
                }
                // While a machine starts, its addresses may come later than its programs.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                    let why = format!("{} is no address of this machine", at.host);
                    self.pause(why).await;
                }
                Err(error) => {
                    let why = format!("{}:{} can't be listened at: {error}", at.host, at.port);
                    return Condition::Failed { why };
                }
            }
        };
        self.backoff.reset();
        let mut door = Door::new(listener);
        let port = door.port().unwrap_or(at.port);
        let nobody = format!("nobody pushes to {}", address(&at.host, port, &at.app));
        let mut next = VecDeque::new();
        let mut why = nobody.clone();
        loop {
            let mut sender = match next.pop_front() {
                Some(sender) => sender,
                None => {
                    self.tell(Condition::Waiting { why });
                    match self.while_time_passes(door.next()).await {
                        Ok(sender) => sender,
                        Err(what) => {
                            why = format!("{nobody} ({what})");
                            continue;
                        }
                    }
                }
            };
            let run = loop {
                let run = match self.pushed(at, &mut sender, &mut door, &mut next).await {
                    Ok(run) => run,
                    Err(problem) => break Err(problem),
                };
                let less = run.lasted_ms == 0 && self.ask_for_less(&run.ending).unwrap_or(false);
                if !less || !sender.may_be_repeated() {
                    break Ok(run);
                }
            };
            self.shape = whole(&self.options);
            let run = match run {
                Ok(run) => run,
                // What is in the way, such as a lack of descriptors, may pass; encoders try again.
                Err(problem) => {
                    drop(sender);
                    self.pause(problem).await;
                    why = nobody.clone();
                    continue;
                }
            };
            // An encoder that was stopped is no trouble.
            let stopped = run.exit == Exit::Over && run.ending.by_itself && run.lasted_ms > 0;
            why = if stopped {
                nobody.clone()
            } else {
                format!(
                    "{nobody} ({})",
                    run.why(&self.secrets, "what came was no stream")
                )
            };
        }
    }

    /// One connection, until it ends.
    async fn pushed(
        &mut self,
        at: &Listener,
        sender: &mut Sender,
        door: &mut Door,
        next: &mut VecDeque<Sender>,
    ) -> Result<Run, String> {
        let port = free_port()
            .await
            .map_err(|error| format!("there is no free port: {error}"))?;
        let name = format!("{:016x}", rand::random::<u64>());
        let input = Input::Pushed {
            port,
            app: &at.app,
            name: &name,
        };
        let arguments = arguments(input, self.shape, Begin::Live, &self.options.patience);
        let process = Process::start(
            &self.options.ffmpeg,
            &arguments,
            self.shape.pictures.is_some(),
        )?;
        self.tell(Condition::Starting);
        let came = Came::now();
        let said = process.said.clone();
        let stall = self.options.patience.stall;
        let watch = self.watch(process, Opening::Key(&at.key));
        let relay = async {
            tokio::select! {
                () = relay(sender, port, &came) => {}
                () = others(door, next, said, &at.key, || came.silent() >= stall) => {}
            }
        };
        tokio::pin!(watch, relay);
        let mut relays = true;
        loop {
            tokio::select! {
                run = &mut watch => return Ok(run),
                () = &mut relay, if relays => relays = false,
            }
        }
    }
}

/// A port on which nobody listens now. If somebody takes it before ffmpeg does, the next connection
/// gets another.
async fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?.port())
}

/// Whoever pushes. What it says first is kept, so that another ffmpeg can be told it again once the
/// first one has found out that there is no sound in it, or no picture.
pub(crate) struct Sender {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    said: Vec<u8>,
    /// How many bytes it was answered.
    answered: usize,
    /// It said more than is kept, or has gone.
    is_beyond: bool,
}

impl Sender {
    /// `said` has already come from it.
    pub(crate) fn new(stream: TcpStream, said: Vec<u8>) -> Self {
        let (from, to) = stream.into_split();
        Self {
            from,
            to,
            said,
            answered: 0,
            is_beyond: false,
        }
    }

    fn may_be_repeated(&self) -> bool {
        !self.is_beyond
    }
}

/// When something came last from whoever pushes.
struct Came(Mutex<Instant>);

impl Came {
    fn now() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn again(&self) {
        if let Ok(mut came) = self.0.lock() {
            *came = Instant::now();
        }
    }

    fn silent(&self) -> Duration {
        self.0.lock().map_or(Duration::ZERO, |came| came.elapsed())
    }
}

/// Who else begins a stream is turned away, unless nothing came from the one that has the place for as long
/// as a stall: then it is the next, and this ends. Until that one has said the key, some wait.
async fn others(
    door: &mut Door,
    next: &mut VecDeque<Sender>,
    mut said: watch::Receiver<Said>,
    key: &str,
    stalls: impl Fn() -> bool,
) {
    let mut known = false;
    loop {
        tokio::select! {
            Ok(_) = said.wait_for(|said| said.pushed.as_deref() == Some(key)), if !known => {
                known = true;
                next.clear();
            }
            other = door.next() => {
                let Ok(other) = other else { continue };
                if stalls() {
                    next.push_back(other);
                    return;
                }
                if !known && next.len() < WAITING {
                    next.push_back(other);
                }
            }
        }
    }
}

/// Hands on what comes, until one end has no more.
async fn relay(sender: &mut Sender, port: u16, came: &Came) {
    let connect = async {
        loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                Ok(stream) => return stream,
                Err(_) => sleep(POLL).await,
            }
        }
    };
    let Ok(ffmpeg) = timeout(START, connect).await else {
        return;
    };
    let (mut from_ffmpeg, mut to_ffmpeg) = ffmpeg.into_split();
    came.again();
    let Sender {
        from,
        to,
        said,
        answered,
        is_beyond,
    } = sender;
    let forth = async {
        let mut bytes = vec![0; 16 << 10];
        if to_ffmpeg.write_all(said).await.is_err() {
            return;
        }
        while let Ok(n @ 1..) = from.read(&mut bytes).await {
            came.again();
            if !*is_beyond && said.len() + n <= KEPT {
                said.extend(&bytes[..n]);
            } else {
                *is_beyond = true;
                *said = Vec::new();
            }
            if to_ffmpeg.write_all(&bytes[..n]).await.is_err() {
                return;
            }
        }
        *is_beyond = true;
        let _ = to_ffmpeg.shutdown().await;
    };
    let back = async {
        // The same was answered to what it says again.
        let mut again = *answered;
        let mut bytes = vec![0; 4 << 10];
        while let Ok(n @ 1..) = from_ffmpeg.read(&mut bytes).await {
            let known = again.min(n);
            again -= known;
            *answered += n - known;
            if to.write_all(&bytes[known..n]).await.is_err() {
                return;
            }
        }
    };
    tokio::pin!(back);
    tokio::select! {
        () = forth => {
            // What was handed on is lost if the connection is closed before it was read.
            let _ = timeout(BREATH, &mut back).await;
        }
        () = &mut back => {}
    }
}
