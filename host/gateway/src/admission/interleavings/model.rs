//! What must be so, whatever the order.

use super::{BLOCKED, Gateway, World, persona, room};
use chatter_bus::Heard;
use chatter_protocol::{AuthorKind, FirehoseEntry, MessageId, call::Fate};
use chatter_store::Store as _;
use futures_util::FutureExt as _;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

impl World {
    /// After every step.
    pub(super) async fn check(&mut self, seed: u64) {
        let page = self
            .hall
            .store
            .read_after(&room(), 0, 10_000)
            .await
            .unwrap();
        let trace = || format!("seed {seed}:\n  {}", self.trace.join("\n  "));
        let offsets: Vec<u64> = page.messages.iter().map(|(offset, _)| *offset).collect();
        let expected: Vec<u64> = (1..=page.head.offset).collect();
        assert_eq!(offsets, expected, "offsets have gaps; {}", trace());
        let log: Vec<_> = page
            .messages
            .into_iter()
            .map(|(_, message)| message)
            .collect();
        assert!(
            log.starts_with(&self.log),
            "the log has changed; {}",
            trace()
        );
        let ids: HashSet<_> = log.iter().map(|message| message.id).collect();
        assert_eq!(
            ids.len(),
            log.len(),
            "an id is in the log twice; {}",
            trace()
        );

        for (author, accepted) in &self.acknowledged {
            let at = usize::try_from(accepted.offset).unwrap() - 1;
            let kept = log.get(at).unwrap_or_else(|| {
                panic!("{accepted:?} was acknowledged and is not kept; {}", trace())
            });
            assert_eq!(
                (kept.id, &kept.author.id),
                (accepted.id, &author.id),
                "acknowledged as somebody else's; {}",
                trace()
            );
        }
        while let Some(Some(heard)) = self.firehose.next().now_or_never() {
            let Heard::Message { payload, .. } = heard else {
                panic!("{heard:?}");
            };
            let entry: FirehoseEntry = serde_json::from_slice(&payload).unwrap();
            let at = usize::try_from(entry.offset).unwrap() - 1;
            assert_eq!(
                Some(&entry.message),
                log.get(at),
                "said and not kept; {}",
                trace()
            );
            assert!(self.said.insert(entry.offset), "said twice; {}", trace());
        }
        for gateway in self.gateways.iter_mut().flatten() {
            for offset in gateway.room.crowd.offsets(&mut gateway.place) {
                assert!(offset <= page.head.offset);
                assert!(
                    gateway.seen.is_none_or(|seen| offset == seen + 1),
                    "a viewer sees {offset} after {:?}; seed {seed}",
                    gateway.seen
                );
                gateway.seen = Some(offset);
            }
        }
        self.log = log;
    }

    /// When nothing is left to do.
    pub(super) async fn check_end(&mut self, seed: u64) {
        let trace = format!("seed {seed}:\n  {}", self.trace.join("\n  "));
        let room = room();
        let pending = self.hall.store.pending_lines(&room, 1000, Duration::ZERO);
        assert_eq!(
            pending.await.unwrap().len(),
            0,
            "lines wait for ever; {trace}"
        );
        let committed = self.hall.committed.lock().unwrap().clone();
        let kept: Vec<MessageId> = self
            .log
            .iter()
            .filter(|message| message.author.kind == AuthorKind::Persona)
            .map(|message| message.id)
            .collect();
        let due: Vec<MessageId> = committed
            .iter()
            .filter(|line| !line.text.contains(BLOCKED))
            .map(|line| line.id)
            .collect();
        assert_eq!(
            kept, due,
            "what was committed is in the log, in its order; {trace}"
        );
        let texts: HashMap<_, _> = committed.iter().map(|line| (line.id, &line.text)).collect();
        for n in 0..2 {
            let fates = self.hall.store.fates(&room, &persona(n), 16).await.unwrap();
            for line in fates {
                let blocked = texts[&line.message_id].contains(BLOCKED);
                let expected = if blocked {
                    Fate::Dropped("blocklist".into())
                } else {
                    Fate::Accepted
                };
                assert_eq!(line.fate, expected, "{}; {trace}", line.message_id);
            }
        }
        let memories = self
            .hall
            .store
            .pending_memories(10_000, Duration::ZERO)
            .await;
        let memories = memories.unwrap();
        let written: HashSet<_> = memories.iter().map(|memory| &memory.write_id).collect();
        assert_eq!(written.len(), memories.len(), "a memory twice; {trace}");
        for said in &self.log {
            if let Some(call) = said.call_id {
                assert!(
                    written.contains(&format!("{call}/0")),
                    "half a commit; {trace}"
                );
            }
        }
        for Gateway { seen, .. } in self.gateways.iter().flatten() {
            let head = self.log.len() as u64;
            assert!(
                seen.is_none_or(|seen| seen == head),
                "a viewer misses the end; {trace}"
            );
        }
    }
}
