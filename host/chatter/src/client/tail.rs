//! `chatter tail`: a room's chat, line by line, through restarts of the server.

use super::{
    block_on,
    connection::{Connection, Ended, Position},
    line::Lines,
};
use crate::{Failure, args::TailOptions};
use chatter_protocol::frames::{Placed, ServerFrame};
use std::{
    io::{self, Write},
    time::Duration,
};

/// How long to wait before the first new try; each further wait is twice as long, up to the second
/// number, and shortened by a random half, so that not all come back at once.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

pub(crate) fn run(options: TailOptions) -> Result<(), Failure> {
    block_on(async {
        tokio::select! {
            ended = Tail::new(&options).follow() => ended,
            signal = tokio::signal::ctrl_c() => signal.map_err(Failure::failed),
        }
    })
}

struct Tail<'a> {
    options: &'a TailOptions,
    position: Position,
    lines: Lines,
    /// Whether the server has ever answered.
    met: bool,
    tries: u32,
}

/// Why reading along ends.
enum Stop {
    /// The connection did.
    Ended(Ended),
    /// Nobody reads what is printed, or it can't be printed.
    Output(io::Error),
}

impl From<Ended> for Stop {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl<'a> Tail<'a> {
    fn new(options: &'a TailOptions) -> Self {
        let position = Position {
            after: options.after,
            epoch: None,
        };
        Self {
            options,
            position,
            lines: Lines::default(),
            met: false,
            tries: 0,
        }
    }

    async fn follow(mut self) -> Result<(), Failure> {
        loop {
            let Err(stop) = self.connected().await else {
                continue;
            };
            match stop {
                Stop::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                Stop::Output(error) => {
                    return Err(Failure::failed(format!("can't print: {error}")));
                }
                Stop::Ended(Ended::Refused(why)) => return Err(Failure::Failed(why)),
                Stop::Ended(Ended::Lost(why)) => {
                    if !self.met && !self.options.wait {
                        return Err(Failure::failed(format!(
                            "{why}; start it with `chatter serve`, or wait for it with --wait"
                        )));
                    }
                    if self.tries == 0 {
                        note(&format!("{why}; trying again"));
                    }
                    tokio::time::sleep(self.backoff()).await;
                }
            }
        }
    }

    fn backoff(&mut self) -> Duration {
        let (first, longest) = BACKOFF;
        let full = first.saturating_mul(1 << self.tries.min(16)).min(longest);
        self.tries += 1;
        full.mul_f64(rand::random_range(0.5..=1.0))
    }

    /// Reads along until the connection ends.
    async fn connected(&mut self) -> Result<(), Stop> {
        let mut connection =
            Connection::open(&self.options.server.url, &self.options.room, &self.position).await?;
        loop {
            match connection.next().await? {
                ServerFrame::Hello {
                    epoch,
                    offset,
                    recovered,
                    ..
                } => self.hello(epoch, offset, recovered),
                ServerFrame::Message { offset, message } => {
                    let placed = Placed { offset, message };
                    let line = if self.options.json {
                        serde_json::to_string(&placed).map_err(io::Error::other)?
                    } else {
                        self.lines.of(&placed.message)
                    };
                    print(&line)?;
                    self.position.after = Some(
                        self.position
                            .after
                            .map_or(offset, |after| after.max(offset)),
                    );
                }
                ServerFrame::Remove { id, reason } if !self.options.json => {
                    print(&self.lines.removal(id, &reason))?;
                }
                ServerFrame::Error { detail, .. } => note(&super::line::printable(&detail)),
                _ => {}
            }
        }
    }

    fn hello(&mut self, epoch: String, offset: u64, recovered: bool) {
        self.met = true;
        self.tries = 0;
        if !recovered && self.position.after.is_some() {
            let another_log = self
                .position
                .epoch
                .as_ref()
                .is_some_and(|known| *known != epoch);
            note(if another_log {
                "the room's log was begun anew"
            } else {
                "some messages in between are gone"
            });
            // Whatever is there comes now, and is counted from its start.
            self.position.after = Some(0);
        }
        self.position.epoch = Some(epoch);
        self.position.after.get_or_insert(offset);
    }
}

fn print(line: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// Something about the connection, apart from the chat.
fn note(text: &str) {
    let dim = anstyle::Style::new().dimmed();
    let _ = writeln!(anstream::stderr().lock(), "{dim}chatter: {text}{dim:#}");
}
