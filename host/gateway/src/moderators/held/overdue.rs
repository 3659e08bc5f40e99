//! Looking after what lies on the desk and has had its time.

use super::{
    Decided, HeldNote,
    deciding::{Settling, finish, settle},
};
use crate::{
    moderators::orders::{self, Ordered},
    room::Room,
    shared::Shared,
};
use chatter_protocol::{
    AuthorId,
    moderators::{Decision, Named},
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Messages whose time is over that are settled before anybody is told of them.
const AT_ONCE: usize = 50;

/// A decision that was not carried out after so long is carried out by whoever sees it.
const STUCK: Duration = Duration::from_secs(30);

/// Looks after what lies on the desk each time when that is due, beside the room's other tasks: none of them waits for a
/// message to be settled. When it is to stop, what was begun with one message is finished and told.
pub(crate) async fn run(shared: Arc<Shared>, room: Arc<Room>, stop: CancellationToken) {
    let due = || stop.run_until_cancelled(room.moderators.due.notified());
    while due().await.is_some() {
        look_after(&shared, &room, &stop).await;
    }
}

/// What waited for too long goes, what was decided and not carried out is, and time-outs that are over are forgotten.
async fn look_after(shared: &Shared, room: &Arc<Room>, stop: &CancellationToken) {
    let now = shared.clock.now();
    let state = room.moderators.state();
    let (mut late, mut stuck) = (Vec::new(), Vec::new());
    for note in state.held.values() {
        match &note.decided {
            None if note.held.until <= now => late.push(note),
            Some(decided) if now.since(decided.at) > STUCK => stuck.push(note),
            _ => {}
        }
    }
    for some in late.chunks(AT_ONCE) {
        let mut settling = Settling::default();
        for note in some.iter().take_while(|_| !stop.is_cancelled()) {
            let done = expire(shared, room, note, &mut settling).await;
            if done.is_err() {
                // The store may take as long with the next one.
                std::mem::take(&mut settling).spread(shared, room).await;
            }
            tell_failure(room, note, done);
        }
        settling.spread(shared, room).await;
    }
    // Each may wait for the room's decision, and others not for that.
    for note in stuck.into_iter().take_while(|_| !stop.is_cancelled()) {
        let done = finish(shared, room, note).await;
        tell_failure(room, note, done.map(drop));
    }
    if !stop.is_cancelled()
        && let Err(problem) = orders::forget_old_bans(shared, room).await
    {
        tracing::debug!(room = %room.id, ?problem, "time-outs that are over could not be forgotten now");
    }
}

async fn expire(
    shared: &Shared,
    room: &Arc<Room>,
    note: &HeldNote,
    settling: &mut Settling,
) -> Ordered<()> {
    let by = AuthorId::new("system:chatter").expect("a literal of the right form");
    let decided = Decided {
        decision: Decision::Expired,
        by: Named {
            id: by,
            name: "chatter".into(),
        },
        reason: String::new(),
        at: shared.clock.now(),
    };
    settle(shared, room, note, decided, settling).await
}

fn tell_failure(room: &Room, note: &HeldNote, done: Ordered<()>) {
    if let Err(problem) = done {
        let id = note.held.message.id;
        tracing::debug!(room = %room.id, message = %id, ?problem, "a message that waits could not be settled now");
    }
}
