//! What comes of calls: states, lines on their way to the gateway.

use super::{
    Redis,
    answer::{Answer, corrupt, from_json, strange, to_json, unavailable},
    keys::{self, Of, Persona},
    log::fenced,
    outbox,
};
use crate::{
    CALLS_KNOWN, CallCommit, Duty, FATES_KEPT, LINES_WAIT, PendingLine, ROOM_MEMORIES_WAIT,
    STATES_KEPT, StoreError, StoredState,
};
use chatter_bus::redis::{Value, command};
use chatter_protocol::{
    MessageId, PersonaId, RoomId,
    call::{Fate, LineFate, State},
};
use std::sync::Arc;

impl Redis {
    pub(super) async fn commit_call(&self, commit: &CallCommit) -> Result<(), StoreError> {
        let room = &commit.room;
        let memories = self.number_memories(commit).await?;
        let calls_known = CALLS_KNOWN.to_string();
        let states_kept = STATES_KEPT.to_string();
        let lines_wait = LINES_WAIT.to_string();
        let memories_wait = ROOM_MEMORIES_WAIT.to_string();
        let fence = commit
            .fence
            .map_or(String::new(), |fence| fence.to_string());
        let (version, state): (String, &[u8]) = match &commit.state {
            Some(state) => (state.version.to_string(), &state.bytes),
            None => (String::new(), &[]),
        };
        let wake = keys::lines_came(room);
        let call = commit.call_id.as_uuid();
        let count = commit.lines.len().to_string();
        let mut lines = Vec::with_capacity(commit.lines.len());
        for line in &commit.lines {
            lines.push((
                line.id.to_string(),
                line.text.as_bytes(),
                to_json(line, "a line")?,
            ));
        }
        let mut arguments: Vec<&[u8]> = vec![
            fence.as_bytes(),
            call.as_bytes(),
            calls_known.as_bytes(),
            commit.digest.as_bytes(),
            version.as_bytes(),
            state,
            states_kept.as_bytes(),
            commit.persona.as_str().as_bytes(),
            lines_wait.as_bytes(),
            self.shared.link.publish_command().as_bytes(),
            wake.as_bytes(),
            memories_wait.as_bytes(),
            count.as_bytes(),
        ];
        for (id, text, json) in &lines {
            arguments.extend([id.as_bytes(), text, json]);
        }
        for (number, memory) in &memories {
            arguments.extend([number.as_bytes(), memory]);
        }
        let persona = |what| keys::persona(what, room, &commit.persona);
        let keys = [
            keys::of(Of::Duties, room),
            persona(Persona::Calls),
            persona(Persona::Modules),
            persona(Persona::States),
            persona(Persona::Said),
            keys::of(Of::Lines, room),
            keys::of(Of::Known, room),
            keys::of(Of::Outbox, room),
            keys::of(Of::Memories, room),
            keys::of(Of::Claims, room),
        ];
        let script = &self.shared.scripts.commit;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        let mut answer = Answer::new("commit", answer.map_err(|fault| unavailable(&fault))?)?;
        match answer.text()?.as_str() {
            "kept" => {
                outbox::dropped(answer.count()?);
                if !memories.is_empty() {
                    self.wake_couriers().await;
                }
                Ok(())
            }
            "known" => Ok(()),
            "fenced" => Err(StoreError::Fenced {
                room: room.clone(),
                duty: Duty::Personas,
                by: answer.text()?,
            }),
            "full" => Err(StoreError::Full {
                what: format!("{room}: the gateway does not take personas' lines"),
                bound: LINES_WAIT,
            }),
            "twice" => {
                let (call, line) = (commit.call_id, answer.text()?);
                let why = format!("call {call}: a line with the id {line} was submitted before");
                Err(StoreError::Refused(why))
            }
            _ => Err(strange("commit")),
        }
    }

    pub(super) async fn latest_state(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        without: &[Arc<str>],
    ) -> Result<Option<StoredState>, StoreError> {
        let keys =
            [Persona::Modules, Persona::States].map(|what| keys::persona(what, room, persona));
        let arguments = without.iter().map(|digest| digest.as_bytes());
        let script = &self.shared.scripts.state;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        let mut answer = Answer::new("state", answer.map_err(|fault| unavailable(&fault))?)?;
        if !answer.more() {
            return Ok(None);
        }
        let (digest, stored) = (answer.text()?, answer.bytes()?);
        let place = || format!("the state of {persona} in {room}");
        let cut = stored.iter().position(|byte| *byte == b' ');
        let (version, bytes) = stored.split_at(cut.ok_or_else(|| corrupt(place(), "no version"))?);
        let version = std::str::from_utf8(version)
            .ok()
            .and_then(|version| version.parse().ok());
        Ok(Some(StoredState {
            digest: digest.into(),
            state: State {
                version: version.ok_or_else(|| corrupt(place(), "no version"))?,
                bytes: bytes[1..].into(),
            },
        }))
    }

    pub(super) async fn waiting_lines(
        &self,
        room: &RoomId,
        limit: usize,
    ) -> Result<Vec<PendingLine>, StoreError> {
        let limit = limit.min(LINES_WAIT).to_string();
        let keys = [keys::of(Of::Lines, room)];
        let script = &self.shared.scripts.lines;
        let answer = self
            .shared
            .link
            .run(script, &keys, [limit.as_bytes()])
            .await;
        let mut answer = Answer::new("lines", answer.map_err(|fault| unavailable(&fault))?)?;
        let mut lines = Vec::new();
        while answer.more() {
            let message = from_json(&answer.bytes()?, || format!("a line in {room}"))?;
            lines.push(PendingLine { message });
        }
        Ok(lines)
    }

    pub(super) async fn settle(
        &self,
        room: &RoomId,
        settled: &[(MessageId, Fate)],
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        let mut fates = Vec::with_capacity(settled.len());
        for (id, fate) in settled.iter().filter(|(_, fate)| *fate != Fate::Pending) {
            fates.push((id.to_string(), to_json(fate, "a fate")?));
        }
        if fates.is_empty() {
            return Ok(());
        }
        // Whose they are stands with them and never changes. Every key that a script reaches has to be named to it: on
        // a cluster others may be on their way to another node.
        let mut personas: Vec<PersonaId> = Vec::new();
        let mut lines = Vec::with_capacity(fates.len());
        for ((id, fate), persona) in fates.iter().zip(self.whose(room, &fates).await?) {
            // Settled long ago, or never known.
            let Some(persona) = persona else { continue };
            let at = personas.iter().position(|known| *known == persona);
            let at = at.unwrap_or_else(|| {
                personas.push(persona);
                personas.len() - 1
            });
            lines.push(((at + 1).to_string(), id, fate));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let kept = FATES_KEPT.to_string();
        let fence = fence.map_or(String::new(), |fence| fence.to_string());
        let mut arguments = vec![kept.as_bytes(), fence.as_bytes()];
        for (persona, id, fate) in &lines {
            arguments.extend([persona.as_bytes(), id.as_bytes(), fate]);
        }
        let mut keys = [Of::Lines, Of::Known]
            .map(|what| keys::of(what, room))
            .to_vec();
        for persona in &personas {
            for what in [Persona::Said, Persona::Settled] {
                keys.push(keys::persona(what, room, persona));
            }
        }
        if !fence.is_empty() {
            keys.push(keys::of(Of::Duties, room));
        }
        let script = &self.shared.scripts.settle;
        match self.shared.link.run(script, &keys, arguments).await {
            Ok(Value::Int(_)) => Ok(()),
            Ok(Value::BulkString(by)) => {
                Err(fenced(room, String::from_utf8_lossy(&by).into_owned()))
            }
            Ok(_) => Err(strange("settle")),
            Err(fault) => Err(unavailable(&fault)),
        }
    }

    /// Of each of these lines the persona, if the line is known.
    async fn whose(
        &self,
        room: &RoomId,
        lines: &[(String, Vec<u8>)],
    ) -> Result<Vec<Option<PersonaId>>, StoreError> {
        let known = keys::of(Of::Known, room);
        let mut command = command("HMGET");
        command.arg(&known);
        for (id, _) in lines {
            command.arg(id);
        }
        let answer = self.shared.link.ask("settle", &known, &command).await;
        let Value::Array(found) = answer.map_err(|fault| unavailable(&fault))? else {
            return Err(strange("settle"));
        };
        let persona = |(id, line): (&(String, Vec<u8>), Value)| match line {
            Value::Nil => Ok(None),
            Value::BulkString(line) => {
                let line = String::from_utf8_lossy(&line);
                let persona = line.split('\n').nth(2).unwrap_or_default();
                let place = || format!("the line {} in {room}", id.0);
                PersonaId::new(persona)
                    .map(Some)
                    .map_err(|error| corrupt(place(), error))
            }
            _ => Err(strange("settle")),
        };
        lines.iter().zip(found).map(persona).collect()
    }

    pub(super) async fn latest_fates(
        &self,
        room: &RoomId,
        persona: &PersonaId,
        limit: usize,
    ) -> Result<Vec<LineFate>, StoreError> {
        let keys = [
            keys::persona(Persona::Said, room, persona),
            keys::of(Of::Known, room),
        ];
        let limit = limit.min(LINES_WAIT + FATES_KEPT).to_string();
        let script = &self.shared.scripts.fates;
        let answer = self
            .shared
            .link
            .run(script, &keys, [limit.as_bytes()])
            .await;
        let mut answer = Answer::new("fates", answer.map_err(|fault| unavailable(&fault))?)?;
        let mut fates = Vec::new();
        while answer.more() {
            let (id, line) = (answer.text()?, answer.text()?);
            let place = || format!("the line {id} in {room}");
            let message_id = id.parse().map_err(|error| corrupt(place(), error))?;
            // Number, entry in the queue, persona, fate, text.
            let parts: Vec<&str> = line.splitn(5, '\n').collect();
            let [_, _, _, fate, text] = parts[..] else {
                return Err(corrupt(place(), "not all of it is there"));
            };
            fates.push(LineFate {
                message_id,
                text: text.to_owned(),
                fate: match fate {
                    "" => Fate::Pending,
                    fate => from_json(fate.as_bytes(), place)?,
                },
            });
        }
        Ok(fates)
    }
}
