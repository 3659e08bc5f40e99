//! Who does what in a room, by the server's own clock.

use super::{
    Redis,
    answer::{Answer, unavailable},
    keys::{self, Of},
};
use crate::{Duties, Duty, Lease, StoreError, rota};
use async_trait::async_trait;
use chatter_bus::redis;
use chatter_protocol::RoomId;
use futures_util::future::{join_all, try_join_all};
use std::time::Duration;
use tokio::time::timeout;

/// How long a room's lease is waited for while those of others are there, whose holder must hear of them in time.
const PATIENCE: Duration = rota::PATIENCE.saturating_sub(Duration::from_millis(100));

#[async_trait]
impl Duties for Redis {
    async fn take(
        &self,
        rooms: &[RoomId],
        duty: Duty,
        holder: &str,
        ttl: Duration,
    ) -> Result<Vec<Lease>, StoreError> {
        let ttl = ttl.as_millis().to_string();
        let ttl = ttl.as_bytes();
        let taken = rooms.iter().map(|room| async move {
            let keys = [keys::of(Of::Duties, room)];
            let arguments = [duty.as_str().as_bytes(), holder.as_bytes(), ttl];
            let script = &self.shared.scripts.take;
            let answer = self.shared.link.run(script, &keys, arguments).await;
            let mut answer = Answer::new("take", answer.map_err(|fault| unavailable(&fault))?)?;
            if answer.number()? == 1 {
                return Ok(Lease::Held(answer.count()?));
            }
            Ok(Lease::Taken {
                by: answer.text()?,
                left: Duration::from_millis(answer.count()?),
            })
        });
        // One node of a cluster that is away must not take the rooms of the others with it.
        let taken = taken.map(|taking| async {
            match timeout(PATIENCE, taking).await {
                Ok(taken) => taken,
                Err(_) => Err(StoreError::Unavailable(format!(
                    "Redis did not answer within {PATIENCE:?}"
                ))),
            }
        });
        let taken: Vec<Result<Lease, StoreError>> = join_all(taken).await;
        if taken.iter().all(Result::is_err) {
            return taken.into_iter().collect();
        }
        let known = taken.into_iter();
        Ok(known
            .map(|lease| lease.unwrap_or_else(|error| Lease::Unknown(error.to_string())))
            .collect())
    }

    async fn give_up(&self, rooms: &[RoomId], duty: Duty, holder: &str) -> Result<(), StoreError> {
        let gone = rooms.iter().map(|room| async move {
            let keys = [keys::of(Of::Duties, room)];
            let arguments = [duty.as_str().as_bytes(), holder.as_bytes()];
            self.shared
                .link
                .run(&self.shared.scripts.give_up, &keys, arguments)
                .await
        });
        try_join_all(gone)
            .await
            .map(drop)
            .map_err(|fault| unavailable(&fault))
    }

    async fn meet(
        &self,
        group: &str,
        member: &str,
        ttl: Duration,
    ) -> Result<Vec<String>, StoreError> {
        let keys = [keys::members(group)];
        let ttl = ttl.as_millis().to_string();
        let arguments = [member.as_bytes(), ttl.as_bytes()];
        let script = &self.shared.scripts.meet;
        let answer = self.shared.link.run(script, &keys, arguments).await;
        members(Answer::new(
            "meet",
            answer.map_err(|fault| unavailable(&fault))?,
        )?)
    }

    async fn present(&self, group: &str) -> Result<Vec<String>, StoreError> {
        let keys = [keys::members(group)];
        let script = &self.shared.scripts.present;
        let answer = self.shared.link.run(script, &keys, [] as [&[u8]; 0]).await;
        members(Answer::new(
            "present",
            answer.map_err(|fault| unavailable(&fault))?,
        )?)
    }

    async fn leave(&self, group: &str, member: &str) -> Result<(), StoreError> {
        let group = keys::members(group);
        let mut command = redis::command("HDEL");
        command.arg(&group).arg(member);
        let done = self.shared.link.ask("leave", &group, &command).await;
        done.map(drop).map_err(|fault| unavailable(&fault))
    }
}

fn members(mut answer: Answer) -> Result<Vec<String>, StoreError> {
    let mut members = Vec::new();
    while answer.more() {
        members.push(answer.text()?);
    }
    Ok(members)
}
