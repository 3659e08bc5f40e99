//! Memories on their way to the memory.
//!
//! They lie with their room, since the commit of a call keeps them together with all else that came
//! of it. Which rooms may have some is written down before, elsewhere on a cluster: a room that is
//! looked at in vain costs a question. Where that place loses it, whoever has to do with the room writes
//! it down again when a server is back, and when it comes to the room for the first time.
//!
//! Of several processes that deliver, each gets others; what one of them does not settle in time,
//! another gets. What can't be read is handed out as that.

use super::{
    Redis,
    answer::{Answer, strange, to_json, unavailable},
    keys::{self, Of},
};
use crate::{
    CallCommit, OutboxEntry, OutboxId, PendingMemory, StoreError, Unreadable, outbox::number,
};
use chatter_bus::redis::{self, Fault, Value};
use chatter_protocol::{PersonaId, RoomId, TenantId, Timestamp, memory};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

/// For how long what was handed out is one's own: not for as long as who delivers counts as there, so that one who takes over
/// finds nothing that is still another's and would come after what follows it.
const CLAIM: Duration = Duration::from_secs(10);

/// For how long a room counts as one that may have memories, after it was written down: much longer
/// than a commit that follows can take.
const LISTED: Duration = Duration::from_secs(3600);

/// How often rooms that have none are looked for.
const TIDY: Duration = Duration::from_secs(60);

/// A memory, as it lies in the outbox.
#[derive(Serialize, Deserialize)]
struct Kept {
    persona: PersonaId,
    write_id: String,
    at: Timestamp,
    entry: memory::NewEntry,
}

impl Redis {
    /// Gives each memory its number, and writes the room down as one that may have some.
    pub(super) async fn number_memories(
        &self,
        commit: &CallCommit,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        if commit.memories.is_empty() {
            return Ok(Vec::new());
        }
        let mut kept = Vec::with_capacity(commit.memories.len());
        for (n, entry) in commit.memories.iter().enumerate() {
            // JSON has no way to write these, and what is in the outbox must be readable.
            if !entry.confidence.is_finite() {
                let why = format!(
                    "call {}: a memory's confidence is not a number",
                    commit.call_id
                );
                return Err(StoreError::Refused(why));
            }
            let memory = Kept {
                persona: commit.persona.clone(),
                write_id: format!("{}/{n}", commit.call_id),
                at: commit.at,
                entry: entry.clone(),
            };
            kept.push(to_json(&memory, "a memory")?);
        }
        let keys = [keys::NUMBER, keys::ROOMS].map(str::to_owned);
        let count = kept.len().to_string();
        let arguments = [commit.room.as_str().as_bytes(), count.as_bytes()];
        let script = &self.shared.scripts.enter;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        let answer = Value::Array(vec![answer.map_err(|fault| unavailable(&fault))?]);
        let first = Answer::new("enter", answer)?.count()?;
        Ok((first..)
            .map(|number| number.to_string())
            .zip(kept)
            .collect())
    }

    /// Best effort: whoever is not woken looks by itself after a while.
    pub(super) async fn wake_couriers(&self) {
        let _ = self.shared.link.publish(keys::MEMORIES, b"").await;
    }

    pub(super) async fn waiting_memories(
        &self,
        others: &[OutboxId],
        limit: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let others = by_room(others);
        let others = |room: &RoomId| others.get(room.as_str()).map_or(&[][..], |own| own);
        let rooms = self.listed_rooms().await?;
        let looks = rooms.iter().map(|room| async move {
            let own = others(room);
            let mut answer = self.outbox(room, own, limit.min(1000), None).await?;
            let mut numbers = Vec::new();
            while answer.more() {
                numbers.push((answer.number()?, room));
            }
            Ok(numbers)
        });
        let waiting = there(join_all(looks).await)?.concat();
        self.forget_empty(&rooms, &waiting).await;
        // Only what is handed out is claimed.
        let mut shares: BTreeMap<&RoomId, usize> = BTreeMap::new();
        for (_, room) in in_turn(waiting).into_iter().take(limit.min(1000)) {
            *shares.entry(room).or_default() += 1;
        }
        let claims = shares
            .into_iter()
            .map(|(room, share)| self.claim(room, others(room), share));
        let mut memories = there(join_all(claims).await)?.concat();
        memories.sort_by_key(number);
        Ok(memories)
    }

    async fn outbox(
        &self,
        room: &RoomId,
        others: &[String],
        limit: usize,
        claim: Option<Duration>,
    ) -> Result<Answer, StoreError> {
        let keys = [Of::Outbox, Of::Memories, Of::Claims].map(|what| keys::of(what, room));
        let claim = claim.map_or(String::new(), |claim| claim.as_millis().to_string());
        let limit = limit.to_string();
        let arguments = [&self.shared.name, &claim, &limit];
        let arguments = arguments.into_iter().chain(others).map(String::as_bytes);
        let script = &self.shared.scripts.outbox;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        Answer::new("outbox", answer.map_err(|fault| unavailable(&fault))?)
    }

    async fn claim(
        &self,
        room: &RoomId,
        others: &[String],
        share: usize,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut answer = self.outbox(room, others, share, Some(CLAIM)).await?;
        let mut memories = Vec::new();
        while answer.more() {
            let id = answer.number()?;
            memories.push(pending(room, id, &answer.bytes()?));
        }
        Ok(memories)
    }

    /// All of all rooms, whoever is delivering them.
    pub(super) async fn all_memories(&self) -> Result<Vec<OutboxEntry>, StoreError> {
        let mut memories = Vec::new();
        for room in &self.listed_rooms().await? {
            let kept = keys::of(Of::Memories, room);
            let mut cursor = "0".to_owned();
            loop {
                let mut command = redis::command("HSCAN");
                command.arg(&kept).arg(&cursor).arg("COUNT").arg(1000);
                let answer = self.shared.link.ask("memories", &kept, &command).await;
                let answer = answer.map_err(|fault| unavailable(&fault))?;
                let Value::Array(parts) = answer else {
                    return Err(strange("memories"));
                };
                let [next, page] =
                    <[Value; 2]>::try_from(parts).map_err(|_| strange("memories"))?;
                cursor = Answer::new("memories", Value::Array(vec![next]))?.text()?;
                let mut page = Answer::new("memories", page)?;
                while page.more() {
                    let id = page.text()?.parse().map_err(|_| strange("memories"))?;
                    memories.push(pending(room, id, &page.bytes()?));
                }
                if cursor == "0" {
                    break;
                }
            }
        }
        // What changes while it is read may be told twice.
        memories.sort_by_key(number);
        memories.dedup_by_key(|memory| number(memory));
        Ok(memories)
    }

    /// Writes a room down that has memories: where that was written down may have lost it.
    pub(super) async fn list_again(&self, room: &RoomId) {
        let outbox = keys::of(Of::Outbox, room);
        let mut command = redis::command("EXISTS");
        command.arg(&outbox);
        if let Ok(Value::Int(1)) = self.shared.link.ask("rooms", &outbox, &command).await {
            let keys = [keys::NUMBER, keys::ROOMS].map(str::to_owned);
            let script = &self.shared.scripts.enter;
            let arguments = [room.as_str().as_bytes(), b"0"];
            // Whoever remembers something there writes it down, too.
            let _ = self.shared.link.run(script, &keys, arguments).await;
        }
    }

    pub(super) async fn memories_arrived(&self, ids: &[OutboxId]) -> Result<(), StoreError> {
        let ids = by_room(ids);
        let settled = ids.iter().map(|(room, ids)| async move {
            // Another name than a room's has nothing.
            let Ok(room) = RoomId::new(room) else {
                return Ok(());
            };
            let keys = [Of::Outbox, Of::Memories, Of::Claims].map(|what| keys::of(what, &room));
            for ids in ids.chunks(1000) {
                let ids = ids.iter().map(String::as_bytes);
                self.shared
                    .link
                    .run(&self.shared.scripts.delivered, &keys, ids)
                    .await?;
            }
            Ok(())
        });
        let settled: Vec<Result<(), Fault>> = join_all(settled).await;
        let of = settled.len();
        let mut faults = settled.into_iter().filter_map(Result::err);
        match (faults.next(), faults.count()) {
            (None, _) => Ok(()),
            (Some(fault), 0) => Err(unavailable(&fault)),
            (Some(fault), more) => Err(StoreError::Unavailable(format!(
                "{fault} (so in {} of {of} rooms)",
                more + 1
            ))),
        }
    }

    /// The rooms that may have memories.
    async fn listed_rooms(&self) -> Result<Vec<RoomId>, StoreError> {
        let mut command = redis::command("ZRANGE");
        command.arg(keys::ROOMS).arg(0).arg(-1);
        let rooms = self.shared.link.ask("rooms", keys::ROOMS, &command).await;
        let mut answer = Answer::new("rooms", rooms.map_err(|fault| unavailable(&fault))?)?;
        let mut rooms = Vec::new();
        while answer.more() {
            let name = answer.bytes()?;
            let name = String::from_utf8_lossy(&name);
            match RoomId::new(&name) {
                Ok(room) => rooms.push(room),
                Err(error) if !self.shared.strange_rooms.swap(true, Ordering::Relaxed) => {
                    let key = keys::ROOMS;
                    tracing::warn!(key, %name, %error, "this program knows no room of that name: memories that wait in it stay there");
                }
                Err(_) => {}
            }
        }
        Ok(rooms)
    }

    /// Rooms that were written down long ago and have nothing are written down no longer. It is
    /// looked for now and then; if it fails, it is done the next time.
    async fn forget_empty(&self, rooms: &[RoomId], waiting: &[(i64, &RoomId)]) {
        if !self.shared.tidied.is_due(TIDY) {
            return;
        }
        let empty = |room: &RoomId| !waiting.iter().any(|(_, there)| *there == room);
        join_all(rooms.iter().filter(|room| empty(room)).map(|room| async {
            let mut command = redis::command("EXISTS");
            let outbox = keys::of(Of::Outbox, room);
            command.arg(&outbox);
            // What others are delivering is not seen here.
            if let Ok(Value::Int(0)) = self.shared.link.ask("rooms", &outbox, &command).await {
                let keys = [keys::ROOMS.to_owned()];
                let age = LISTED.as_micros().to_string();
                let arguments = [room.as_str().as_bytes(), age.as_bytes()];
                let script = &self.shared.scripts.forget;
                let _ = self.shared.link.run(script, &keys, arguments).await;
            }
        }))
        .await;
    }
}

/// A memory as it was put into the outbox, if it can be read.
fn pending(room: &RoomId, number: i64, json: &[u8]) -> OutboxEntry {
    let id = OutboxId {
        number,
        room: room.as_str().into(),
    };
    match serde_json::from_slice::<Kept>(json) {
        Ok(kept) => Ok(PendingMemory {
            id,
            scope: memory::Scope {
                room: room.clone(),
                persona: kept.persona,
            },
            write_id: kept.write_id,
            entry: kept.entry,
            at: kept.at,
        }),
        Err(error) => Err(Unreadable {
            id,
            place: format!("Redis, memory {number} of {room}"),
            detail: error.to_string(),
        }),
    }
}

/// Their numbers, by their rooms.
fn by_room(ids: &[OutboxId]) -> BTreeMap<&str, Vec<String>> {
    let mut rooms: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for id in ids {
        rooms
            .entry(&id.room)
            .or_default()
            .push(id.number.to_string());
    }
    rooms
}

/// Of each tenant the oldest, then of each the second, and so on: who has more of them waits longer.
fn in_turn(mut waiting: Vec<(i64, &RoomId)>) -> Vec<(i64, &RoomId)> {
    waiting.sort_unstable_by_key(|(number, _)| *number);
    let mut counts: BTreeMap<TenantId, usize> = BTreeMap::new();
    let mut placed: Vec<_> = waiting
        .into_iter()
        .map(|(number, room)| {
            let place = counts.entry(room.tenant()).or_default();
            *place += 1;
            (*place, number, room)
        })
        .collect();
    placed.sort_unstable_by_key(|(place, number, _)| (*place, *number));
    let in_order = placed.into_iter();
    in_order.map(|(_, number, room)| (number, room)).collect()
}

/// What the rooms answered that can be reached; the error of one of them if none can.
fn there<T>(answers: Vec<Result<T, StoreError>>) -> Result<Vec<T>, StoreError> {
    if answers.iter().all(Result::is_err) {
        return answers.into_iter().collect();
    }
    Ok(answers.into_iter().filter_map(Result::ok).collect())
}

/// Says how many memories gave way to newer ones.
pub(super) fn dropped(count: u64) {
    if count > 0 {
        tracing::warn!(
            dropped = count,
            "the memory does not take what personas remember; the oldest entries were dropped"
        );
    }
}
