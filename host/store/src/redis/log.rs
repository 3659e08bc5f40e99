//! A room's log.

use super::{
    Redis,
    answer::{Answer, from_json, strange, to_json, unavailable},
    keys::{self, Of},
    seen::{self, Mark},
};
use crate::{Appended, Duty, Head, LOG_KEEPS, LogPage, Place, StoreError};
use chatter_bus::redis::Said;
use chatter_protocol::{ChatMessage, RoomId};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// A log is trimmed to [`LOG_KEEPS`] only when this many more are in it.
const TRIM_AT: u64 = 250;

/// How many messages go into one run of a script, and come out of one: while it runs, nobody else is
/// served.
const AT_ONCE: usize = 500;

/// How long the first question about a room waits until its firehose is heard.
const LISTEN: Duration = Duration::from_millis(500);

/// Numbers in scripts are exact up to here.
const EXACT: u64 = 1 << 53;

impl Redis {
    pub(super) async fn append_to_log(
        &self,
        room: &RoomId,
        messages: &[Arc<ChatMessage>],
        fence: Option<u64>,
    ) -> Result<Appended, StoreError> {
        let mut places = Vec::with_capacity(messages.len());
        let mut rest = messages;
        let mut said = true;
        loop {
            let (now, later) = rest.split_at(rest.len().min(AT_ONCE));
            let (epoch, unsaid) = self.append_some(room, now, fence, &mut places).await?;
            said &= unsaid == 0;
            if later.is_empty() {
                return Ok(Appended {
                    epoch,
                    said,
                    places,
                });
            }
            rest = later;
        }
    }

    async fn append_some(
        &self,
        room: &RoomId,
        messages: &[Arc<ChatMessage>],
        fence: Option<u64>,
        places: &mut Vec<Place>,
    ) -> Result<(String, u64), StoreError> {
        self.listen_to(room).await;
        let seen = self.asker(room).await;
        let channel = keys::firehose(room);
        let (keeps, trim_at) = (LOG_KEEPS.to_string(), TRIM_AT.to_string());
        let request = format!("{:016x}", rand::random::<u64>());
        let fence = fence.map_or(String::new(), |fence| fence.to_string());
        let mut arguments = seen.arguments().to_vec();
        arguments.extend([
            self.shared.link.publish_command().as_bytes(),
            channel.as_bytes(),
            keeps.as_bytes(),
            trim_at.as_bytes(),
            request.as_bytes(),
            fence.as_bytes(),
        ]);
        let mut contents = Vec::with_capacity(messages.len());
        for message in messages {
            contents.push((message.id.as_uuid(), to_json(&**message, "a message")?));
        }
        for (id, json) in &contents {
            arguments.extend([&id.as_bytes()[..], json]);
        }
        let mut keys = [Of::Head, Of::Log, Of::Ids]
            .map(|what| keys::of(what, room))
            .to_vec();
        // Where a room is on its way to another node, scripts wait for keys that don't exist: no more of them than needed.
        if !fence.is_empty() {
            keys.push(keys::of(Of::Duties, room));
        }
        let script = &self.shared.scripts.append;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        let mut answer = Answer::new("append", answer.map_err(|fault| unavailable(&fault))?)?;
        let epoch = answer.text()?;
        if epoch.is_empty() {
            return Err(fenced(room, answer.text()?));
        }
        let unsaid = answer.count()?;
        self.renewed(room, &seen.mark, &epoch);
        let mut newest = Mark {
            epoch: epoch.clone(),
            ..Mark::default()
        };
        for (id, _) in &contents {
            let place = answer.number()?;
            let offset = place.unsigned_abs();
            places.push(match place {
                0 => Place::KeptBack,
                1.. => Place::New(offset),
                _ => Place::Known(offset),
            });
            if offset > newest.offset {
                newest.offset = offset;
                newest.id = id.as_bytes().to_vec();
            }
        }
        self.shared.seen.answered(room, seen.turn, newest);
        Ok((epoch, unsaid))
    }

    /// The messages after an offset, or the latest, with `first` saying where the log begins.
    pub(super) async fn read_log(
        &self,
        room: &RoomId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<LogPage, StoreError> {
        let (mut page, first) = self.read_some(room, after, limit.min(AT_ONCE)).await?;
        let begins = page
            .messages
            .first()
            .map_or(page.head.offset + 1, |(offset, _)| *offset);
        page.complete = match after {
            Some(after) => after <= page.head.offset && first <= after + 1,
            None => begins == 1,
        };
        while page.messages.len() < limit && page.messages.len() % AT_ONCE == 0 {
            // The latest are those before, so that they are read from where they begin.
            let from = match after {
                Some(_) => page.messages.last().map(|(offset, _)| *offset),
                None => page.messages.first().and_then(|(offset, _)| {
                    let wanted = u64::try_from((limit - page.messages.len()).min(AT_ONCE))
                        .unwrap_or(u64::MAX);
                    (*offset > 1).then(|| (offset - 1).saturating_sub(wanted))
                }),
            };
            let Some(from) = from else { break };
            let wanted = match after {
                Some(_) => limit - page.messages.len(),
                None => page.messages.first().map_or(0, |(offset, _)| {
                    usize::try_from(offset - 1 - from).unwrap_or(usize::MAX)
                }),
            };
            let (next, _) = self
                .read_some(room, Some(from), wanted.min(AT_ONCE))
                .await?;
            // Another log by now, or trimmed meanwhile: what was read so far is what there was.
            let joins = next.head.epoch == page.head.epoch
                && match (after, next.messages.first(), next.messages.last()) {
                    (Some(_), Some((first, _)), _) => *first == from + 1,
                    (None, _, Some((last, _))) => page
                        .messages
                        .first()
                        .is_some_and(|(offset, _)| *offset == last + 1),
                    _ => false,
                };
            if !joins {
                break;
            }
            if after.is_some() {
                page.messages.extend(next.messages);
            } else {
                page.messages.splice(0..0, next.messages);
                page.complete = page
                    .messages
                    .first()
                    .is_some_and(|(offset, _)| *offset == 1);
            }
        }
        Ok(page)
    }

    /// A page as one run of the script tells it, and the first offset that the log has.
    async fn read_some(
        &self,
        room: &RoomId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<(LogPage, u64), StoreError> {
        self.listen_to(room).await;
        let seen = self.asker(room).await;
        let from = after.map_or(String::new(), |after| after.min(EXACT).to_string());
        let limit = limit.to_string();
        let mut arguments = seen.arguments().to_vec();
        arguments.extend([from.as_bytes(), limit.as_bytes()]);
        let keys = [Of::Head, Of::Log, Of::Ids].map(|what| keys::of(what, room));
        let script = &self.shared.scripts.read;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        let mut answer = Answer::new("read", answer.map_err(|fault| unavailable(&fault))?)?;
        let (epoch, offset, id) = (answer.text()?, answer.count()?, answer.bytes()?);
        self.renewed(room, &seen.mark, &epoch);
        self.shared.seen.answered(
            room,
            seen.turn,
            Mark {
                epoch: epoch.clone(),
                offset,
                id,
            },
        );
        let first = answer.count()?;
        let mut messages = Vec::new();
        while answer.more() {
            let entry = answer.text()?;
            let offset = entry
                .strip_suffix("-0")
                .and_then(|offset| offset.parse().ok());
            let offset: u64 = offset.ok_or_else(|| strange("read"))?;
            let message = from_json(&answer.bytes()?, || {
                format!("the log of {room}, offset {offset}")
            })?;
            messages.push((offset, message));
        }
        if after.is_none() {
            messages.reverse();
        }
        let page = LogPage {
            head: Head { epoch, offset },
            messages,
            complete: false,
        };
        Ok((page, first))
    }

    /// Says so if a log turned out to be another one.
    fn renewed(&self, room: &RoomId, seen: &Mark, epoch: &str) {
        if !seen.epoch.is_empty() && seen.epoch != epoch {
            metrics::counter!("chatter_store_epochs_total").increment(1);
            tracing::error!(
                %room, seen = seen.offset,
                "Redis has lost messages of this room that were acknowledged: its log goes on under another epoch, and \
                 viewers are told"
            );
        }
    }

    /// What passes on the room's firehose was seen, too: it is listened to from before the first
    /// question about the room on. If that does not work now, or is given up, the next question tries again.
    async fn listen_to(&self, room: &RoomId) {
        let Some(beginning) = self.shared.seen.begin_to_listen(room) else {
            return;
        };
        self.list_again(room).await;
        let (shared, place) = (Arc::downgrade(&self.shared), room.clone());
        let channels = [keys::firehose(room)];
        let listening = self.shared.link.listen(&channels, move |_, said| {
            let Some(shared) = shared.upgrade() else {
                return;
            };
            match said {
                Said::Message(entry) => {
                    if let Some(mark) = seen::mark(&entry) {
                        shared.seen.heard(&place, mark);
                    }
                }
                Said::Interrupted => shared.seen.interrupted(&place),
                Said::Missed => shared.seen.back(&place),
            }
        });
        if let Ok(Ok(hearing)) = timeout(LISTEN, listening).await {
            beginning.listens(hearing);
        }
    }
}

/// Somebody else takes in what comes to the room.
pub(super) fn fenced(room: &RoomId, by: String) -> StoreError {
    StoreError::Fenced {
        room: room.clone(),
        duty: Duty::Intake,
        by,
    }
}

/// What a script is told of the one who asks.
struct Asker {
    mark: Mark,
    turn: u64,
    offset: String,
    /// For a new epoch, if one is needed.
    word: String,
    /// Whether the server has on disk what it answers to.
    keeps_all: &'static str,
}

impl Redis {
    async fn asker(&self, room: &RoomId) -> Asker {
        let keeps_all = self.shared.link.keeps_all(&keys::of(Of::Head, room)).await;
        let (mark, turn) = self.shared.seen.get(room);
        Asker {
            offset: mark.offset.to_string(),
            mark,
            turn,
            word: format!("{:08x}", rand::random::<u32>()),
            keeps_all: if keeps_all { "1" } else { "" },
        }
    }
}

impl Asker {
    fn arguments(&self) -> [&[u8]; 5] {
        [
            self.mark.epoch.as_bytes(),
            self.offset.as_bytes(),
            &self.mark.id,
            self.word.as_bytes(),
            self.keeps_all.as_bytes(),
        ]
    }
}
