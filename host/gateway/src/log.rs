//! Reading a room's log for its viewers: once for all who want the same.
//!
//! After a restart thousands come back at once, each with a place of its own in the log. Where the
//! log stands is asked once for all who came before the question, and pages begin at the same
//! offsets for everyone, are encoded once, and are kept for a while.

use crate::{crowd::Crowd, frames, shared::Shared};
use bytes::Bytes;
use chatter_protocol::RoomId;
use chatter_store::{Head, LogPage};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// Messages of a page. Pages begin after its multiples.
const PAGE: u64 = 200;

/// What pages may take together, in bytes of their frames; one may always be kept.
const KEPT: usize = 1 << 20;

/// Pages that were not wanted for so long are dropped.
const UNWANTED: Duration = Duration::from_secs(30);

/// How long an answer may take, with the wait for those that were asked for before.
const DEADLINE: Duration = Duration::from_secs(10);

/// The store fails, as was said to operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

#[derive(Debug)]
pub(crate) struct Log {
    room: RoomId,
    head: Mutex<Asked<Arc<Head>>>,
    heads: AtomicU64,
    pages: Mutex<Pages>,
    reads: AtomicU64,
}

/// The answer to the latest question, and which that was.
#[derive(Debug)]
struct Asked<T> {
    number: u64,
    answer: Option<Result<T, Unreadable>>,
}

#[derive(Debug, Default)]
struct Pages {
    /// With the time when it was wanted last.
    kept: VecDeque<(Arc<Page>, Instant)>,
    /// Those that some viewer has yet to be sent: a page is there once, however many are slow.
    held: Vec<Weak<Page>>,
    /// The latest read that failed.
    failed: u64,
}

impl Log {
    pub(crate) fn new(room: RoomId) -> Self {
        Self {
            room,
            head: Mutex::new(Asked {
                number: 0,
                answer: None,
            }),
            heads: AtomicU64::new(0),
            pages: Mutex::default(),
            reads: AtomicU64::new(0),
        }
    }

    /// Where the log stands, at a moment after this was called.
    pub(crate) async fn head(&self, shared: &Shared) -> Result<Arc<Head>, Unreadable> {
        in_time(self.ask_head(shared)).await
    }

    async fn ask_head(&self, shared: &Shared) -> Result<Arc<Head>, Unreadable> {
        let before = self.heads.load(Ordering::Acquire);
        let mut asked = self.head.lock().await;
        if asked.number > before
            && let Some(answer) = &asked.answer
        {
            return answer.clone();
        }
        let number = self.heads.fetch_add(1, Ordering::AcqRel) + 1;
        let answer = shared.store(shared.store.head(&self.room)).await;
        let answer = answer.map(Arc::new).map_err(|_| Unreadable);
        *asked = Asked {
            number,
            answer: Some(answer.clone()),
        };
        answer
    }

    /// The page with a message of a log that is known to have had it. If the log goes back less far,
    /// what it begins with; if it has become another one, that one's.
    pub(crate) async fn page(
        &self,
        shared: &Shared,
        crowd: &Crowd,
        epoch: &str,
        wanted: u64,
    ) -> Result<Arc<Page>, Unreadable> {
        in_time(self.read_page(shared, crowd, epoch, wanted)).await
    }

    async fn read_page(
        &self,
        shared: &Shared,
        crowd: &Crowd,
        epoch: &str,
        wanted: u64,
    ) -> Result<Arc<Page>, Unreadable> {
        let before = self.reads.load(Ordering::Acquire);
        let mut pages = self.pages.lock().await;
        if let Some(page) = pages.find(epoch, wanted, crowd.taken_back()) {
            return Ok(page);
        }
        if pages.failed > before {
            return Err(Unreadable);
        }
        let number = self.reads.fetch_add(1, Ordering::AcqRel) + 1;
        let after = wanted.saturating_sub(1) / PAGE * PAGE;
        let taken_back = crowd.taken_back();
        let read = shared.store.read_after(&self.room, after, PAGE as usize);
        match shared.store(read).await {
            Ok(page) => {
                let page = Arc::new(Page::new(page, taken_back));
                pages.keep(&page);
                Ok(page)
            }
            Err(_) => {
                pages.failed = number;
                Err(Unreadable)
            }
        }
    }

    /// Drops what nobody wants any more.
    pub(crate) fn tidy(&self) {
        if let Ok(mut pages) = self.pages.try_lock() {
            pages.kept.retain(|(_, wanted)| wanted.elapsed() < UNWANTED);
        }
    }
}

/// Waits for an answer, but not for ever.
async fn in_time<T>(asked: impl Future<Output = Result<T, Unreadable>>) -> Result<T, Unreadable> {
    timeout(DEADLINE, asked).await.unwrap_or(Err(Unreadable))
}

impl Pages {
    fn find(&mut self, epoch: &str, wanted: u64, taken_back: u64) -> Option<Arc<Page>> {
        let has = |page: &Page| {
            page.epoch == epoch && page.taken_back == taken_back && page.holds(wanted)
        };
        if let Some((page, wanted_at)) = self.kept.iter_mut().find(|(page, _)| has(page)) {
            *wanted_at = Instant::now();
            return Some(Arc::clone(page));
        }
        let mut held = self.held.iter().filter_map(Weak::upgrade);
        held.find(|page| has(page))
    }

    fn keep(&mut self, page: &Arc<Page>) {
        // A page that has grown since takes the place of what it was.
        self.kept
            .retain(|(kept, _)| kept.epoch == page.epoch && kept.first != page.first);
        self.kept.push_back((Arc::clone(page), Instant::now()));
        self.held.retain(|held| held.strong_count() > 0);
        self.held.push(Arc::downgrade(page));
        let size =
            |pages: &Self| -> usize { pages.kept.iter().map(|(page, _)| page.bytes.len()).sum() };
        while self.kept.len() > 1 && size(self) > KEPT {
            self.kept.pop_front();
        }
    }
}

/// A stretch of the log, as frames.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) epoch: String,
    /// How often something had been taken back when it was read: it is not shown after the next time.
    pub(crate) taken_back: u64,
    /// The first message's offset.
    pub(crate) first: u64,
    /// Where each frame ends.
    ends: Vec<usize>,
    bytes: Bytes,
}

impl Page {
    fn new(page: LogPage, taken_back: u64) -> Self {
        let first = page
            .messages
            .first()
            .map_or(page.head.offset + 1, |(offset, _)| *offset);
        let (mut bytes, mut ends) = (Vec::new(), Vec::with_capacity(page.messages.len()));
        for (wanted, (offset, message)) in (first..).zip(&page.messages) {
            if *offset != wanted {
                break;
            }
            bytes.extend_from_slice(frames::message(*offset, message).bytes());
            ends.push(bytes.len());
        }
        Self {
            epoch: page.head.epoch,
            taken_back,
            first,
            ends,
            bytes: bytes.into(),
        }
    }

    /// The last message's offset; less than the first one's if there is none.
    pub(crate) fn last(&self) -> u64 {
        (self.first + self.ends.len() as u64).saturating_sub(1)
    }

    pub(crate) fn holds(&self, offset: u64) -> bool {
        (self.first..=self.last()).contains(&offset)
    }

    /// The frames of the messages that follow an offset.
    pub(crate) fn after(&self, seen: u64) -> impl Iterator<Item = (u64, &[u8])> {
        let skip = (seen + 1).saturating_sub(self.first);
        let skip = usize::try_from(skip)
            .unwrap_or(usize::MAX)
            .min(self.ends.len());
        let start = skip.checked_sub(1).map_or(0, |before| self.ends[before]);
        let starts = std::iter::once(start).chain(self.ends[skip..].iter().copied());
        (self.first + skip as u64..)
            .zip(starts.zip(&self.ends[skip..]))
            .map(|(offset, (start, end))| (offset, &self.bytes[start..*end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(first: u64) -> Arc<Page> {
        Arc::new(Page {
            epoch: "e".into(),
            taken_back: 3,
            first,
            ends: vec![KEPT],
            bytes: vec![0; KEPT].into(),
        })
    }

    #[test]
    fn a_page_that_somebody_has_is_found_though_it_is_not_kept() {
        let mut pages = Pages::default();
        let slow = page(1);
        pages.keep(&slow);
        pages.keep(&page(201));
        assert_eq!(pages.kept.len(), 1, "one fills what may be kept");
        let found = pages.find("e", 1, 3).expect("a viewer has it");
        assert!(Arc::ptr_eq(&found, &slow));
        assert!(pages.find("another", 1, 3).is_none());
        assert!(pages.find("e", 1, 4).is_none(), "something was taken back");
        drop((found, slow));
        assert!(pages.find("e", 1, 3).is_none(), "nobody has it any more");
        assert!(pages.find("e", 201, 3).is_some());
    }
}
