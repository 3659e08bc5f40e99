use super::*;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(2);

fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

fn permits(calls: u32, shares: &[(&str, u32)]) -> Permits {
    Permits::new(&Pool {
        calls,
        waiting: calls,
        shares: shares
            .iter()
            .map(|(name, share)| (tenant(name), *share))
            .collect(),
        ..Pool::default()
    })
}

/// Asks in a task of its own, and lets it come as far as it can.
async fn ask(permits: &Permits, name: &str, weight: u32) -> JoinHandle<Result<Permit, Full>> {
    let (permits, tenant) = (permits.clone(), tenant(name));
    let asking = tokio::spawn(async move { permits.acquire(tenant, weight, PATIENCE).await });
    settle().await;
    asking
}

/// Every task does what it can do now.
async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

async fn take(permits: &Permits, name: &str, weight: u32) -> Permit {
    permits
        .acquire(tenant(name), weight, Duration::ZERO)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_tenant_alone_gets_all_there_is() {
    let permits = permits(4, &[]);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(take(&permits, "a", 1).await);
    }
    let full = permits.acquire(tenant("a"), 1, PATIENCE).await;
    assert_eq!(full.map(drop), Err(Full));
    held.pop();
    take(&permits, "a", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_gets_the_next_place_however_many_of_another_wait() {
    let permits = permits(2, &[]);
    let mut held = vec![take(&permits, "a", 1).await, take(&permits, "a", 1).await];
    let mut waiting = Vec::new();
    for _ in 0..50 {
        waiting.push(ask(&permits, "a", 1).await);
    }
    let newcomer = ask(&permits, "b", 1).await;
    held.pop();
    settle().await;
    assert!(newcomer.is_finished());
    assert!(waiting.iter().all(|waiting| !waiting.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn a_full_pool_is_held_in_the_proportion_of_the_shares() {
    for (shares, expected) in [
        (&[][..], [10, 10]),
        (&[("a", 3)], [15, 5]),
        (&[("a", 1), ("b", 4)], [4, 16]),
    ] {
        let permits = permits(20, shares);
        // `a` was there first and has everything; then both want more than there is.
        let mut held: VecDeque<Permit> = VecDeque::new();
        for _ in 0..20 {
            held.push_back(take(&permits, "a", 1).await);
        }
        let mut asking = Vec::new();
        for _ in 0..200 {
            asking.push(ask(&permits, "a", 1).await);
            asking.push(ask(&permits, "b", 1).await);
        }
        for _ in 0..100 {
            drop(held.pop_front());
            settle().await;
            while let Some(at) = asking.iter().position(JoinHandle::is_finished) {
                held.push_back(asking.swap_remove(at).await.unwrap().unwrap());
            }
        }
        let of = |name: &str| {
            held.iter()
                .filter(|permit| permit.tenant.as_str() == name)
                .count()
        };
        assert_eq!([of("a"), of("b")], expected, "{shares:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_heavy_component_is_waited_for() {
    let permits = permits(4, &[]);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(take(&permits, "a", 1).await);
    }
    let heavy = ask(&permits, "b", 3).await;
    let light = ask(&permits, "a", 1).await;
    for _ in 0..2 {
        held.pop();
        settle().await;
        assert!(!heavy.is_finished() && !light.is_finished());
    }
    held.pop();
    settle().await;
    assert!(heavy.is_finished() && !light.is_finished());
    // More than there is at all is as much as there is.
    drop((held, heavy.await, light.await));
    assert_eq!(take(&permits, "a", 99).await.weight, 4);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_lets_the_others_pass() {
    let permits = permits(2, &[]);
    let mut held = vec![take(&permits, "a", 1).await, take(&permits, "a", 1).await];
    let heavy = ask(&permits, "b", 2).await;
    let light = ask(&permits, "a", 1).await;
    held.pop();
    settle().await;
    assert!(!light.is_finished(), "the heavy one is waited for");
    heavy.abort();
    settle().await;
    assert!(light.is_finished());
}

#[tokio::test(start_paused = true)]
async fn the_queue_has_a_deadline_and_a_bound() {
    let permits = permits(1, &[]);
    let _held = take(&permits, "a", 1).await;
    let before = tokio::time::Instant::now();
    let full = permits.acquire(tenant("b"), 1, PATIENCE).await;
    assert_eq!(full.map(drop), Err(Full));
    assert_eq!(before.elapsed().as_secs(), PATIENCE.as_secs());

    let mut waiting = Vec::new();
    for _ in 0..QUEUED {
        waiting.push(ask(&permits, "b", 1).await);
    }
    let before = tokio::time::Instant::now();
    let full = permits.acquire(tenant("b"), 1, PATIENCE).await;
    assert_eq!(
        (full.map(drop), before.elapsed()),
        (Err(Full), Duration::ZERO)
    );
    for waiting in waiting {
        waiting.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_model_leaves_something_for_others() {
    let permits = Permits::new(&Pool {
        calls: 34,
        waiting: 12,
        ..Pool::default()
    });
    let mut held = Vec::new();
    let mut enter = async |name: &str| {
        let permit = take(&permits, name, 1).await;
        let seat = permit.waiting_room().enter();
        held.push(permit);
        seat
    };
    // Two thirds for who is alone: as much again as half of it is left.
    let mut seats = Vec::new();
    while let Some(seat) = enter("a").await {
        seats.push(seat);
    }
    assert_eq!(seats.len(), 8);
    // The next gets what is left but for one, which a third can have.
    let mut others = Vec::new();
    while let Some(seat) = enter("b").await {
        others.push(seat);
    }
    assert_eq!(others.len(), 3);
    assert!(enter("c").await.is_some());
    drop(seats);
    drop(others);
    assert!(permits.0.lock().free_for_waiting == 12);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_model_leaves_places_for_any_component() {
    for (calls, waiting, expected) in [
        (64, 42, 42),
        (64, 48, 42),
        (100, 99, 78),
        (30, 30, 15),
        (8, 48, 4),
        (8, 1, 1),
        (1, 1, 1),
    ] {
        let permits = Permits::new(&Pool {
            calls,
            waiting,
            ..Pool::default()
        });
        assert_eq!(permits.0.waiting_places, expected, "{waiting} of {calls}");
    }
    let heaviest = crate::engine::weight([
        crate::engine::CORE_INSTANCES,
        crate::engine::MEMORIES,
        crate::engine::TABLES,
    ]);
    assert_eq!(heaviest, HEAVIEST);
    let default = Pool::default();
    assert!(default.calls - default.waiting >= HEAVIEST);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_the_model_is_not_waited_for() {
    let permits = permits(8, &[]);
    let asking = take(&permits, "a", 1).await;
    let mut held = vec![take(&permits, "a", 1).await, take(&permits, "a", 1).await];
    let heavy = ask(&permits, "b", 8).await;
    let next = ask(&permits, "a", 1).await;
    let own = ask(&permits, "b", 1).await;
    assert!(!next.is_finished(), "the heavy one is waited for");
    let seat = asking.waiting_room().enter().unwrap();
    settle().await;
    assert!(!heavy.is_finished(), "it needs all places");
    assert!(next.is_finished(), "others pass");
    assert!(own.is_finished(), "those of its own tenant too");
    drop((next.await, own.await));

    // As soon as all places can become free, it is waited for again.
    drop(seat);
    let later = ask(&permits, "a", 1).await;
    assert!(!later.is_finished());
    held.clear();
    drop(asking);
    settle().await;
    assert!(heavy.is_finished() && !later.is_finished());
}

/// Whatever is asked, granted, given up and given back in whatever order: no more is held than there
/// is, and in the end all of it is free.
#[tokio::test(start_paused = true)]
async fn nothing_is_lost_and_nothing_is_given_twice() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut below = |bound: u32| rng.next_u32() % bound;
        let places = 1 + below(9);
        let permits = permits(places, &[("a", 1 + below(3))]);
        let (mut held, mut asking): (Vec<(Option<WaitingSeat>, Permit)>, Vec<JoinHandle<_>>) =
            Default::default();
        for _ in 0..200 {
            match below(6) {
                0 | 1 => {
                    let name = ["a", "b", "c"][below(3) as usize];
                    let (permits, tenant) = (permits.clone(), tenant(name));
                    let weight = 1 + below(places + 1);
                    asking.push(tokio::spawn(async move {
                        permits.acquire(tenant, weight, PATIENCE).await
                    }));
                }
                2 if !held.is_empty() => {
                    let at = below(held.len() as u32) as usize;
                    drop(held.swap_remove(at));
                }
                3 if !asking.is_empty() => {
                    let at = below(asking.len() as u32) as usize;
                    asking.swap_remove(at).abort();
                }
                4 if !held.is_empty() => {
                    let at = below(held.len() as u32) as usize;
                    let (seat, permit) = &mut held[at];
                    *seat = match seat.take() {
                        Some(_) => None,
                        None => permit.waiting_room().enter(),
                    };
                }
                _ => tokio::time::advance(Duration::from_millis(u64::from(below(500)))).await,
            }
            if below(2) == 0 {
                settle().await;
            }
            while let Some(at) = asking.iter().position(JoinHandle::is_finished) {
                if let Ok(Ok(permit)) = asking.swap_remove(at).await {
                    held.push((None, permit));
                }
            }
            let weight: u32 = held.iter().map(|(_, permit)| permit.weight).sum();
            assert!(weight <= places, "seed {seed}: {weight} of {places}");
        }
        held.clear();
        for asking in &asking {
            asking.abort();
        }
        drop(asking);
        settle().await;
        let state = permits.0.lock();
        assert_eq!((state.free, state.queued), (places, 0), "seed {seed}");
        assert_eq!(state.kept_waiting, 0, "seed {seed}");
        assert!(state.tenants.is_empty(), "seed {seed}");
    }
}
