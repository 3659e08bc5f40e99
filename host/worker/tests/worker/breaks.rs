//! Parts of a worker that break off.

use crate::support::{Hall, Memories, Scripted, eager, talks};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_worker_without_leases_or_delivery_ends() {
    for request in ["meet", "pending_memories_but"] {
        let hall = Hall::open(eager(), &["nova"], Arc::default()).await;
        sleep(SECOND).await;
        hall.store.break_at(request);
        hall.ended().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_room_that_broke_off_is_begun_again() {
    let personas = Arc::new(Scripted::default());
    personas.on("nova", talks);
    let breaks = async |_: &_, store: &crate::support::Shaky| store.break_at("read_latest");
    let memories = Memories::default();
    let hall = Hall::open_with(eager(), &["nova"], personas.clone(), memories, breaks).await;
    sleep(SECOND / 2).await;
    for rest in [1, 2, 4] {
        hall.store.break_at("read_latest");
        sleep((rest - 1) * SECOND).await;
        assert!(!hall.store.broke(), "it is left alone for {rest} s");
        sleep(SECOND).await;
        assert!(hall.store.broke(), "it is begun after {rest} s");
    }
    sleep(8 * SECOND).await;
    hall.context(1, "goal").await;
    sleep(SECOND).await;
    assert_eq!(personas.calls_of("nova").len(), 1);
    hall.close().await;
}
