//! A room's listener: its thread, and what goes in and comes out.

use crate::{Ear, Heard, ListenConfig, ListenError, Model, utterance::milliseconds};
use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Instant,
};
use tokio::sync::mpsc;

/// Sound that waits while an inference runs. Of more, the oldest is dropped; but as the thread takes in
/// all that waits after each inference, this much is there only on a machine that stands still.
const MOST_QUEUED_MS: u64 = 60_000;
/// What was heard and is not read yet. When it is full, listening waits, and what is to be listened to
/// is dropped at its own bounds.
const UNREAD: usize = 256;

/// Listens to one room until it is dropped, on a thread of its own. Nothing of it waits: if there is too
/// much sound, the oldest is dropped, and [`Heard::Missed`] says so.
#[derive(Debug)]
pub struct Listener {
    queue: Arc<Queue>,
    stop: Arc<AtomicBool>,
    model: Model,
}

/// What a listener hears.
#[derive(Debug)]
pub struct Hearing(mpsc::Receiver<Heard>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Item>,
    ms: u64,
    /// From and to.
    missed: Option<(u64, u64)>,
    closed: bool,
}

#[derive(Debug)]
enum Item {
    Sound { at_ms: u64, samples: Vec<f32> },
    Gap { to_ms: u64 },
    End,
}

impl Listener {
    /// Begins to listen.
    ///
    /// # Errors
    ///
    /// If the model does not know the language, or the system has no memory or no thread for it.
    pub fn start(model: &Model, config: ListenConfig) -> Result<(Self, Hearing), StartError> {
        let ear = Ear::new(model, config)?;
        let queue = Arc::new(Queue::default());
        let stop = ear.stop();
        let (tell, hearing) = mpsc::channel(UNREAD);
        let thread = Thread {
            ear,
            queue: Arc::clone(&queue),
            tell,
        };
        thread::Builder::new()
            .name("listener".into())
            .spawn(move || thread.run())
            .map_err(|error: io::Error| StartError::Thread(error.to_string()))?;
        let listener = Self {
            queue,
            stop,
            model: model.clone(),
        };
        Ok((listener, Hearing(hearing)))
    }

    /// Takes in sound of [`RATE`](crate::RATE), mono, -1..=1, that begins at a time of the stream's clock.
    pub fn hear(&self, at_ms: u64, samples: Vec<f32>) {
        self.queue.push(Item::Sound { at_ms, samples });
    }

    /// Nothing came, up to this time.
    pub fn gap(&self, to_ms: u64) {
        self.queue.push(Item::Gap { to_ms });
    }

    /// The sound is over: what waits is listened to, and [`Hearing::next`] gives none after it.
    pub fn end(&self) {
        self.queue.push(Item::End);
    }
}

impl Drop for Listener {
    /// Ends the thread soon: an inference that runs is broken off.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.queue.waiting().closed = true;
        self.queue.came.notify_all();
        self.model.0.seats.look();
    }
}

impl Hearing {
    /// What was heard next; none when the listener has ended.
    pub async fn next(&mut self) -> Option<Heard> {
        self.0.recv().await
    }
}

// === impl Queue ===

impl Queue {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: Item) {
        let mut waiting = self.waiting();
        waiting.ms += item.ms();
        waiting.items.push_back(item);
        while waiting.ms > MOST_QUEUED_MS
            && let Some(oldest) = waiting.items.pop_front()
        {
            waiting.ms -= oldest.ms();
            if let Item::Sound { at_ms, .. } = &oldest {
                let to_ms = at_ms + oldest.ms();
                let from_ms = waiting.missed.map_or(*at_ms, |(from_ms, _)| from_ms);
                waiting.missed = Some((from_ms, to_ms));
            }
        }
        drop(waiting);
        self.came.notify_all();
    }

    /// All that waits; waits itself until there is something. None when it is closed.
    fn take(&self) -> Option<Waiting> {
        let waiting = self.waiting();
        let mut waiting = self
            .came
            .wait_while(waiting, |waiting| {
                waiting.items.is_empty() && !waiting.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        (!waiting.closed).then(|| std::mem::take(&mut *waiting))
    }

    /// All that waits now.
    fn take_now(&self) -> Option<Waiting> {
        let mut waiting = self.waiting();
        (!waiting.closed).then(|| std::mem::take(&mut *waiting))
    }
}

impl Item {
    fn ms(&self) -> u64 {
        match self {
            Self::Sound { samples, .. } => milliseconds(samples.len()),
            Self::Gap { .. } | Self::End => 0,
        }
    }
}

// === impl Thread ===

/// What runs on the thread.
struct Thread {
    ear: Ear,
    queue: Arc<Queue>,
    tell: mpsc::Sender<Heard>,
}

/// Why it ends.
enum End {
    /// Nobody listens to it any more, or there is no more to listen to.
    Done,
    Failed(ListenError),
}

impl From<ListenError> for End {
    fn from(error: ListenError) -> Self {
        Self::Failed(error)
    }
}

impl Thread {
    fn run(mut self) {
        if let End::Failed(error) = self.work() {
            let why = error.to_string();
            tracing::error!(%error, "listening has ended");
            // Nobody may be there to hear it.
            let _ = self.tell.blocking_send(Heard::Stopped { why });
        }
    }

    /// Only ever ends.
    fn work(&mut self) -> End {
        loop {
            match self.round() {
                Ok(()) => {}
                Err(end) => return end,
            }
        }
    }

    fn round(&mut self) -> Result<(), End> {
        let mut over = self.take_in(self.queue.take().ok_or(End::Done)?)?;
        while self.ear.due() {
            let begun = Instant::now();
            self.ear.listen();
            self.ear.took(begun.elapsed());
            self.tell()?;
            over |= self.take_in(self.queue.take_now().ok_or(End::Done)?)?;
        }
        if over { Err(End::Done) } else { Ok(()) }
    }

    /// Whether the sound is over.
    fn take_in(&mut self, waiting: Waiting) -> Result<bool, End> {
        if let Some((from_ms, to_ms)) = waiting.missed {
            self.ear.end()?;
            self.tell
                .blocking_send(Heard::Missed { from_ms, to_ms })
                .map_err(|_| End::Done)?;
        }
        let mut over = false;
        for item in waiting.items {
            match item {
                Item::Sound { at_ms, samples } => self.ear.hear(at_ms, &samples)?,
                Item::Gap { to_ms } => self.ear.gap(to_ms)?,
                Item::End => {
                    self.ear.end()?;
                    over = true;
                }
            }
        }
        self.tell()?;
        Ok(over)
    }

    fn tell(&mut self) -> Result<(), End> {
        for heard in self.ear.told() {
            self.tell.blocking_send(heard).map_err(|_| End::Done)?;
        }
        Ok(())
    }
}

/// Why a listener can't begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Model and room don't fit, or there is no memory.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The system gives no thread.
    #[error("there is no thread for listening: {0}")]
    Thread(String),
}
