//! What every store promises, as tests that any of them can be put to: [`conformance!`] makes a
//! test of each.

mod desk;
mod duties;
mod log;
mod personas;
mod queues;

pub(crate) use desk::*;
pub(crate) use duties::*;
pub(crate) use log::*;
pub(crate) use personas::*;
pub(crate) use queues::*;

use chatter_protocol::{
    Author, AuthorKind, CallId, ChatMessage, MessageId, PersonaId, RoomId, Timestamp, V1,
    call::State, memory,
};
use chatter_store::{CallCommit, OutboxId, Store};
use std::{sync::Arc, time::Duration};

/// A place where stores can be opened, one after the other. Nobody else uses it, and it is empty
/// at first.
pub(crate) trait Subject: Send + Sync {
    type Store: Store;

    fn new() -> Self;
    fn open(&self) -> impl Future<Output = Self::Store> + Send;

    /// Puts something in the place of a memory in the outbox that this program can't read.
    fn spoil(&self, memory: &OutboxId);
}

/// Hands the names of all promises, and what stands before them, to another macro.
macro_rules! promises {
    ($then:ident! $before:ty) => {
        $then! { $before:
            a_new_room_has_an_epoch_and_nothing_in_it
            offsets_have_no_gaps_however_many_append
            an_id_is_in_a_log_only_once
            rooms_have_logs_of_their_own
            a_log_is_read_in_pages
            what_a_log_has_lost_is_told
            a_log_survives_closing
            a_commit_is_seen_as_a_whole
            a_commit_that_fails_leaves_nothing
            a_second_commit_of_a_call_changes_nothing
            commits_survive_closing
            personas_have_states_of_their_own
            a_module_that_is_taken_back_takes_its_state_with_it
            states_are_kept_of_the_latest_modules
            lines_stay_in_the_queue_until_they_are_settled
            fates_are_kept_for_the_latest_lines
            a_full_queue_refuses_lines
            whoever_waits_for_lines_is_woken
            whoever_waits_for_memories_is_woken
            memories_stay_in_the_outbox_until_they_are_settled
            a_tenant_with_many_memories_holds_up_no_other
            memories_that_are_passed_over_take_no_part_of_a_share
            a_memory_that_can_not_be_read_holds_up_no_other
            of_a_rooms_memories_that_wait_the_oldest_give_way
            sessions_are_found_by_their_token
            what_lies_on_a_desk_survives_closing
            of_many_who_change_the_same_one_wins
            a_shelf_has_a_bound
            what_a_desk_keeps_back_is_not_in_the_log
            of_keeping_back_and_adding_one_wins
            what_was_replaced_is_not_read_any_more
            a_log_with_removed_messages_is_trimmed_all_the_same
            a_duty_has_one_holder
            a_lease_ends_with_its_time
            a_commit_under_an_old_number_is_refused
            who_has_lost_the_intake_neither_adds_nor_settles
            members_know_each_other
        }
    };
}
pub(crate) use promises;

/// Tests a store: `conformance!(MySubject)` makes a test of each promise.
macro_rules! conformance {
    ($subject:ty) => {
        conformance::promises! { conformance! $subject }
    };
    ($subject:ty: $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                conformance::$promise(&<$subject as conformance::Subject>::new()).await;
            }
        )*
    };
}
pub(crate) use conformance;

/// Longer than anything here takes, and short enough to see that something hangs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) fn lobby() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

pub(crate) fn studio() -> RoomId {
    RoomId::new("acme/studio").unwrap()
}

pub(crate) fn nova() -> PersonaId {
    PersonaId::new("nova").unwrap()
}

pub(crate) fn rex() -> PersonaId {
    PersonaId::new("rex").unwrap()
}

pub(crate) fn message(text: &str) -> ChatMessage {
    ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: lobby(),
        author: Author {
            id: nova().author(),
            name: "Nova ✨".into(),
            kind: AuthorKind::Persona,
            color: Some("#aabbcc".into()),
            badges: vec!["ai".into()],
        },
        text: text.into(),
        reply_to: Some(MessageId::new()),
        mentions: vec![rex().author()],
        sent_at: Timestamp::from_millis(1_769_860_800_000),
        call_id: Some(CallId::new()),
        deleted: false,
    }
}

pub(crate) fn messages(count: usize) -> Vec<Arc<ChatMessage>> {
    (0..count)
        .map(|n| Arc::new(message(&format!("message {n}"))))
        .collect()
}

pub(crate) fn memory(text: &str) -> memory::NewEntry {
    memory::NewEntry {
        kind: memory::Kind::RunningJoke,
        text: text.into(),
        about: Some(rex().author()),
        confidence: 0.7,
        source: Some(MessageId::new()),
    }
}

pub(crate) fn state(bytes: &[u8]) -> State {
    State {
        version: 3,
        bytes: bytes.into(),
    }
}

/// A call of Nova's in the lobby that came to nothing yet.
pub(crate) fn call() -> CallCommit {
    CallCommit {
        call_id: CallId::new(),
        room: lobby(),
        persona: nova(),
        digest: "a1".into(),
        state: None,
        lines: Vec::new(),
        memories: Vec::new(),
        at: Timestamp::from_millis(1_769_860_800_123),
        fence: None,
    }
}

/// A call that says these lines.
pub(crate) fn says(lines: impl IntoIterator<Item = ChatMessage>) -> CallCommit {
    CallCommit {
        lines: lines.into_iter().collect(),
        ..call()
    }
}

/// What Nova stored last in the lobby.
pub(crate) async fn latest_state(store: &impl Store, without: &[Arc<str>]) -> Option<State> {
    state_of(store, &lobby(), &nova(), without).await
}

pub(crate) async fn state_of(
    store: &impl Store,
    room: &RoomId,
    persona: &PersonaId,
    without: &[Arc<str>],
) -> Option<State> {
    let stored = store.state(room, persona, without).await.unwrap();
    stored.map(|stored| stored.state)
}

/// All that waits for a room's gateway.
pub(crate) async fn waiting_lines(store: &impl Store, room: &RoomId) -> Vec<ChatMessage> {
    let lines = store
        .pending_lines(room, 10_000, Duration::ZERO)
        .await
        .unwrap();
    lines.into_iter().map(|line| line.message).collect()
}
