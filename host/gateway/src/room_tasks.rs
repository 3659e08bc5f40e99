//! The tasks of the rooms: opened and closed as the configuration says, one room's at a time.

use crate::{
    RoomSetup,
    admission::{self, Admission},
    fanout,
    room::RoomWork,
    shared::Shared,
};
use chatter_protocol::RoomId;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
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
        let stop = CancellationToken::new();
        let task = self
            .tasks
            .spawn(run(Arc::clone(shared), work, stop.clone()));
        self.open.insert(id, Open { stop, task });
    }

    /// Opens and closes rooms as is wanted, until one ends that should not have; which one.
    pub(crate) async fn keep(
        &mut self,
        shared: &Arc<Shared>,
        mut wanted: watch::Receiver<Vec<RoomSetup>>,
    ) -> Option<RoomId> {
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
                    self.close(gone).await;
                }
                Some(ended) = self.tasks.join_next() => match ended {
                    Ok((room, false)) => _ = self.open.remove(&room),
                    Ok((room, true)) => return Some(room),
                    // It was dropped, as it did not finish in time.
                    Err(error) if error.is_cancelled() => {}
                    Err(_) => return None,
                },
            }
        }
    }

    /// Ends all rooms.
    pub(crate) async fn end(&mut self) {
        self.close(self.open.keys().cloned().collect()).await;
    }

    async fn close(&mut self, rooms: Vec<RoomId>) {
        for room in &rooms {
            if let Some(open) = self.open.get(room) {
                open.stop.cancel();
            }
        }
        let ended = timeout(LAST_WRITES, async {
            while rooms.iter().any(|room| self.open.contains_key(room))
                && let Some(ended) = self.tasks.join_next().await
            {
                if let Ok((room, _)) = ended {
                    self.open.remove(&room);
                }
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
    tasks.spawn(admission::lines(
        Arc::clone(&shared),
        Arc::clone(&room),
        lines,
        stop.clone(),
    ));
    tasks.spawn(admission::ingest(
        Arc::clone(&shared),
        Arc::clone(&room),
        stop.clone(),
    ));
    tasks.spawn(fanout::run(shared, Arc::clone(&room), stop.clone()));
    let first = tasks.join_next().await;
    let early = !stop.is_cancelled();
    if early {
        tracing::error!(room = %room.id, ?first, "a task of the room has ended");
    }
    while !early && tasks.join_next().await.is_some() {}
    (room.id.clone(), early)
}
