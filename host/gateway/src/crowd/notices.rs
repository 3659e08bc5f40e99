//! What moderators do, for viewers: beside the log, and other than what lies in the ring none of it is missed.
//!
//! A viewer has a place among the notices as it has one in the ring, and is shown what is new there before any
//! further message. One that is so far behind that a notice is gone has to come back.

use crate::ws::Frame;
use chatter_protocol::{AuthorId, MessageId};
use std::{
    collections::{VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

/// Notices that are kept for slow viewers.
const KEPT: usize = 512;

/// Something that viewers are told.
#[derive(Clone, Debug)]
pub(crate) enum Notice {
    /// All of them.
    All(Frame),
    /// Those who moderate.
    Moderators(Frame),
    /// Whose message this was, if they wait for it: the result.
    Author(MessageId, Settled),
    /// An author has other rights now, and is to come back.
    Rights(AuthorId),
}

/// What became of a message that waited.
#[derive(Clone, Debug)]
pub(crate) enum Settled {
    /// It is in the log at this offset.
    Approved(u64),
    /// It is not; the code and what is said of it.
    Refused(&'static str, String),
}

#[derive(Debug, Default)]
pub(super) struct Notices {
    kept: VecDeque<Notice>,
    /// The number of the first of them.
    first: u64,
}

impl Notices {
    pub(super) fn end(&self) -> u64 {
        self.first + self.kept.len() as u64
    }

    pub(super) fn push(&mut self, notice: Notice) {
        if self.kept.len() == KEPT {
            self.kept.pop_front();
            self.first += 1;
        }
        self.kept.push_back(notice);
    }

    /// Those from a number on; none if some of them are gone.
    pub(super) fn after(&self, from: u64) -> Option<impl Iterator<Item = &Notice>> {
        let skip = usize::try_from(from.checked_sub(self.first)?).ok()?;
        Some(self.kept.iter().skip(skip))
    }
}

/// An author, as a viewer is known by: a collision makes somebody come back who need not.
pub(super) fn mark(author: &AuthorId) -> u64 {
    let mut hasher = DefaultHasher::new();
    author.hash(&mut hasher);
    hasher.finish()
}
