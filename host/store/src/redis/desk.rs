//! Rooms' desks, and what takes the place of messages in their logs.

use super::{
    Redis,
    answer::{Answer, corrupt, to_json, unavailable},
    keys::{self, Of},
};
use crate::{
    StoreError,
    desk::{Change, Changed, Desk, Desks, Expected, Note, full, known},
};
use async_trait::async_trait;
use chatter_protocol::{ChatMessage, MessageId, RoomId};
use std::sync::Arc;

/// How many messages go into one run of a script.
const AT_ONCE: usize = 250;

#[async_trait]
impl Desks for Redis {
    async fn desk_version(&self, room: &RoomId) -> Result<u64, StoreError> {
        let mut answer = self.ask_desk(room, &[Of::Desk], &[b"version"]).await?;
        answer.count()
    }

    async fn desk(&self, room: &RoomId) -> Result<Desk, StoreError> {
        let mut answer = self.ask_desk(room, &[Of::Desk], &[b"all"]).await?;
        let mut desk = Desk {
            version: answer.count()?,
            notes: Vec::new(),
        };
        while answer.more() {
            let (place, value) = (answer.text()?, answer.text()?);
            let (shelf, key) = place
                .split_once('/')
                .ok_or_else(|| corrupt(format!("the desk of {room}"), "a place without a shelf"))?;
            if let Some(shelf) = known(room, shelf) {
                let key = key.to_owned();
                desk.notes.push(Note { shelf, key, value });
            }
        }
        Ok(desk)
    }

    async fn change_desk(&self, room: &RoomId, change: Change) -> Result<Changed, StoreError> {
        let (how, expected) = match &change.expected {
            Expected::Any => ("any", ""),
            Expected::Nothing => ("nothing", ""),
            Expected::Value(value) => ("value", value.as_str()),
        };
        let most = change.most.to_string();
        let keeps_back = change.will_keep_back().map(|id| id.as_uuid());
        let mut arguments: Vec<&[u8]> = vec![
            b"change",
            change.shelf.as_str().as_bytes(),
            change.key.as_bytes(),
            how.as_bytes(),
            expected.as_bytes(),
            most.as_bytes(),
            keeps_back.as_ref().map_or(&[], |id| &id.as_bytes()[..]),
        ];
        arguments.extend(change.value.as_ref().map(|value| value.as_bytes()));
        // No more keys than needed: scripts wait for those that don't exist where a room is on its way to another node.
        let keys = match keeps_back {
            Some(_) => &[Of::Desk, Of::Head, Of::Ids][..],
            None => &[Of::Desk, Of::Head],
        };
        let mut answer = self.ask_desk(room, keys, &arguments).await?;
        match answer.text()?.as_str() {
            "done" => Ok(Changed::Done(answer.count()?)),
            "in log" => Ok(Changed::InLog(answer.count()?)),
            "full" => Err(full(change.shelf, change.most)),
            _ if answer.more() => Ok(Changed::Other(Some(answer.text()?))),
            _ => Ok(Changed::Other(None)),
        }
    }

    async fn find(
        &self,
        room: &RoomId,
        id: MessageId,
    ) -> Result<Option<(u64, Arc<ChatMessage>)>, StoreError> {
        let Some(offset) = self.offset_of(room, id).await? else {
            return Ok(None);
        };
        let page = self
            .read_log(room, Some(offset.saturating_sub(1)), 1)
            .await?;
        let found = page.messages.into_iter().next();
        Ok(found.filter(|(_, message)| message.id == id))
    }

    async fn replace(
        &self,
        room: &RoomId,
        messages: Vec<Arc<ChatMessage>>,
    ) -> Result<u64, StoreError> {
        let mut replaced = 0;
        for some in messages.chunks(AT_ONCE) {
            let mut contents = Vec::with_capacity(some.len());
            for message in some {
                contents.push((message.id.as_uuid(), to_json(&**message, "a message")?));
            }
            let arguments = contents
                .iter()
                .flat_map(|(id, json)| [&id.as_bytes()[..], json]);
            let keys = [Of::Log, Of::Ids, Of::Head].map(|what| keys::of(what, room));
            let script = &self.shared.scripts.replace;
            let answer = self.shared.link.run(script, &keys, arguments).await;
            let mut answer = Answer::new("replace", answer.map_err(|fault| unavailable(&fault))?)?;
            replaced += answer.count()?;
        }
        Ok(replaced)
    }
}

impl Redis {
    async fn ask_desk(
        &self,
        room: &RoomId,
        keys: &[Of],
        arguments: &[&[u8]],
    ) -> Result<Answer, StoreError> {
        let keys: Vec<String> = keys.iter().map(|what| keys::of(*what, room)).collect();
        let script = &self.shared.scripts.desk;
        let answer = self
            .shared
            .link
            .run(script, &keys, arguments.iter().copied())
            .await;
        Answer::new("desk", answer.map_err(|fault| unavailable(&fault))?)
    }

    async fn offset_of(&self, room: &RoomId, id: MessageId) -> Result<Option<u64>, StoreError> {
        let keys = [keys::of(Of::Ids, room)];
        let id = id.as_uuid();
        let script = &self.shared.scripts.offset;
        let answer = self
            .shared
            .link
            .run(script, &keys, [&id.as_bytes()[..]])
            .await;
        let mut answer = Answer::new("offset", answer.map_err(|fault| unavailable(&fault))?)?;
        if answer.more() {
            return answer.count().map(Some);
        }
        Ok(None)
    }
}
