//! Who does what in a room, where several processes share a store: leases with fencing numbers.
//!
//! A lease alone can't keep two processes from believing that they hold it: one may be paused
//! between looking at its lease and acting on it. So each time a duty changes hands its number goes
//! up, and the store refuses what comes with an older one (Kleppmann 2016, "How to do distributed
//! locking").

use crate::StoreError;
use async_trait::async_trait;
use chatter_protocol::RoomId;
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// What one process at a time does in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Duty {
    /// Runs the room's personas.
    Personas,
    /// Takes the personas' lines out of the room's queue, and what is said on `chat.ingest`.
    Intake,
    /// Says what happens on the room's stream.
    Context,
    /// Says what the room's chat as a whole does.
    Trends,
}

impl Duty {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Personas, Self::Intake, Self::Context, Self::Trends];

    /// Its name, as in a store's keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Personas => "personas",
            Self::Intake => "intake",
            Self::Context => "context",
            Self::Trends => "trends",
        }
    }

    /// What those who do it are called, as a group of [`Duties::meet`].
    ///
    /// The number is that of the rule by which they share out the rooms. Processes of a version with another rule are a group
    /// of their own: each group shares out all rooms, and the leases say who has which, so that none is left out by a rule
    /// and taken by no other while one version follows the other.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Personas => "worker-2",
            Self::Intake => "gateway-2",
            Self::Context => "context-2",
            Self::Trends => "trends-2",
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a lease stands for whoever asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It is theirs, under this fencing number: the same for as long as nobody else held it in
    /// between, and greater than any that others had before.
    Held(u64),
    /// Somebody else has it.
    Taken {
        /// Who.
        by: String,
        /// For how long from now, unless they keep it.
        left: Duration,
    },
    /// The part of the store that knows does not answer, or fails; why.
    Unknown(String),
}

/// Who does what in a store's rooms, and who is there to do it.
#[async_trait]
pub trait Duties: Send + Sync {
    /// Takes a duty in some rooms, or keeps it, for `ttl` from now by the store's clock; how each
    /// stands then, in the order of the rooms. Where a part of the store is away, the others count. A holder's name must be of one process alone: one
    /// that was started again has another.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn take(
        &self,
        rooms: &[RoomId],
        duty: Duty,
        holder: &str,
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError>;

    /// Gives up what the holder has of these, so that others need not wait for its end. The
    /// fencing number stays valid until somebody else takes the duty.
    ///
    /// # Errors
    ///
    /// If the store fails; the leases end by themselves then.
    async fn give_up(&self, rooms: &[RoomId], duty: Duty, holder: &str) -> Result<(), StoreError>;

    /// Says that `member` is there, for `ttl` from now; who is there, this one included, by name.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError>;

    /// Who is there, by name, for whoever is none of them.
    ///
    /// # Errors
    ///
    /// If the store fails.
    async fn present(&self, group: &str) -> Result<Vec<String>, StoreError>;

    /// Says that `member` is there no longer.
    ///
    /// # Errors
    ///
    /// If the store fails; the others notice when its time is up.
    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError>;
}

/// The duties of a store that belongs to one process: they are gone with it, and so are all who
/// could have had them.
#[derive(Debug, Default)]
pub(crate) struct OfOneProcess(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    held: HashMap<(RoomId, Duty), Holder>,
    /// Until when each member of each group is there.
    members: HashMap<String, BTreeMap<String, Instant>>,
}

#[derive(Debug)]
struct Holder {
    name: String,
    fence: u64,
    /// None once it was given up.
    until: Option<Instant>,
}

impl OfOneProcess {
    /// Refuses what comes with an older number than the room's newest.
    pub(crate) fn check(
        &self,
        room: &RoomId,
        duty: Duty,
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        let Some(fence) = fence else { return Ok(()) };
        let inner = self.lock();
        match inner.held.get(&(room.clone(), duty)) {
            Some(place) if place.fence > fence => Err(StoreError::Fenced {
                room: room.clone(),
                duty,
                by: place.name.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Duties for OfOneProcess {
    async fn take(
        &self,
        rooms: &[RoomId],
        duty: Duty,
        holder: &str,
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let now = Instant::now();
        let mut inner = self.lock();
        let take = |room: &RoomId| {
            let place = inner.held.entry((room.clone(), duty)).or_insert(Holder {
                name: String::new(),
                fence: 0,
                until: None,
            });
            let left = place
                .until
                .map(|until| until.saturating_duration_since(now))
                .filter(|left| !left.is_zero());
            if place.name != holder {
                if let Some(left) = left {
                    let by = place.name.clone();
                    return Lease::Taken { by, left };
                }
                place.fence += 1;
                holder.clone_into(&mut place.name);
            }
            place.until = Some(now + ttl);
            Lease::Held(place.fence)
        };
        Ok(rooms.iter().map(take).collect())
    }

    async fn give_up(&self, rooms: &[RoomId], duty: Duty, holder: &str) -> Result<(), StoreError> {
        let mut inner = self.lock();
        for room in rooms {
            if let Some(place) = inner.held.get_mut(&(room.clone(), duty))
                && place.name == holder
            {
                place.until = None;
            }
        }
        Ok(())
    }

    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError> {
        let now = Instant::now();
        let mut inner = self.lock();
        let members = inner.members.entry(group.to_owned()).or_default();
        members.insert(member.to_owned(), now + ttl);
        members.retain(|_, until| *until > now);
        Ok(members.keys().cloned().collect())
    }

    async fn present(&self, group: &str) -> Result<Vec<String>, StoreError> {
        let now = Instant::now();
        let inner = self.lock();
        let members = inner.members.get(group).into_iter().flatten();
        let there = members.filter(|(_, until)| **until > now);
        Ok(there.map(|(member, _)| member.clone()).collect())
    }

    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError> {
        if let Some(members) = self.lock().members.get_mut(group) {
            members.remove(member);
        }
        Ok(())
    }
}
