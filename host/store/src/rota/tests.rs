mod late;

use super::*;
use crate::{SharedStore, Sqlite};
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinHandle;

/// A process that has a part in the duty.
struct Part {
    rota: Rota,
    held: watch::Receiver<Held>,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

impl Part {
    fn of(store: &SharedStore, rooms: usize) -> Self {
        let rota = Rota::new(Arc::clone(store), Duty::Personas);
        rota.set_rooms((0..rooms).map(room));
        let cancel = CancellationToken::new();
        Self {
            held: rota.held(),
            task: tokio::spawn(rota.clone().run(cancel.clone())),
            rota,
            cancel,
        }
    }

    fn holds(&self) -> Held {
        self.held.borrow().clone()
    }

    /// Does as a service does that has nothing to bring to an end.
    fn yields(&self) {
        for (room, tenure) in &*self.holds() {
            if tenure.ending {
                self.rota.done(room, *tenure);
            }
        }
    }
}

fn store() -> SharedStore {
    Arc::new(Sqlite::in_memory().unwrap())
}

fn room(n: usize) -> RoomId {
    RoomId::from_parts("main", &format!("room-{n}")).unwrap()
}

async fn after(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn one_alone_has_all_rooms_at_once() {
    let part = Part::of(&store(), 5);
    assert!(part.rota.ready().is_err());
    after(BEAT / 10).await;
    assert_eq!(part.holds().len(), 5);
    part.rota.ready().unwrap();
    part.rota.set_rooms([room(7)]);
    after(BEAT / 10).await;
    let held = part.holds();
    let ending = held.values().filter(|tenure| tenure.ending).count();
    assert_eq!((held.len(), ending), (6, 5));
}

#[tokio::test(start_paused = true)]
async fn rooms_are_shared_and_what_moves_is_brought_to_its_end_first() {
    let store = store();
    let first = Part::of(&store, 6);
    after(BEAT).await;
    let before = first.holds();
    let second = Part::of(&store, 6);
    after(BEAT * 6).await;
    // Nothing was told to have ended: however long that takes, nobody else has it.
    let ending = first
        .holds()
        .values()
        .filter(|tenure| tenure.ending)
        .count();
    assert_eq!(
        (first.holds().len(), ending, second.holds().len()),
        (6, 3, 0)
    );
    first.yields();
    after(BEAT * 2).await;
    assert_eq!((first.holds().len(), second.holds().len()), (3, 3));
    for (room, tenure) in &*second.holds() {
        assert!(tenure.fence > before[room].fence, "{room}");
    }

    second.cancel.cancel();
    after(BEAT / 10).await;
    assert!(second.holds().values().all(|tenure| tenure.ending));
    second.yields();
    after(BEAT * 2).await;
    assert_eq!(
        first.holds().len(),
        6,
        "nobody waits for the end of a lease"
    );
    assert!(second.task.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_noticed_when_the_leases_end() {
    let store = store();
    let (first, second) = (Part::of(&store, 4), Part::of(&store, 4));
    while second.holds().len() < 2 {
        first.yields();
        after(BEAT).await;
    }
    second.task.abort();
    after(TTL - BEAT * 2).await;
    assert_eq!(first.holds().len(), 2);
    after(BEAT * 4).await;
    assert_eq!(first.holds().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn nobody_believes_in_a_lease_for_longer_than_it_lasts_while_the_store_is_slow() {
    let late = Arc::new(late::Late::new(Duration::from_secs(1)));
    let store: SharedStore = late.clone();
    let first = Part::of(&store, 1);
    after(BEAT).await;
    late.answers_after(Duration::from_secs(60));
    after(BEAT * 2).await;
    assert_eq!(first.holds().len(), 1, "after the first answer");
    // It was asked for at the very beginning.
    after(TTL - BEAT * 3).await;
    assert_eq!(first.holds().len(), 0, "the renewal is not answered");
}

#[tokio::test(start_paused = true)]
async fn leases_that_are_renewed_count_though_nobody_tells_who_is_there() {
    let late = Arc::new(late::Late::new(Duration::ZERO));
    let store: SharedStore = late.clone();
    let first = Part::of(&store, 3);
    after(BEAT).await;
    late.tells_nobody();
    after(TTL * 3).await;
    assert_eq!(first.holds().len(), 3);
    assert!(first.rota.ready().is_err());
}

/// As where nodes of a cluster are away: of one the rooms, of another who is there.
#[tokio::test(start_paused = true)]
async fn leases_are_kept_though_what_is_asked_along_is_not_answered() {
    let late = Arc::new(late::Late::new(Duration::ZERO));
    let store: SharedStore = late.clone();
    let first = Part::of(&store, 3);
    after(BEAT).await;
    late.answers_after(PATIENCE - Duration::from_millis(100));
    late.meets_after(Duration::from_secs(60));
    let mut held = first.rota.held();
    let fewer = held.wait_for(|held| held.len() < 3);
    let fewer = tokio::time::timeout(TTL * 4, fewer).await;
    assert!(fewer.is_err(), "{fewer:?}");
}

#[tokio::test(start_paused = true)]
async fn what_ends_late_takes_no_later_tenure_along() {
    let late = Arc::new(late::Late::new(Duration::ZERO));
    let store: SharedStore = late.clone();
    let first = Part::of(&store, 1);
    let mut held = first.rota.held();
    let mut until = async |count| {
        let held = held.wait_for(|held| held.len() == count).await.unwrap();
        held.get(&room(0)).copied()
    };
    let before = until(1).await.unwrap();
    // The store renews the lease all the same.
    late.answers_after(Duration::from_secs(60));
    until(0).await;
    late.answers_after(Duration::ZERO);
    let again = until(1).await.unwrap();
    assert_eq!(again.fence, before.fence);
    first.rota.done(&room(0), before);
    after(BEAT / 10).await;
    assert_eq!(first.holds().get(&room(0)), Some(&again));
    first.rota.done(&room(0), again);
    after(BEAT / 10).await;
    assert_ne!(first.holds().get(&room(0)), Some(&again));
}

/// It is taken and known to be another's with one and the same answer.
#[tokio::test(start_paused = true)]
async fn what_is_another_s_before_it_was_begun_is_given_up() {
    let store = store();
    let first = Part::of(&store, 0);
    after(BEAT / 2).await;
    for n in 0..50 {
        let name = n.to_string();
        let group = Duty::Personas.group();
        let meeting = store.duties().meet(group, &name, TTL);
        meeting.await.unwrap();
    }
    let begun = Arc::new(Mutex::new(0));
    let attending: Vec<_> = (0..7)
        .map(|n| {
            let (rota, begun) = (first.rota.clone(), Arc::clone(&begun));
            tokio::spawn(async move {
                let work = async |_| *lock(&begun) += 1;
                rota.attend(&room(n), work).await;
            })
        })
        .collect();
    first.rota.set_rooms((0..7).map(room));
    after(BEAT / 4).await;
    // Of seven rooms, one of 51 has one at most.
    assert!(first.holds().len() <= 1, "{:?}", first.holds());
    assert!(*lock(&begun) <= 1);
    attending.iter().for_each(JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_as_long_as_the_duty_is_ones_own() {
    let store = store();
    let first = Part::of(&store, 1);
    let begun = Arc::new(Mutex::new(Vec::new()));
    let attending = {
        let (rota, begun) = (first.rota.clone(), Arc::clone(&begun));
        tokio::spawn(async move {
            rota.attend(&room(0), async |tenure| {
                lock(&begun).push(tenure.fence);
                after(BEAT).await;
            })
            .await;
        })
    };
    after(BEAT * 9 + BEAT / 2).await;
    assert_eq!(
        lock(&begun).len(),
        1,
        "what ended by itself is not begun again"
    );
    // Somebody else has it, whatever this one believes.
    let tenure = first.holds()[&room(0)];
    first.rota.fenced(&room(0), tenure);
    after(BEAT * 2).await;
    assert_eq!(lock(&begun).len(), 2, "it was not so, and is begun again");
    attending.abort();
}

/// Parts come, go and die at any time, and take their time to bring something to its end.
#[tokio::test(start_paused = true)]
async fn no_two_believe_that_a_room_is_theirs() {
    for seed in 0..12 {
        let store = store();
        let mut rng = rand::rngs::SmallRng::seed_from_u64(seed);
        let mut parts: Vec<Part> = Vec::new();
        let mut newest: BTreeMap<RoomId, u64> = BTreeMap::new();
        for _ in 0..400 {
            match rng.random_range(0..40) {
                0 if parts.len() < 4 => parts.push(Part::of(&store, 7)),
                1 if !parts.is_empty() => {
                    let part = parts.remove(rng.random_range(0..parts.len()));
                    part.task.abort();
                }
                2 if !parts.is_empty() => parts[rng.random_range(0..parts.len())].cancel.cancel(),
                3..12 if !parts.is_empty() => parts[rng.random_range(0..parts.len())].yields(),
                _ => after(Duration::from_millis(rng.random_range(1..400))).await,
            }
            let mut held: BTreeMap<RoomId, u64> = BTreeMap::new();
            for part in &parts {
                for (room, tenure) in &*part.holds() {
                    let twice = held.insert(room.clone(), tenure.fence);
                    assert_eq!(twice, None, "{room} twice, seed {seed}");
                }
            }
            for (room, fence) in held {
                let newest = newest.entry(room.clone()).or_default();
                assert!(
                    fence >= *newest,
                    "{room}: {fence} after {newest}, seed {seed}"
                );
                *newest = fence;
            }
        }
    }
}
