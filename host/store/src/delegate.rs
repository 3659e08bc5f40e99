//! A store that asks another one: for tests in which something goes wrong, waits, or is counted on the way.

use crate::{
    Appended, CallCommit, Change, Changed, Desk, Desks, Duties, Duty, Head, Lease, LogPage,
    OutboxEntry, OutboxId, PendingLine, Store, StoreError, StoredSession, StoredState,
};
use async_trait::async_trait;
use chatter_protocol::{ChatMessage, MessageId, PersonaId, RoomId, call};
use std::{sync::Arc, time::Duration};

/// Makes [`Delegate`], and a store of each, from all that a store can be asked.
macro_rules! delegate {
    ($(
        $role:ident by $asked:ident {
            $( fn $request:ident($($given:ident: $type:ty),*) -> $answer:ty; )*
            $( also { $($also:tt)* } )?
        }
    )*) => {
        /// What stands before another store, and is one: it says what it does differently, and asks that one for all else.
        pub trait Delegate: Sized + Send + Sync + 'static {
            /// The one that is asked.
            fn store(&self) -> &dyn Store;

            /// What every request goes through, by the name of its method. It happens when `work` is waited for, and
            /// not without.
            fn pass<T: Send>(
                &self,
                request: &'static str,
                work: impl Future<Output = Result<T, StoreError>> + Send,
            ) -> impl Future<Output = Result<T, StoreError>> + Send {
                let _ = request;
                work
            }

            $($(
                #[doc = concat!("What [`", stringify!($role), "::", stringify!($request), "`] does once it has passed.")]
                #[doc = "\n\n# Errors\n\nAs that."]
                fn $request(
                    &self,
                    $($given: $type),*
                ) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                    async move { $asked(self).$request($($given),*).await }
                }
            )*)*
        }

        $(
            #[async_trait]
            impl<D: Delegate> $role for D {
                $(
                    async fn $request(&self, $($given: $type),*) -> Result<$answer, StoreError> {
                        self.pass(stringify!($request), Delegate::$request(self, $($given),*)).await
                    }
                )*
                $($($also)*)?
            }
        )*
    };
}

delegate! {
    Store by store {
        fn append_fenced(room: &RoomId, messages: Vec<Arc<ChatMessage>>, fence: Option<u64>) -> Appended;
        fn head(room: &RoomId) -> Head;
        fn read_after(room: &RoomId, after: u64, limit: usize) -> LogPage;
        fn read_latest(room: &RoomId, limit: usize) -> LogPage;
        fn commit(commit: CallCommit) -> ();
        fn state(room: &RoomId, persona: &PersonaId, without: &[Arc<str>]) -> Option<StoredState>;
        fn pending_lines(room: &RoomId, limit: usize, wait: Duration) -> Vec<PendingLine>;
        fn settle_fenced(room: &RoomId, settled: Vec<(MessageId, call::Fate)>, fence: Option<u64>) -> ();
        fn fates(room: &RoomId, persona: &PersonaId, limit: usize) -> Vec<call::LineFate>;
        fn pending_memories_but(others: &[OutboxId], limit: usize, wait: Duration) -> Vec<OutboxEntry>;
        fn all_pending_memories() -> Vec<OutboxEntry>;
        fn settle_memories(ids: Vec<OutboxId>) -> ();
        fn put_session(session: StoredSession) -> ();
        fn session(token_sha256: &str) -> Option<StoredSession>;
        also {
            fn desks(&self) -> &dyn Desks {
                self
            }

            fn duties(&self) -> &dyn Duties {
                self
            }

            fn describe(&self) -> String {
                self.store().describe()
            }
        }
    }

    Desks by desks {
        fn desk_version(room: &RoomId) -> u64;
        fn desk(room: &RoomId) -> Desk;
        fn change_desk(room: &RoomId, change: Change) -> Changed;
        fn find(room: &RoomId, id: MessageId) -> Option<(u64, Arc<ChatMessage>)>;
        fn replace(room: &RoomId, messages: Vec<Arc<ChatMessage>>) -> u64;
    }

    Duties by duties {
        fn take(rooms: &[RoomId], duty: Duty, holder: &str, ttl: Duration) -> Vec<Lease>;
        fn give_up(rooms: &[RoomId], duty: Duty, holder: &str) -> ();
        fn meet(group: &str, member: &str, ttl: Duration) -> Vec<String>;
        fn present(group: &str) -> Vec<String>;
        fn leave(group: &str, member: &str) -> ();
    }
}

fn store(delegate: &impl Delegate) -> &dyn Store {
    delegate.store()
}

fn desks(delegate: &impl Delegate) -> &dyn Desks {
    delegate.store().desks()
}

fn duties(delegate: &impl Delegate) -> &dyn Duties {
    delegate.store().duties()
}
