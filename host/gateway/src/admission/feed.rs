//! What comes to admission other than from people at this gateway: the personas' lines out of the
//! store's queue, and what others put on `chat.ingest`. Of all gateways one takes these in, for each
//! room.

use super::{Draft, Lines, STORE_DEADLINE, Standing, asking, goes_out, record};
use crate::{
    moderators::command,
    names,
    outage::Outage,
    rate::Bucket,
    room::{Room, Rules},
    shared::Shared,
};
use chatter_bus::Heard;
use chatter_moderation::Ruling;
use chatter_protocol::{
    Author, AuthorId, AuthorKind, CallId, ChatMessage, MessageId, ModerationVerdict, Schematic,
    TopicKind, V1, moderation::Action,
};
use chatter_store::{StoreError, Tenure};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

/// Lines that are taken from the store's queue at once.
const LINES: usize = 128;

/// How long one question for lines waits in the store.
const WAIT: Duration = Duration::from_secs(5);

/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// The largest payload on `chat.ingest` that is looked at.
const MAX_PAYLOAD: usize = 64 << 10;

/// The rule that a payload breaks which is no message for the room.
const INVALID: &str = "invalid";

/// The rule that what is too much breaks.
const RATE: &str = "rate_limited";

/// How often it is told that more comes there than may: times per second.
const TOLD: f64 = 0.1;

/// Takes in what comes to the room, whenever that is this gateway's duty.
pub(crate) async fn intake(
    shared: Arc<Shared>,
    room: Arc<Room>,
    admission: mpsc::Sender<Lines>,
    stop: CancellationToken,
) {
    let work = shared.intake.attend(&room.id, async |tenure| {
        tokio::join!(
            lines(&shared, &room, &admission, tenure),
            ingest(&shared, &room)
        );
    });
    // Lines that are taken and not settled are handed out again by the store.
    stop.run_until_cancelled(work).await;
}

/// Hands the personas' lines to admission, and takes the next only when those are settled.
async fn lines(shared: &Shared, room: &Room, admission: &mpsc::Sender<Lines>, tenure: Tenure) {
    let mut outage = Outage::default();
    loop {
        let pending = shared.store.pending_lines(&room.id, LINES, WAIT);
        let pending = timeout(WAIT + STORE_DEADLINE, pending).await;
        match pending.unwrap_or_else(|_| Err(StoreError::Unavailable("no answer in time".into()))) {
            Ok(pending) if pending.is_empty() => outage.over(),
            Ok(pending) => {
                outage.over();
                let (settled, done) = oneshot::channel();
                let lines: Vec<_> = pending.into_iter().map(|line| line.message).collect();
                let rules = room.rules();
                let taken = shared.clock.now();
                let rulings = ask(shared, room, &rules, &lines).await;
                let lines = Lines {
                    lines,
                    rules,
                    rulings,
                    taken,
                    tenure,
                    settled,
                };
                if admission.send(lines).await.is_err() {
                    return;
                }
                if done.await.is_err() {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            Err(error) => {
                outage.failed(&error, || {
                    tracing::error!(room = %room.id, %error, "lines of personas can't be read");
                });
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Asks the policy's moderation provider, if it has one, about the lines that its own rules let through. They are
/// in the store's queue until they are settled, so that whoever comes after a crash asks anew; and the room's task
/// has none of this to wait for.
async fn ask(
    shared: &Shared,
    room: &Room,
    rules: &Rules,
    lines: &[ChatMessage],
) -> Vec<Option<Ruling>> {
    let mut rulings = vec![None; lines.len()];
    let Some(provider) = rules.moderator.provider_for(AuthorKind::Persona) else {
        return rulings;
    };
    let judged = lines.iter().enumerate().filter_map(|(at, line)| {
        let verdict = rules.judge_line(&line.text, &line.author.name);
        let text = || verdict.text.clone().unwrap_or_else(|| line.text.clone());
        goes_out(&verdict).then(|| (at, (line.id, text())))
    });
    let (asked, (ids, texts)): (Vec<usize>, (Vec<_>, Vec<_>)) = judged.unzip();
    let until = Instant::now() + provider.timeout();
    let answers = asking::ask(shared, room, provider, ids, texts, until).await;
    for (at, ruling) in asked.into_iter().zip(answers) {
        rulings[at] = Some(ruling);
    }
    rulings
}

/// Hands to admission what is said on `chat.ingest`: as best effort, and never as a persona.
async fn ingest(shared: &Shared, room: &Room) {
    let mut outage = Outage::default();
    let mut allowance = Allowance::new(shared);
    loop {
        match shared
            .bus
            .subscribe(&[room.topic(TopicKind::ChatIngest)])
            .await
        {
            Ok(mut subscription) => {
                outage.over();
                while let Some(heard) = subscription.next().await {
                    match heard {
                        Heard::Message { payload, .. } => {
                            if allowance.passes(shared, room, &payload).await {
                                take(shared, room, &payload).await;
                            }
                        }
                        Heard::Lagged { missed, .. } => {
                            tracing::warn!(room = %room.id, missed, "messages of chat.ingest were missed: the bus was away, or they came faster than they are taken in");
                        }
                    }
                }
            }
            Err(error) => outage.failed(&error, || {
                tracing::error!(room = %room.id, %error, "chat.ingest can't be heard");
            }),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How much may come. The bound is one for the whole room: who speaks there is not known.
struct Allowance {
    messages: Bucket,
    told: Bucket,
}

impl Allowance {
    fn new(shared: &Shared) -> Self {
        let (limits, now) = (&shared.config.limits, Instant::now());
        Self {
            messages: Bucket::new(limits.ingest_per_second, limits.ingest_burst, now),
            told: Bucket::new(TOLD, 1, now),
        }
    }

    /// Whether the payload may be looked at. What may not is counted, and one in a while leaves a verdict.
    async fn passes(&mut self, shared: &Shared, room: &Room, payload: &[u8]) -> bool {
        let now = Instant::now();
        if self.messages.take(now).is_ok() {
            return true;
        }
        if self.told.take(now).is_ok() {
            let reason = "too many messages come on this topic: this one and others are left out";
            refuse_payload(shared, room, payload, RATE, reason).await;
        } else {
            room.counters.dropped(RATE);
        }
        false
    }
}

async fn take(shared: &Shared, room: &Room, payload: &[u8]) {
    let message = if payload.len() > MAX_PAYLOAD {
        Err(format!("larger than {} KiB", MAX_PAYLOAD >> 10))
    } else {
        ChatMessage::from_json(payload).map_err(|invalid| invalid.to_string())
    };
    let message = match message {
        Ok(message) if message.room_id == room.id => message,
        Ok(_) => {
            return refuse_payload(shared, room, payload, INVALID, "/room_id: another room's")
                .await;
        }
        Err(detail) => return refuse_payload(shared, room, payload, INVALID, &detail).await,
    };
    let refused = match pretends(room, &message) {
        Some(reason) => Some(("impersonates", reason)),
        None if command::is_one(&message.text) => Some((
            "command",
            "commands are given over the API: on this topic nobody is known to give them",
        )),
        None => None,
    };
    if let Some((rule, reason)) = refused {
        let what = Refused {
            message_id: message.id,
            author: message.author,
            call_id: message.call_id,
            original: message.text.as_bytes(),
        };
        return refuse(shared, room, what, rule, reason).await;
    }
    let mut author = message.author;
    author.badges.clear();
    let draft = Draft {
        id: message.id,
        author,
        text: message.text,
        reply_to: message.reply_to,
        standing: Standing::Nobody,
    };
    if !room.offer(draft) {
        room.counters.dropped("busy");
    }
}

/// What is to be said of something that did not come in.
struct Refused<'a> {
    message_id: MessageId,
    author: Author,
    call_id: Option<CallId>,
    original: &'a [u8],
}

/// A payload that is not looked at as a message for this room. Who wrote it is not known, so that the topic stands
/// for the author; and its id is its own only if it has one.
async fn refuse_payload(shared: &Shared, room: &Room, payload: &[u8], rule: &str, detail: &str) {
    #[derive(Deserialize)]
    struct Named {
        id: MessageId,
    }
    let named = serde_json::from_slice::<Named>(payload.get(..MAX_PAYLOAD).unwrap_or(payload));
    let Ok(id) = AuthorId::new("system:chat-ingest") else {
        return;
    };
    let what = Refused {
        message_id: named.map_or_else(|_| MessageId::new(), |named| named.id),
        author: Author {
            id,
            name: TopicKind::ChatIngest.as_str().into(),
            kind: AuthorKind::System,
            color: None,
            badges: Vec::new(),
        },
        call_id: None,
        original: payload,
    };
    let reason = detail.split_whitespace().collect::<Vec<_>>().join(" ");
    refuse(shared, room, what, rule, &reason).await;
}

/// Leaves a trace on `chat.audit`.
async fn refuse(shared: &Shared, room: &Room, what: Refused<'_>, rule: &str, reason: &str) {
    let verdict = ModerationVerdict {
        v: V1,
        message_id: what.message_id,
        room_id: room.id.clone(),
        original_sha256: shared.fingerprints.of(what.original),
        author: what.author,
        action: Action::Drop,
        rule: rule.into(),
        category: None,
        score: None,
        provider: None,
        redacted: None,
        reason: reason.chars().take(300).collect(),
        policy: room.rules().moderator.policy().to_owned(),
        at: shared.clock.now(),
        call_id: what.call_id,
    };
    record(shared, room, &[verdict]).await;
}

/// Why a message on this topic is not what it says that it is.
fn pretends(room: &Room, message: &ChatMessage) -> Option<&'static str> {
    let author = &message.author;
    let prefix = author.id.as_str().split(':').next().unwrap_or_default();
    if author.kind != AuthorKind::Viewer {
        Some("only viewers may speak on this topic")
    } else if message.call_id.is_some() {
        Some("only a persona's line has a call, and those come another way")
    } else if matches!(prefix, "persona" | "operator" | "system") {
        Some("the author's id is not a viewer's")
    } else if names::is_sessions(&author.id) {
        Some("the author's id is a session's, which speaks over the API")
    } else if room.rules().taken.holds(&author.name) || names::check(&author.name, "").is_err() {
        Some("the author's name is not a viewer's")
    } else {
        None
    }
}
