//! What a process listens to: one connection to each node for all of it, and who wants what of it.

mod keeper;

use super::{dial::Dialer, fault::Fault, server::Address};
use bytes::Bytes;
use keeper::Keeper;
use redis::{PushInfo, PushKind, Value};
use std::{
    collections::{HashMap, HashSet},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::{sync::Notify, task::AbortHandle};

/// What one who listens to a channel is told.
#[derive(Clone, Debug)]
pub enum Said {
    /// Somebody said this.
    Message(Bytes),
    /// Nothing is heard from now on.
    Interrupted,
    /// It is heard again; something may have been said meanwhile that was not.
    Missed,
}

type Listener = Arc<dyn Fn(&str, Said) + Send + Sync>;

/// All that a process listens to.
pub(super) struct Ear {
    dialer: Arc<Dialer>,
    /// Whether channels live on their slot's node, as on a cluster.
    sharded: bool,
    heard: Mutex<Heard>,
    /// When channels are heard that were not.
    confirmed: Notify,
    /// When a channel is not where it was thought to be.
    pub(super) lost_way: Arc<Notify>,
    numbers: AtomicU64,
}

#[derive(Default)]
struct Heard {
    channels: HashMap<String, Channel>,
    lines: HashMap<Address, Line>,
}

struct Channel {
    at: Address,
    /// Whether the server has confirmed it on the present connection.
    confirmed: bool,
    /// Whether it was confirmed on an earlier one.
    interrupted: bool,
    listeners: Vec<(u64, Listener)>,
}

/// The connection to one node.
struct Line {
    /// When what is wanted of it has changed.
    changed: Arc<Notify>,
    trouble: Option<Fault>,
    task: AbortHandle,
}

/// Who is to be told what: they are told when nothing is locked any more, since they may listen to
/// something else, or no longer.
#[derive(Default)]
struct Told(Vec<(Listener, String, Said)>);

impl Told {
    fn add(&mut self, name: &str, channel: &Channel, said: &Said) {
        let listeners = channel.listeners.iter();
        let told =
            listeners.map(|(_, listener)| (Arc::clone(listener), name.to_owned(), said.clone()));
        self.0.extend(told);
    }

    /// A channel is not heard any more.
    fn interrupt(&mut self, name: &str, channel: &mut Channel) {
        if std::mem::take(&mut channel.confirmed) {
            channel.interrupted = true;
            self.add(name, channel, &Said::Interrupted);
        }
    }

    fn tell(self) {
        for (listener, name, said) in self.0 {
            listener(&name, said);
        }
    }
}

/// That somebody listens; dropped to listen no longer.
pub struct Hearing {
    ear: Weak<Ear>,
    number: u64,
    channels: Vec<String>,
}

impl Drop for Hearing {
    fn drop(&mut self) {
        if let Some(ear) = self.ear.upgrade() {
            ear.forget(self.number, &self.channels);
        }
    }
}

impl Ear {
    pub(super) fn new(dialer: Arc<Dialer>, sharded: bool) -> Arc<Self> {
        Arc::new(Self {
            dialer,
            sharded,
            heard: Mutex::default(),
            confirmed: Notify::new(),
            lost_way: Arc::default(),
            numbers: AtomicU64::new(0),
        })
    }

    /// From now on `listener` is told what is said on these channels, once the server has confirmed
    /// them.
    pub(super) fn register(
        ear: &Arc<Self>,
        channels: &[String],
        listener: Listener,
        place: impl Fn(&str) -> Address,
    ) -> Hearing {
        let number = ear.numbers.fetch_add(1, Ordering::Relaxed);
        let mut heard = ear.lock();
        for name in channels {
            let channel = heard
                .channels
                .entry(name.clone())
                .or_insert_with(|| Channel {
                    at: place(name),
                    confirmed: false,
                    interrupted: false,
                    listeners: Vec::new(),
                });
            if channel
                .listeners
                .last()
                .is_none_or(|(last, _)| *last != number)
            {
                channel.listeners.push((number, Arc::clone(&listener)));
            }
            let at = channel.at.clone();
            Self::line(ear, &mut heard, &at).changed.notify_one();
        }
        drop(heard);
        Hearing {
            ear: Arc::downgrade(ear),
            number,
            channels: channels.to_vec(),
        }
    }

    /// Waits until the server has confirmed all of these.
    pub(super) async fn heard(&self, channels: &[String]) {
        loop {
            let mut changed = pin!(self.confirmed.notified());
            changed.as_mut().enable();
            {
                let heard = self.lock();
                let confirmed = |name| {
                    heard
                        .channels
                        .get(name)
                        .is_none_or(|channel: &Channel| channel.confirmed)
                };
                if channels.iter().all(confirmed) {
                    return;
                }
            }
            changed.await;
        }
    }

    /// Why a connection is not there, if one isn't.
    pub(super) fn trouble(&self) -> Option<Fault> {
        self.lock()
            .lines
            .values()
            .find_map(|line| line.trouble.clone())
    }

    /// Channels may be with other nodes now.
    pub(super) fn rearrange(ear: &Arc<Self>, place: impl Fn(&str) -> Address) {
        let mut told = Told::default();
        let mut heard = ear.lock();
        let mut touched = HashSet::new();
        for (name, channel) in &mut heard.channels {
            let at = place(name);
            if at != channel.at {
                touched.insert(std::mem::replace(&mut channel.at, at.clone()));
                touched.insert(at);
                told.interrupt(name, channel);
            }
        }
        for at in touched {
            Self::line(ear, &mut heard, &at).changed.notify_one();
        }
        let Heard { channels, lines } = &mut *heard;
        lines.retain(|at, _| channels.values().any(|channel| channel.at == *at));
        drop(heard);
        told.tell();
    }

    fn forget(&self, number: u64, channels: &[String]) {
        let mut heard = self.lock();
        let Heard {
            channels: all,
            lines,
        } = &mut *heard;
        for name in channels {
            let Some(channel) = all.get_mut(name) else {
                continue;
            };
            channel.listeners.retain(|(known, _)| *known != number);
            if channel.listeners.is_empty() {
                if let Some(line) = lines.get(&channel.at) {
                    line.changed.notify_one();
                }
                all.remove(name);
            }
        }
    }

    fn line<'a>(ear: &Arc<Self>, heard: &'a mut Heard, at: &Address) -> &'a mut Line {
        heard.lines.entry(at.clone()).or_insert_with(|| {
            let changed = Arc::new(Notify::new());
            let keeper = Keeper {
                ear: Arc::downgrade(ear),
                dialer: Arc::clone(&ear.dialer),
                at: at.clone(),
                changed: Arc::clone(&changed),
            };
            Line {
                changed,
                trouble: None,
                task: tokio::spawn(keeper.run()).abort_handle(),
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // === What a connection tells ===

    fn on_push(&self, at: &Address, info: PushInfo) {
        let mut data = info.data.into_iter();
        let Some(Value::BulkString(channel)) = data.next() else {
            return;
        };
        let Ok(name) = std::str::from_utf8(&channel) else {
            return;
        };
        match info.kind {
            PushKind::Message | PushKind::SMessage => {
                let Some(Value::BulkString(payload)) = data.next() else {
                    return;
                };
                let mut told = Told::default();
                if let Some(channel) = self.lock().channels.get(name) {
                    told.add(name, channel, &Said::Message(Bytes::from(payload)));
                }
                told.tell();
            }
            // Unless it was asked for: the channel's slot has gone to another node.
            PushKind::SUnsubscribe => {
                let mut told = Told::default();
                let mut heard = self.lock();
                let Heard { channels, lines } = &mut *heard;
                if let Some(channel) = channels.get_mut(name)
                    && channel.at == *at
                {
                    told.interrupt(name, channel);
                    if let Some(line) = lines.get(at) {
                        line.changed.notify_one();
                    }
                    self.lost_way.notify_one();
                }
                drop(heard);
                told.tell();
            }
            _ => {}
        }
    }

    /// What is to be asked of a node and what is no longer, given what was asked for and is confirmed.
    fn differences(&self, at: &Address, asked: &HashSet<String>) -> (Vec<String>, Vec<String>) {
        let heard = self.lock();
        let here = |name: &String| {
            heard
                .channels
                .get(name)
                .is_some_and(|channel| channel.at == *at)
        };
        let wanted = heard
            .channels
            .iter()
            .filter(|(_, channel)| channel.at == *at);
        let new = wanted.filter(|(name, channel)| !channel.confirmed || !asked.contains(*name));
        (
            new.map(|(name, _)| name.clone()).collect(),
            asked.iter().filter(|name| !here(name)).cloned().collect(),
        )
    }

    fn confirm(&self, at: &Address, names: &[String]) {
        let mut told = Told::default();
        let mut heard = self.lock();
        for name in names {
            let Some(channel) = heard
                .channels
                .get_mut(name)
                .filter(|channel| channel.at == *at)
            else {
                continue;
            };
            channel.confirmed = true;
            if std::mem::take(&mut channel.interrupted) {
                told.add(name, channel, &Said::Missed);
            }
        }
        if let Some(line) = heard.lines.get_mut(at) {
            line.trouble = None;
        }
        drop(heard);
        told.tell();
        self.confirmed.notify_waiters();
    }

    fn interrupted(&self, at: &Address, why: Fault) {
        let mut told = Told::default();
        let mut heard = self.lock();
        for (name, channel) in &mut heard.channels {
            if channel.at == *at {
                told.interrupt(name, channel);
            }
        }
        if let Some(line) = heard.lines.get_mut(at) {
            line.trouble = Some(why);
        }
        drop(heard);
        told.tell();
        if self.sharded {
            self.lost_way.notify_one();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}
