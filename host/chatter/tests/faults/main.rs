//! What fails in a deployment of several processes, with real processes: and that nothing that was
//! promised is lost by it.
//!
//! `cargo test -p chatter --test faults -- --nocapture --test-threads 1` prints what each fault came
//! to, as rows of one table.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod account;
mod client;
mod deployment;
#[path = "../support/mod.rs"]
mod support;

use account::Account;
use chatter_redis_server::RedisServer;
use client::Crowd;
use deployment::Deployment;
use std::time::Duration;
use support::DEADLINE;
use tokio::time::{Instant, sleep};

/// For so long nothing is wrong, before and after.
const PEACE: Duration = Duration::from_secs(2);

/// Longer than a lease.
const LONG: Duration = Duration::from_secs(6);

/// What is to be heard again after a fault.
const SIGNS: usize = 5;

/// What has to be so after each of them.
struct Scene {
    deployment: Deployment,
    crowd: Crowd,
    fault: Option<Instant>,
}

impl Scene {
    /// Everybody is there, and personas and people talk.
    async fn set(redis: RedisServer, readers: usize) -> Self {
        let deployment = Deployment::on(redis);
        let crowd = Crowd::enter(&deployment.addresses(), readers, 6);
        crowd.goes_on(SIGNS, DEADLINE * 2).await;
        sleep(PEACE).await;
        Self {
            deployment,
            crowd,
            fault: None,
        }
    }

    fn speaking(&self) -> usize {
        self.deployment.speaking().expect("a worker has the room")
    }

    fn fault(&mut self) {
        self.fault = Some(Instant::now());
    }

    /// Waits until all goes on, and counts.
    async fn account(self, name: &str) -> (Account, Deployment) {
        let Self {
            deployment,
            crowd,
            fault,
        } = self;
        crowd.goes_on(SIGNS, DEADLINE).await;
        sleep(PEACE).await;
        let seen = crowd.leave().await;
        let epoch = seen
            .iter()
            .flat_map(|seen| seen.logs.last())
            .map(|(epoch, _)| epoch.as_str())
            .next()
            .expect("a log");
        let living = deployment.gateways.last().expect("a gateway");
        let log = client::log(living.address(), epoch).await;
        let account = Account::of(&seen, &log, fault.expect("a fault"));
        static HEAD: std::sync::Once = std::sync::Once::new();
        HEAD.call_once(Account::head);
        account.print(name);
        assert!(account.acknowledged > 0, "{account:?}");
        assert_eq!(
            (account.lost, account.duplicates, account.breaks),
            (0, 0, 0),
            "{name}: {account:?}"
        );
        // What is promised is 5 s; a machine that is busy with other things is late for everything.
        assert!(account.silence < DEADLINE / 2, "{name}: {account:?}");
        (account, deployment)
    }
}

#[tokio::test]
async fn a_worker_is_killed() {
    let mut scene = Scene::set(RedisServer::start(), 6).await;
    let dead = scene.speaking();
    scene.fault();
    scene.deployment.workers[dead].process.kill();
    let (account, deployment) = scene.account("worker killed with -9").await;
    assert_eq!(account.told, 0);
    assert_ne!(deployment.speaking(), Some(dead));
}

#[tokio::test]
async fn a_worker_is_stopped_and_woken() {
    let mut scene = Scene::set(RedisServer::start(), 6).await;
    let paused = scene.speaking();
    scene.fault();
    scene.deployment.pause(paused);
    scene.crowd.goes_on(SIGNS, DEADLINE).await;
    sleep(LONG).await;
    scene.deployment.wake(paused);
    sleep(PEACE).await;
    let (account, deployment) = scene
        .account("worker stopped, woken after 6 s and more")
        .await;
    assert_eq!(account.told, 0);
    let told = deployment.workers[paused].process.stderr();
    assert!(
        [
            "somebody else has taken over",
            "could not be renewed; stopping",
            "end here"
        ]
        .iter()
        .any(|sign| told.contains(sign)),
        "it noticed: {told}"
    );
}

#[tokio::test]
async fn redis_is_killed_and_keeps_its_data() {
    let mut scene = Scene::set(RedisServer::start(), 6).await;
    scene.fault();
    scene.deployment.redis.kill();
    sleep(PEACE).await;
    scene.deployment.redis.restart();
    let (account, _) = scene
        .account("Redis killed, started again with its data")
        .await;
    assert_eq!(account.told, 0);
}

#[tokio::test]
async fn redis_is_killed_and_loses_its_data() {
    let mut scene = Scene::set(RedisServer::forgetful(), 6).await;
    scene.fault();
    scene.deployment.redis.restart_empty();
    let (account, _) = scene
        .account("Redis killed, started again without its data")
        .await;
    assert_eq!(account.told, 12, "everybody is told: {account:?}");
}

#[tokio::test]
async fn redis_is_slow() {
    let mut scene = Scene::set(RedisServer::start(), 6).await;
    scene.fault();
    scene.deployment.proxy.delay(Duration::from_millis(200));
    sleep(LONG).await;
    scene.deployment.proxy.delay(Duration::ZERO);
    let (account, _) = scene
        .account("each answer of Redis 0.2 s late, for 6 s")
        .await;
    assert_eq!(account.told, 0);
}

#[tokio::test]
async fn connections_are_cut_in_the_middle() {
    let mut scene = Scene::set(RedisServer::start(), 6).await;
    scene.fault();
    // Answers of messages that were added and said are among those that never arrive.
    for _ in 0..10 {
        scene.deployment.proxy.cut_before_answer(7);
        sleep(Duration::from_millis(400)).await;
    }
    let (account, _) = scene
        .account("connections to Redis cut before an answer, ten times")
        .await;
    assert_eq!(account.told, 0);
}

#[tokio::test]
async fn a_gateway_is_killed_under_200_clients() {
    let mut scene = Scene::set(RedisServer::start(), 194).await;
    let busiest = scene
        .deployment
        .taking_in()
        .expect("a gateway takes lines in");
    let mut dead = scene.deployment.gateways.remove(busiest);
    scene.fault();
    dead.process.kill();
    let (account, _) = scene.account("gateway killed under 200 clients").await;
    assert_eq!(account.told, 0);
}
