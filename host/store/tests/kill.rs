//! What was acknowledged is still there after the process was killed in the midst of its work.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chatter_protocol::{
    Author, AuthorKind, CallId, ChatMessage, MessageId, PersonaId, RoomId, Timestamp, V1,
    call::{Fate, State},
};
use chatter_store::{CallCommit, Place, Sqlite, Store};
use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

/// Set in the process that is to be killed: the file to write to.
const FILE: &str = "CHATTER_TEST_KILL_FILE";
const TEST: &str = "what_was_acknowledged_survives_sigkill";
const WRITERS: u8 = 8;

fn room() -> RoomId {
    RoomId::new("main/lobby").unwrap()
}

fn persona(n: u8) -> PersonaId {
    PersonaId::new(&format!("persona-{n}")).unwrap()
}

fn message(n: u8) -> ChatMessage {
    ChatMessage {
        v: V1,
        id: MessageId::new(),
        room_id: room(),
        author: Author {
            id: persona(n).author(),
            name: "Writer".into(),
            kind: AuthorKind::Persona,
            color: None,
            badges: Vec::new(),
        },
        text: "a line of about the usual length, as people write them".into(),
        reply_to: None,
        mentions: Vec::new(),
        sent_at: Timestamp::now(),
        call_id: None,
        deleted: false,
    }
}

/// Writes for ever, and says what was acknowledged, each line in one piece.
async fn write_until_killed(file: &Path) {
    let store = Arc::new(Sqlite::open(file).unwrap());
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..WRITERS {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            for round in 0_u32.. {
                let messages: Vec<_> = (0..=round % 3).map(|_| Arc::new(message(n))).collect();
                let appended = store.append(&room(), messages.clone()).await.unwrap();
                for (message, place) in messages.iter().zip(appended.places) {
                    tell(&format!(
                        "said {} {} {}\n",
                        appended.epoch,
                        place.offset().unwrap(),
                        message.id
                    ));
                }
                let line = message(n);
                let id = line.id;
                let commit = CallCommit {
                    call_id: CallId::new(),
                    room: room(),
                    persona: persona(n),
                    digest: "a1".into(),
                    state: Some(State {
                        version: round,
                        bytes: id.to_string().as_bytes().into(),
                    }),
                    lines: vec![line],
                    memories: Vec::new(),
                    at: Timestamp::now(),
                    fence: None,
                };
                // The queue has a bound, and nobody settles while this runs.
                if round < 100 {
                    store.commit(commit).await.unwrap();
                    tell(&format!("committed {n} {round} {id}\n"));
                }
            }
        });
    }
    writers.join_all().await;
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.flush().unwrap();
}

#[derive(Default)]
struct Acknowledged {
    epochs: Vec<String>,
    offsets: HashMap<u64, MessageId>,
    lines: Vec<MessageId>,
    /// Of each persona, the round of its latest commit.
    rounds: HashMap<u8, u32>,
}

impl Acknowledged {
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["said", epoch, offset, id] => {
                if self.epochs.last().is_none_or(|last| last != epoch) {
                    self.epochs.push(epoch.to_owned());
                }
                let known = self
                    .offsets
                    .insert(offset.parse().unwrap(), id.parse().unwrap());
                assert_eq!(known, None, "offset {offset} was given twice");
            }
            ["committed", n, round, id] => {
                self.rounds
                    .insert(n.parse().unwrap(), round.parse().unwrap());
                self.lines.push(id.parse().unwrap());
            }
            // The test harness speaks too.
            _ => {}
        }
    }
}

/// Lets a process write until it has acknowledged `enough`, and kills it.
fn run_and_kill(file: &Path, enough: usize, acknowledged: &mut Acknowledged) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture", "--test-threads=1"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for line in lines.by_ref().take(enough) {
        acknowledged.read(&line.unwrap());
    }
    // SIGKILL: nothing in the process runs any more. What it had said until then is read too.
    child.kill().unwrap();
    for line in lines {
        acknowledged.read(&line.unwrap());
    }
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(9),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_sigkill() {
    if let Some(file) = env::var_os(FILE) {
        return write_until_killed(Path::new(&file)).await;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("chatter.db");
    let mut acknowledged = Acknowledged::default();
    for round in 1..=3 {
        let said_before = acknowledged.offsets.len();
        run_and_kill(&file, 250, &mut acknowledged);
        assert!(
            acknowledged.offsets.len() > said_before + 50,
            "kill {round} was too early"
        );

        let store = Sqlite::open(&file).unwrap();
        let page = store.read_after(&room(), 0, usize::MAX).await.unwrap();
        let offsets: Vec<u64> = page.messages.iter().map(|(offset, _)| *offset).collect();
        assert_eq!(
            offsets,
            (1..=page.head.offset).collect::<Vec<_>>(),
            "kill {round}"
        );
        let log: HashMap<_, _> = page
            .messages
            .iter()
            .map(|(offset, message)| (*offset, message.id))
            .collect();
        for (offset, id) in &acknowledged.offsets {
            assert_eq!(log.get(offset), Some(id), "kill {round}: offset {offset}");
        }
        assert_eq!(
            acknowledged.epochs,
            [page.head.epoch],
            "kill {round}: the log is the same one"
        );

        let waiting = store
            .pending_lines(&room(), usize::MAX, Duration::ZERO)
            .await
            .unwrap();
        let waiting: Vec<_> = waiting.into_iter().map(|line| line.message.id).collect();
        for line in &acknowledged.lines {
            assert!(waiting.contains(line), "kill {round}: line {line}");
        }
        for (n, round) in &acknowledged.rounds {
            let state = store
                .state(&room(), &persona(*n), &[])
                .await
                .unwrap()
                .unwrap()
                .state;
            assert!(
                state.version >= *round,
                "persona {n}: {} before {round}",
                state.version
            );
            let line: MessageId = std::str::from_utf8(&state.bytes).unwrap().parse().unwrap();
            assert!(
                waiting.contains(&line),
                "persona {n}: its state is there without its line"
            );
        }

        let settled = waiting.into_iter().map(|id| (id, Fate::Accepted)).collect();
        store.settle_lines(&room(), settled).await.unwrap();
        acknowledged.lines.clear();
        acknowledged.rounds.clear();

        let last = message(0);
        let id = last.id;
        let next = store
            .append(&room(), vec![Arc::new(last)])
            .await
            .unwrap()
            .places[0];
        assert_eq!(next, Place::New(page.head.offset + 1));
        acknowledged.offsets.insert(page.head.offset + 1, id);
    }
}
