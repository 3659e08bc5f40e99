//! The tasks of the rooms: opened and closed as the configuration says, one room's at a time.

use crate::{
    RoomSetup,
    admission::{self, Admission},
    fanout, moderators,
    room::RoomWork,
    shared::Shared,
};
use chatter_protocol::RoomId;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, Id, JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

/// How long a room may take to finish what it has begun.
const LAST_WRITES: Duration = Duration::from_millis(500);

/// All rooms that are at work. The tasks of one have ended before it is opened again: a room has one
/// order.
#[derive(Default)]
pub(crate) struct RoomTasks {
    /// Each gives back its room, and whether it ended without being told to.
    tasks: JoinSet<(RoomId, bool)>,
    open: BTreeMap<RoomId, Open>,
}

struct Open {
    stop: CancellationToken,
    task: AbortHandle,
}

impl RoomTasks {
    pub(crate) fn start(&mut self, shared: &Arc<Shared>, work: RoomWork) {
        let id = work.room.id.clone();
        self.spawn(id, |stop| run(Arc::clone(shared), work, stop));
    }

    fn spawn<F>(&mut self, room: RoomId, work: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = (RoomId, bool)> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = self.tasks.spawn(work(stop.clone()));
        self.open.insert(room, Open { stop, task });
    }

    /// Opens and closes rooms as is wanted, until one ends that should not have; which one.
    pub(crate) async fn keep(
        &mut self,
        shared: &Arc<Shared>,
        mut wanted: watch::Receiver<Vec<RoomSetup>>,
    ) -> RoomId {
        // It may have changed before anybody listened.
        wanted.mark_changed();
        loop {
            tokio::select! {
                Ok(()) = wanted.changed() => {
                    let setups = wanted.borrow_and_update().clone();
                    for work in shared.set_rooms(&setups) {
                        self.start(shared, work);
                    }
                    let gone = |id: &&RoomId| !setups.iter().any(|setup| setup.id == **id);
                    let gone = self.open.keys().filter(gone).cloned().collect();
                    if let Some(room) = self.close(gone).await {
                        return room;
                    }
                }
                Some(ended) = self.tasks.join_next_with_id() => {
                    if let Some(room) = self.settle(ended) {
                        return room;
                    }
                }
            }
        }
    }

    /// Ends all rooms.
    pub(crate) async fn end(&mut self) {
        // If one ended by itself meanwhile, its log says so, and so does what ends now.
        let _ = self.close(self.open.keys().cloned().collect()).await;
    }

    /// Ends some rooms. If another one, or one of them, ends without being told to meanwhile: which.
    async fn close(&mut self, rooms: Vec<RoomId>) -> Option<RoomId> {
        for room in &rooms {
            if let Some(open) = self.open.get(room) {
                open.stop.cancel();
            }
        }
        let mut failed = None;
        let ended = timeout(LAST_WRITES, async {
            while rooms.iter().any(|room| self.open.contains_key(room))
                && let Some(ended) = self.tasks.join_next_with_id().await
            {
                failed = self.settle(ended).or(failed.take());
            }
        });
        if ended.await.is_err() {
            for room in rooms {
                if let Some(open) = self.open.remove(&room) {
                    tracing::warn!(%room, "the room did not finish in time");
                    open.task.abort();
                }
            }
        }
        failed
    }

    /// A room's tasks have ended; which room, if they should not have. Only the room that is open with
    /// just these tasks is not open any more: it may have been closed late and opened again meanwhile.
    fn settle(&mut self, ended: Result<(Id, (RoomId, bool)), JoinError>) -> Option<RoomId> {
        let id = match &ended {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let mut these = self.open.extract_if(.., |_, open| open.task.id() == id);
        let open = these.next().map(|(room, _)| room);
        match ended {
            Ok((_, (room, early))) => early.then_some(room),
            // It was dropped, as it did not finish in time.
            Err(error) if error.is_cancelled() => None,
            Err(_) => open,
        }
    }
}

/// One room's tasks, until they are told to stop or one of them ends all the same.
pub(crate) async fn run(
    shared: Arc<Shared>,
    work: RoomWork,
    stop: CancellationToken,
) -> (RoomId, bool) {
    let RoomWork { room, queue } = work;
    let mut tasks = JoinSet::new();
    // One batch of lines at a time: the next is taken when this one is settled.
    let (lines, taken) = mpsc::channel(1);
    tasks.spawn(
        Admission::new(Arc::clone(&shared), Arc::clone(&room), queue, taken).run(stop.clone()),
    );
    tasks.spawn(admission::intake(
        Arc::clone(&shared),
        Arc::clone(&room),
        lines,
        stop.clone(),
    ));
    tasks.spawn(moderators::held::run(
        Arc::clone(&shared),
        Arc::clone(&room),
        stop.clone(),
    ));
    tasks.spawn(fanout::run(shared, Arc::clone(&room), stop.clone()));
    tasks.spawn(Arc::clone(&room.crowd).run(stop.clone()));
    let first = tasks.join_next().await;
    let early = !stop.is_cancelled();
    if early {
        tracing::error!(room = %room.id, ?first, "a task of the room has ended");
    }
    while !early && tasks.join_next().await.is_some() {}
    (room.id.clone(), early)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    fn room(name: &str) -> RoomId {
        RoomId::from_parts("main", name).unwrap()
    }

    /// Ends when it is told to.
    async fn well(room: RoomId, stop: CancellationToken) -> (RoomId, bool) {
        stop.cancelled().await;
        (room, false)
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_that_ends_while_another_is_closed_is_named() {
        for how in ["by itself", "by a panic"] {
            let mut tasks = RoomTasks::default();
            tasks.spawn(room("gone"), |stop| async move {
                stop.cancelled().await;
                // The other one is at its end before.
                tokio::time::sleep(LAST_WRITES / 2).await;
                (room("gone"), false)
            });
            tasks.spawn(room("ill"), |_| async move {
                assert!(how != "by a panic");
                (room("ill"), true)
            });
            tasks.spawn(room("fine"), |stop| well(room("fine"), stop));
            let failed = tasks.close(vec![room("gone")]).await;
            assert_eq!(failed, Some(room("ill")), "{how}");
            assert_eq!(tasks.open.into_keys().collect::<Vec<_>>(), [room("fine")]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_that_was_opened_again_is_not_taken_for_the_one_before() {
        let mut tasks = RoomTasks::default();
        tasks.spawn(room("lobby"), |_| ready((room("lobby"), false)));
        let ended = tasks.tasks.join_next_with_id().await.unwrap();
        tasks.spawn(room("lobby"), |stop| well(room("lobby"), stop));
        assert_eq!(tasks.settle(ended), None);
        assert!(tasks.open.contains_key(&room("lobby")));
        // It can be told to end.
        assert_eq!(tasks.close(vec![room("lobby")]).await, None);
        assert!(tasks.tasks.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_that_does_not_finish_in_time_is_dropped() {
        let mut tasks = RoomTasks::default();
        tasks.spawn(room("lobby"), |_| async {
            pending::<()>().await;
            (room("lobby"), false)
        });
        assert_eq!(tasks.close(vec![room("lobby")]).await, None);
        let ended = tasks.tasks.join_next_with_id().await.unwrap();
        assert_eq!(tasks.settle(ended), None);
    }
}
