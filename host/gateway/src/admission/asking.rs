//! What the policy's moderation provider is asked, and people's messages that wait for its answer.
//!
//! Each waits on its own: what others say goes on meanwhile, and only what its author says next comes after
//! it. Those that are there at the same time share a request.

use super::{Decision, Refusal, Standing, goes_out, in_time};
use crate::{
    room::{Room, Rules},
    shared::Shared,
};
use chatter_llm::{Assessor, Unassessed};
use chatter_moderation::{Provider, Ruling, Verdict};
use chatter_protocol::{
    AuthorId, AuthorKind, ChatMessage, MessageId, ModerationVerdict, Timestamp,
};
use futures_util::future::join_all;
use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::oneshot,
    task::{Id, JoinSet},
    time::Instant,
};

/// Messages of one author that may wait.
const MOST_OF_AUTHOR: usize = 3;

/// Messages of a room that may wait.
const MOST_OF_ROOM: usize = 256;

/// Texts of one request.
const TEXTS: usize = 32;

/// Requests of a room that are under way at a time. What comes meanwhile shares the next one.
const REQUESTS: usize = 4;

/// When an author is told to come back of whom too many messages wait.
const SOON: Duration = Duration::from_secs(1);

/// A person's message that waits. Its reply is dropped unused if the room ends, which tells whoever waits for it.
pub(super) struct Waits {
    pub(super) message: ChatMessage,
    /// What its author wrote, before anything was redacted.
    pub(super) said: String,
    pub(super) standing: Standing,
    pub(super) reply: Option<oneshot::Sender<Decision>>,
    /// That it was redacted, for the audit if it goes out; or held, with what the policy's own rules say: then nobody
    /// else is asked.
    pub(super) record: Option<ModerationVerdict>,
    pub(super) held: Option<Verdict>,
    /// By what it is judged.
    pub(super) rules: Arc<Rules>,
    /// When it came.
    pub(super) came: Timestamp,
}

/// A message with what is to be done with it.
pub(super) struct Ruled {
    pub(super) waits: Waits,
    pub(super) ruling: Ruling,
}

/// The messages of people in a room that wait.
#[derive(Default)]
pub(super) struct Waiting {
    /// Each author's in their order; no author is without one.
    authors: HashMap<AuthorId, VecDeque<InLine>>,
    messages: usize,
    unasked: VecDeque<Question>,
    requests: JoinSet<Vec<Ruling>>,
    under_way: HashMap<Id, Vec<Question>>,
    tickets: u64,
}

struct InLine {
    ticket: u64,
    waits: Waits,
    ruling: Option<Ruling>,
}

struct Question {
    ticket: u64,
    id: MessageId,
    author: AuthorId,
    kind: AuthorKind,
    text: String,
    rules: Arc<Rules>,
    until: Instant,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.authors.is_empty()
    }

    /// Nothing waits any more: whoever waits for a decision is told that the room ends.
    pub(super) fn end(&mut self) {
        *self = Self {
            tickets: self.tickets,
            ..Self::default()
        };
    }

    /// Whether a message of this author waits.
    pub(super) fn has_of(&self, author: &AuthorId) -> bool {
        self.authors.contains_key(author)
    }

    /// Whether one more message of this author may wait.
    pub(super) fn has_place(&self, author: &AuthorId) -> Result<(), Refusal> {
        let of_author = self.authors.get(author).map_or(0, VecDeque::len);
        if of_author >= MOST_OF_AUTHOR {
            return Err(Refusal::Waiting(SOON));
        }
        if self.messages >= MOST_OF_ROOM {
            return Err(Refusal::Busy);
        }
        Ok(())
    }

    /// Lets a message wait that has a place: for the answer about it, if somebody is to be asked, and until those
    /// before it are decided about.
    pub(super) fn add(&mut self, waits: Waits) {
        let author = &waits.message.author;
        self.messages += 1;
        let line = self.authors.entry(author.id.clone()).or_default();
        let same = |it: &&InLine| {
            let (before, now) = (&it.waits.message, &waits.message);
            (before.id, &before.text) == (now.id, &now.text)
        };
        // Sent again before it was decided about, it is to fare alike.
        if let Some(InLine { ticket, ruling, .. }) = line.iter().find(same) {
            let (ticket, ruling) = (*ticket, ruling.clone());
            line.push_back(InLine {
                ticket,
                waits,
                ruling,
            });
            return;
        }
        self.tickets += 1;
        let ticket = self.tickets;
        let ruling = match (&waits.held, waits.rules.moderator.provider_for(author.kind)) {
            (Some(verdict), _) => Some(Ruling {
                verdict: verdict.clone(),
                category: None,
            }),
            (None, Some(provider)) => {
                self.unasked.push_back(Question {
                    ticket,
                    id: waits.message.id,
                    author: author.id.clone(),
                    kind: author.kind,
                    text: waits.message.text.clone(),
                    rules: Arc::clone(&waits.rules),
                    until: Instant::now() + provider.timeout(),
                });
                None
            }
            (None, None) => Some(Ruling::allow()),
        };
        line.push_back(InLine {
            ticket,
            waits,
            ruling,
        });
    }

    /// Asks about what nobody was asked about yet.
    pub(super) fn ask(&mut self, shared: &Arc<Shared>, room: &Arc<Room>) {
        while self.requests.len() < REQUESTS
            && let Some(first) = self.unasked.pop_front()
        {
            let (rules, kind) = (Arc::clone(&first.rules), first.kind);
            // Of the earliest that shares it: they are in order.
            let until = first.until;
            let mut questions = vec![first];
            while questions.len() < TEXTS
                && let Some(next) =
                    (self.unasked).pop_front_if(|next| Arc::ptr_eq(&next.rules, &rules))
            {
                questions.push(next);
            }
            let ids = questions.iter().map(|it| it.id).collect();
            let texts = questions.iter_mut().map(|it| mem::take(&mut it.text));
            let texts = texts.collect();
            let (shared, room) = (Arc::clone(shared), Arc::clone(room));
            let task = self.requests.spawn(async move {
                match rules.moderator.provider_for(kind) {
                    Some(provider) => ask(&shared, &room, provider, ids, texts, until).await,
                    None => Vec::new(),
                }
            });
            self.under_way.insert(task.id(), questions);
        }
    }

    /// Waits for the next answer, and gives the messages that wait no more, each author's in their order. None if
    /// nobody was asked. May be given up at any time.
    pub(super) async fn next(&mut self) -> Option<Vec<Ruled>> {
        let (id, rulings) = match self.requests.join_next_with_id().await? {
            Ok(answered) => answered,
            // It panicked, which the log has: that is no answer.
            Err(error) => (error.id(), Vec::new()),
        };
        let questions = self.under_way.remove(&id).unwrap_or_default();
        let mut rulings = rulings.into_iter();
        let mut ruled = Vec::new();
        for question in questions {
            let provider = question.rules.moderator.provider_for(question.kind);
            let ruling = rulings
                .next()
                .or_else(|| provider.map(Provider::unanswered));
            let Some(line) = self.authors.get_mut(&question.author) else {
                continue;
            };
            let asked = line.iter_mut().filter(|it| it.ticket == question.ticket);
            for asked in asked {
                asked.ruling.clone_from(&ruling);
            }
            while let Some(first) = line.pop_front_if(|first| first.ruling.is_some()) {
                self.messages -= 1;
                let InLine { waits, ruling, .. } = first;
                ruled.extend(ruling.map(|ruling| Ruled { waits, ruling }));
            }
            if line.is_empty() {
                self.authors.remove(&question.author);
            }
        }
        Some(ruled)
    }
}

/// What is to be done with the messages of these ids and texts, by what the policy's provider says of them before
/// `until`. What is in the log by now was judged when it came there: its author sends it again to learn so.
pub(super) async fn ask(
    shared: &Shared,
    room: &Room,
    provider: &Provider,
    ids: Vec<MessageId>,
    texts: Vec<String>,
    until: Instant,
) -> Vec<Ruling> {
    let rulings = judge(shared, room, provider, texts, until).await;
    let looked_up = ids.into_iter().zip(rulings).map(async |(id, ruling)| {
        if goes_out(&ruling.verdict) {
            return ruling;
        }
        match in_time(shared.store.desks().find(&room.id, id)).await {
            Ok(Some(_)) => Ruling::allow(),
            Ok(None) => ruling,
            Err(error) => {
                tracing::warn!(room = %room.id, message = %id, %error, "whether a message is in the log is unknown");
                ruling
            }
        }
    });
    join_all(looked_up).await
}

async fn judge(
    shared: &Shared,
    room: &Room,
    provider: &Provider,
    texts: Vec<String>,
    until: Instant,
) -> Vec<Ruling> {
    let Some(assessor) = shared.config.assessors.of(provider.name()) else {
        let why = Unassessed::unknown(provider.name());
        return texts
            .iter()
            .map(|_| unanswered(room, provider, &why))
            .collect();
    };
    let requests = texts
        .chunks(TEXTS)
        .map(|texts| request(&**assessor, room, provider, texts, until));
    join_all(requests).await.into_iter().flatten().collect()
}

async fn request(
    assessor: &dyn Assessor,
    room: &Room,
    provider: &Provider,
    texts: &[String],
    until: Instant,
) -> Vec<Ruling> {
    match assessor.assess(texts, &room.id, until).await {
        Ok(assessed) => assessed
            .iter()
            .map(|it| provider.judge(it.flagged, &it.scores))
            .collect(),
        // One of them is to blame, and the others are not to go unasked because of it.
        Err(why) if why.is_of_the_texts() && texts.len() > 1 => {
            let (first, second) = texts.split_at(texts.len() / 2);
            let halves = [first, second]
                .map(|half| Box::pin(request(assessor, room, provider, half, until)));
            join_all(halves).await.into_iter().flatten().collect()
        }
        Err(why) => texts
            .iter()
            .map(|_| unanswered(room, provider, &why))
            .collect(),
    }
}

fn unanswered(room: &Room, provider: &Provider, why: &Unassessed) -> Ruling {
    tracing::debug!(room = %room.id, provider = provider.name(), "nobody says what a text is: {why}");
    room.counters.unjudged(provider.name(), why.code());
    provider.unanswered()
}
