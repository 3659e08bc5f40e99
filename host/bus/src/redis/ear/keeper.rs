//! The connection to one node: kept, made anew when it breaks, and asked for what is wanted of the node.

use super::{
    super::{
        dial::{Dialer, ask},
        fault::{Fault, FaultKind},
        link::DEADLINE,
        node::{Pauses, silent},
        server::Address,
    },
    Ear,
};
use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use std::{
    collections::HashSet,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};
use tokio::{sync::Notify, time::sleep};

/// Keeps the connection to one node.
pub(super) struct Keeper {
    pub(super) ear: Weak<Ear>,
    pub(super) dialer: Arc<Dialer>,
    pub(super) at: Address,
    /// When what is wanted of the node has changed.
    pub(super) changed: Arc<Notify>,
}

impl Keeper {
    pub(super) async fn run(self) {
        let mut pauses = Pauses::new();
        loop {
            let (ear, at) = (Weak::clone(&self.ear), self.at.clone());
            let heard = Arc::<AtomicU64>::default();
            let count = Arc::clone(&heard);
            let hear = move |info| {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(ear) = ear.upgrade() {
                    ear.on_push(&at, info);
                }
            };
            let why = match self.dialer.dial(&self.at, Some(Box::new(hear))).await {
                Err(why) => why,
                Ok((connection, driver)) => {
                    let began = Instant::now();
                    let why = tokio::select! {
                        () = driver => Fault::new(FaultKind::Cut, format!("Redis at {} ended the connection", self.at)),
                        why = silent(&self.at, connection.clone(), &heard) => why,
                        why = self.keep_up(connection) => why,
                    };
                    tracing::warn!("what is said live is not heard for a moment: {why}");
                    if began.elapsed() > DEADLINE {
                        pauses = Pauses::new();
                    }
                    why
                }
            };
            let Some(ear) = self.ear.upgrade() else {
                return;
            };
            ear.interrupted(&self.at, why);
            drop(ear);
            sleep(pauses.next()).await;
        }
    }

    /// Asks for what is wanted, until the server refuses or nobody is left.
    async fn keep_up(&self, connection: MultiplexedConnection) -> Fault {
        let mut asked = HashSet::new();
        loop {
            let Some(ear) = self.ear.upgrade() else {
                return Fault::new(FaultKind::Cut, "nobody listens any more");
            };
            let (new, gone) = ear.differences(&self.at, &asked);
            let (listen, leave) = if ear.sharded {
                ("SSUBSCRIBE", "SUNSUBSCRIBE")
            } else {
                ("SUBSCRIBE", "UNSUBSCRIBE")
            };
            drop(ear);
            if new.is_empty() && gone.is_empty() {
                self.changed.notified().await;
                continue;
            }
            let commands = gone.iter().map(|name| (leave, name));
            let commands = commands.chain(new.iter().map(|name| (listen, name)));
            let answers = join_all(commands.map(|(what, name)| {
                let mut connection = connection.clone();
                let mut command = redis::cmd(what);
                command.arg(name);
                let at = &self.at;
                async move { ask(at, &mut connection, &command).await }
            }))
            .await;
            if let Some(why) = answers.into_iter().find_map(Result::err) {
                return why;
            }
            for name in &gone {
                asked.remove(name);
            }
            asked.extend(new.iter().cloned());
            if let Some(ear) = self.ear.upgrade() {
                ear.confirm(&self.at, &new);
            }
        }
    }
}
