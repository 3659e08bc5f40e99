use crate::Failure;
use std::{
    io::{IsTerminal as _, stderr, stdin, stdout},
    sync::Arc,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
};

/// ctrl-C, SIGTERM and SIGHUP, from when this is made.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    in_terminal: bool,
    reload: Arc<Notify>,
}

impl Signals {
    pub(super) fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Failure::failed(format!("can't listen to signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            in_terminal: in_terminal(),
            reload: Arc::default(),
        })
    }

    /// Waits for a signal to end. SIGHUP is one if the terminal that the program was started in is
    /// gone; otherwise somebody wants the configuration to be read again, and [`Signals::reload`] is
    /// told so.
    pub(super) async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return,
                _ = self.terminate.recv() => return,
                _ = self.hang_up.recv() => {
                    if self.in_terminal && !in_terminal() {
                        return;
                    }
                    self.reload.notify_one();
                }
            }
        }
    }

    /// What is told when the configuration is to be read again.
    pub(super) fn reload(&self) -> Arc<Notify> {
        Arc::clone(&self.reload)
    }
}

/// A terminal that has hung up is none any more.
fn in_terminal() -> bool {
    stdin().is_terminal() || stdout().is_terminal() || stderr().is_terminal()
}
