//! The tasks of a running program: who runs, who ended by itself, and in which order all end.

use std::{collections::HashMap, time::Duration};
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;

/// In which order services end, and how long each stage may take. Together they stay below the five
/// seconds within which the program promises to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// What brings in new things; the first to end.
    Sources,
    /// What makes messages of them.
    Worker,
    /// What brings messages to people; the last, so that they still get what was made.
    Gateway,
}

impl Stage {
    const ORDER: [Self; 3] = [Self::Sources, Self::Worker, Self::Gateway];

    const fn patience(self) -> Duration {
        Duration::from_millis(match self {
            Self::Sources => 250,
            Self::Worker => 1_000,
            Self::Gateway => 3_100,
        })
    }
}

struct Running {
    name: String,
    stage: Stage,
    /// Whether it may end by itself: a file that was played is at its end.
    finite: bool,
    /// Its own.
    end: CancellationToken,
}

/// All services of the program.
pub(super) struct Services {
    tasks: JoinSet<Result<(), String>>,
    running: HashMap<Id, Running>,
    ends: [CancellationToken; Stage::ORDER.len()],
}

impl Services {
    pub(super) fn new() -> Self {
        Self {
            tasks: JoinSet::new(),
            running: HashMap::new(),
            ends: Default::default(),
        }
    }

    /// Starts a service that runs until its token is cancelled.
    pub(super) fn start<F>(
        &mut self,
        stage: Stage,
        name: &str,
        work: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let work = |end| {
            let work = work(end);
            async {
                work.await;
                Ok(())
            }
        };
        self.add(stage, name.to_owned(), false, work);
    }

    /// Starts a service that may also end well by itself. Its token is its own, to end it alone.
    pub(super) fn start_finite<F>(
        &mut self,
        stage: Stage,
        name: String,
        work: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.add(stage, name, true, work);
    }

    fn add<F>(
        &mut self,
        stage: Stage,
        name: String,
        finite: bool,
        work: impl FnOnce(CancellationToken) -> F,
    ) where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let end = self.ends[stage as usize].child_token();
        let task = self.tasks.spawn(work(end.clone()));
        let running = Running {
            name,
            stage,
            finite,
            end,
        };
        self.running.insert(task.id(), running);
    }

    /// Waits until a service ends that should not have, and says which and why.
    pub(super) async fn first_failure(&mut self) -> String {
        loop {
            let Some(ended) = self.tasks.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let (running, result) = self.settle(ended);
            match result {
                Ok(()) if running.finite => {
                    // Of one that was told to end, whoever told it says why.
                    if !running.end.is_cancelled() {
                        tracing::info!("the {} is at its end", running.name);
                    }
                }
                Ok(()) => return format!("the {} ended by itself", running.name),
                Err(reason) => return format!("the {} failed: {reason}", running.name),
            }
        }
    }

    /// Ends all services, stage by stage. What has not ended in time is dropped.
    pub(super) async fn stop(&mut self) {
        for stage in Stage::ORDER {
            self.ends[stage as usize].cancel();
            let deadline = Instant::now() + stage.patience();
            while self.running.values().any(|running| running.stage == stage) {
                match timeout_at(deadline, self.tasks.join_next_with_id()).await {
                    Ok(Some(ended)) => {
                        let (running, result) = self.settle(ended);
                        if let Err(reason) = result {
                            tracing::warn!("the {} failed while it ended: {reason}", running.name);
                        }
                    }
                    Ok(None) => break,
                    Err(_) => {
                        let late = self.running.extract_if(|_, running| running.stage == stage);
                        for (_, running) in late {
                            tracing::warn!(
                                "the {} did not end in time and is dropped",
                                running.name
                            );
                        }
                    }
                }
            }
        }
        self.tasks.abort_all();
    }

    fn settle(
        &mut self,
        ended: Result<(Id, Result<(), String>), JoinError>,
    ) -> (Running, Result<(), String>) {
        let (id, result) = match ended {
            Ok((id, result)) => (id, result),
            Err(error) if error.is_panic() => (
                error.id(),
                Err("it panicked; the log says where".to_owned()),
            ),
            Err(error) => (error.id(), Err(error.to_string())),
        };
        let unknown = || Running {
            name: "dropped service".into(),
            stage: Stage::Gateway,
            finite: true,
            end: CancellationToken::new(),
        };
        (self.running.remove(&id).unwrap_or_else(unknown), result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[tokio::test(start_paused = true)]
    async fn a_service_that_ends_by_itself_is_named() {
        let mut services = Services::new();
        services.start(Stage::Gateway, "gateway", |end| async move {
            end.cancelled().await
        });
        services.start_finite(Stage::Sources, "source of main/lobby".into(), |_| async {
            Ok(())
        });
        services.start_finite(Stage::Sources, "source of main/attic".into(), |_| async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            Err("the disk is gone".into())
        });
        assert_eq!(
            services.first_failure().await,
            "the source of main/attic failed: the disk is gone"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_without_an_end_must_not_end() {
        let mut services = Services::new();
        services.start(Stage::Worker, "worker", |_| async {});
        assert_eq!(services.first_failure().await, "the worker ended by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_a_failure() {
        let mut services = Services::new();
        services.start(Stage::Worker, "worker", |_| async { panic!("oh") });
        assert!(
            services
                .first_failure()
                .await
                .starts_with("the worker failed: it panicked")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn stages_end_in_order_and_in_time() {
        let ended = Arc::new(Mutex::new(Vec::new()));
        let mut services = Services::new();
        for (stage, name, takes) in [
            (Stage::Gateway, "gateway", 10),
            (Stage::Worker, "worker", 999_999),
            (Stage::Sources, "source", 100),
        ] {
            let ended = Arc::clone(&ended);
            services.start(stage, name, move |end| async move {
                end.cancelled().await;
                tokio::time::sleep(Duration::from_millis(takes)).await;
                ended.lock().unwrap().push(name);
            });
        }
        let started = Instant::now();
        services.stop().await;
        assert_eq!(
            *ended.lock().unwrap(),
            ["source", "gateway"],
            "the worker never ends"
        );
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
    }
}
