//! A listener to which a stream is pushed, as OBS does.
//!
//! The port is ours, not ffmpeg's: it stays open while nobody pushes and while ffmpeg is started anew,
//! whoever knocks without being a stream costs nothing but that connection, and when this program is
//! gone, so is the port. What comes is handed on to an ffmpeg that listens on this machine. ffmpeg
//! tells under which name the stream was pushed; before that is known to be the key, nothing of it
//! is told.

use crate::{
    Condition,
    arguments::{Input, arguments},
    play::Player,
    process::Process,
    run::{Exit, Opening, Run},
    source::{Listener, address},
};
use std::{io, net::Ipv4Addr, sync::Mutex, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

/// How long ffmpeg may take until it listens.
const START: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// A pause after an accept that failed, so that a lack of file descriptors does not become a spin.
const BREATH: Duration = Duration::from_millis(200);

impl Player {
    /// Waits for streams, one after the other. Never ends but by a failure.
    pub(crate) async fn listener(&mut self, at: &Listener) -> Condition {
        let listener = loop {
            match TcpListener::bind((&*at.host, at.port)).await {
                Ok(listener) => break listener,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    let why = format!("port {} is taken by another program", at.port);
                    self.pause(why).await;
                }
                Err(error) => {
                    let why = format!("{}:{} can't be listened at: {error}", at.host, at.port);
                    return Condition::Failed { why };
                }
            }
        };
        self.backoff.reset();
        let port = listener.local_addr().map_or(at.port, |bound| bound.port());
        let nobody = format!("nobody pushes to {}", address(&at.host, port, &at.app));
        let mut next = None;
        let mut why = nobody.clone();
        loop {
            let stream = match next.take() {
                Some(stream) => stream,
                None => {
                    self.tell(Condition::Waiting { why });
                    self.while_time_passes(accept(&listener)).await
                }
            };
            let run = match self.pushed(at, stream, &listener, &mut next).await {
                Ok(run) => run,
                Err(why) => return Condition::Failed { why },
            };
            // An encoder that was stopped is no trouble.
            let stopped = run.exit == Exit::Over && run.ending.by_itself && run.lasted_ms > 0;
            why = if stopped {
                nobody.clone()
            } else {
                format!("{nobody} ({})", run.why("what came was no stream"))
            };
            if run.lasted_ms > 0 || !self.ask_for_less(&run.ending).unwrap_or(false) {
                self.settle(&run);
            }
        }
    }

    /// One connection, until it ends.
    async fn pushed(
        &mut self,
        at: &Listener,
        stream: TcpStream,
        listener: &TcpListener,
        next: &mut Option<TcpStream>,
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
        let arguments = arguments(input, self.shape, 0);
        let process = Process::start(
            &self.options.ffmpeg,
            &arguments,
            self.shape.pictures.is_some(),
        )?;
        self.tell(Condition::Starting);
        let stall = self.options.patience.stall;
        let watch = self.watch(process, Opening::Key(&at.key));
        let relay = relay(stream, port, listener, stall);
        tokio::pin!(watch, relay);
        let mut relays = true;
        loop {
            tokio::select! {
                run = &mut watch => return Ok(run),
                other = &mut relay, if relays => {
                    relays = false;
                    *next = other;
                }
            }
        }
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => sleep(BREATH).await,
        }
    }
}

/// A port on which nobody listens now. If somebody takes it before ffmpeg does, the next connection
/// gets another.
async fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?.port())
}

/// Hands on what comes, until one end has no more. Who else connects meanwhile is turned away, unless
/// nothing came for as long as a stall: then it takes the place of the one before, and is given back.
async fn relay(
    stream: TcpStream,
    port: u16,
    listener: &TcpListener,
    stall: Duration,
) -> Option<TcpStream> {
    let connect = async {
        loop {
            match TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                Ok(stream) => return stream,
                Err(_) => sleep(POLL).await,
            }
        }
    };
    let ffmpeg = timeout(START, connect).await.ok()?;
    let (mut from_sender, mut to_sender) = stream.into_split();
    let (mut from_ffmpeg, mut to_ffmpeg) = ffmpeg.into_split();
    let came = Mutex::new(Instant::now());
    let silent = || came.lock().map_or(Duration::ZERO, |came| came.elapsed());
    let forth = async {
        let mut bytes = vec![0; 16 << 10];
        while let Ok(n @ 1..) = from_sender.read(&mut bytes).await {
            if let Ok(mut came) = came.lock() {
                *came = Instant::now();
            }
            if to_ffmpeg.write_all(&bytes[..n]).await.is_err() {
                break;
            }
        }
        let _ = to_ffmpeg.shutdown().await;
    };
    let back = async {
        let _ = copy(&mut from_ffmpeg, &mut to_sender).await;
    };
    let others = async {
        loop {
            let other = accept(listener).await;
            if silent() >= stall {
                return other;
            }
        }
    };
    tokio::pin!(back);
    tokio::select! {
        () = forth => {
            // What was handed on is lost if the connection is closed before it was read.
            let _ = timeout(BREATH, &mut back).await;
            None
        }
        () = &mut back => None,
        other = others => Some(other),
    }
}
