//! The beginning: hello, and where the viewer goes on.

use super::{End, Viewer, renewed};
use chatter_protocol::frames::Scope;
use std::sync::Arc;

/// So many messages of a log are shown to who comes with a place in another one: as many as a page shows at first.
/// All who were there come back at once when a log was lost.
const LATELY: u64 = 200;

/// Where a viewer wants to go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resume {
    pub(crate) after: Option<u64>,
    pub(crate) epoch: Option<String>,
    /// Whether it wants to see what happens on the stream.
    pub(crate) stream: bool,
}

impl Viewer {
    /// Says hello, and puts the viewer where it wants to be.
    pub(super) async fn greet(&mut self, token: Option<String>, resume: Resume) -> Result<(), End> {
        // Before anything is read: what is decided from here on it is told.
        let noticed = self.room.crowd.noticed();
        let head = self.room.log.head(&self.shared).await?;
        // The room has yet to notice that its log is another one: what it would show is of the old one.
        if !self.room.crowd.is_of(&head.epoch) {
            return Err(renewed());
        }
        let (mut recovered, mut seen, mut page) = (true, head.offset, None);
        if let Some(after) = resume.after {
            recovered =
                resume.epoch.is_none_or(|epoch| epoch == head.epoch) && after <= head.offset;
            // Otherwise its offsets count in a log that is gone: all that this one holds is new to it, and what was
            // said lately is shown.
            seen = if recovered {
                after
            } else {
                head.offset.saturating_sub(LATELY)
            };
            let held = self.room.crowd.holds(&head.epoch, seen, head.offset);
            if seen < head.offset && !held {
                let found = self
                    .room
                    .log
                    .page(&self.shared, &self.room.crowd, &head.epoch, seen + 1)
                    .await?;
                if found.epoch != head.epoch {
                    return Err(renewed());
                }
                if !found.holds(seen + 1) {
                    recovered = false;
                    seen = found.first - 1;
                }
                page = Some(found);
            }
        }
        let (hello, newest) = (self.hello(&head, recovered, token), head.offset);
        self.head = head;
        {
            let mut out = self.peer.out();
            out.push(hello);
            let moderates = self.scopes.contains(&Scope::Moderate);
            out.notice_from(noticed, moderates);
            let after = resume.after.filter(|_| recovered);
            for frame in self.room.moderators.first(&self.room, after, moderates) {
                out.push(frame);
            }
            if resume.stream {
                let (version, frame) = self.room.crowd.now.first(self.shared.clock.now());
                out.show_stream(version);
                if let Some(frame) = frame {
                    out.push(frame);
                }
            }
            out.go_on(seen, newest, page);
        }
        self.member = Some(self.room.crowd.join(Arc::clone(&self.peer)));
        self.peer.pump(&self.room.crowd);
        Ok(())
    }
}
