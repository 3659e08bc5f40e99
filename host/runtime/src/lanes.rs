//! Where guests compute: most of them on the threads that serve rooms, and those that take long apart.
//!
//! A well-behaved call takes a fraction of a tick, and is made where it was asked for. One that is
//! still computing after a tick, or whose persona used up its share of CPU time by calling again and
//! again, goes on in the **slow lane**: threads of their own, at a lower priority, that take turns at
//! each tick, among tenants as in the pool and among the calls of each. So whoever computes much waits
//! for whoever computes little, as in a multi-level feedback queue, and the operating system sees to it
//! within microseconds. A call comes back as soon as it waits for anything: what is waited for belongs
//! to the threads in front.
//!
//! A runtime of one thread has no slow lane: there all take turns at each tick.

use crate::turns::Turns;
use chatter_protocol::{RoomId, TenantId, call::CallEnd};
use std::{
    any::Any,
    collections::BTreeMap,
    future::poll_fn,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::oneshot,
};

/// How nice the slow lane's threads are: about a tenth of the weight of others that want to run.
const NICE: i32 = 10;

/// A call on its way to its end. It owns its instance and its places in the pool.
pub(crate) type Work = Pin<Box<dyn Future<Output = CallEnd> + Send>>;

// === How long a call has computed ===

/// The CPU time of one call, and whether it just gave way.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Nanoseconds of the thread's CPU time when the call went on last.
    since: AtomicU64,
    used: AtomicU64,
    ticks: AtomicU32,
    gave_way: AtomicBool,
}

impl Pace {
    /// The call computes from here on, on this thread.
    pub(crate) fn go_on(&self) {
        self.since.store(thread_nanos(), Relaxed);
    }

    /// It does not, for a while.
    pub(crate) fn pause(&self) {
        self.used();
    }

    /// CPU time so far.
    pub(crate) fn used(&self) -> Duration {
        let now = thread_nanos();
        let since = self.since.swap(now, Relaxed);
        let used = now.saturating_sub(since);
        Duration::from_nanos(self.used.fetch_add(used, Relaxed) + used)
    }

    /// CPU time up to the last look at it, from whichever thread.
    pub(crate) fn used_before(&self) -> Duration {
        Duration::from_nanos(self.used.load(Relaxed))
    }

    pub(crate) fn tick(&self) {
        self.ticks.fetch_add(1, Relaxed);
    }

    pub(crate) fn ticks(&self) -> u32 {
        self.ticks.load(Relaxed)
    }

    /// Lets others run.
    pub(crate) fn give_way(self: &Arc<Self>) -> impl Future<Output = ()> + Send + use<> {
        let pace = self.clone();
        let mut gave_way = false;
        poll_fn(move |context| {
            if std::mem::replace(&mut gave_way, true) {
                pace.go_on();
                return Poll::Ready(());
            }
            pace.gave_way.store(true, Relaxed);
            context.waker().wake_by_ref();
            Poll::Pending
        })
    }
}

fn thread_nanos() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// Makes this thread as nice as this, unless it is nicer. On Linux that is of the thread alone. If it
/// is not allowed, the thread is as fast as any.
pub(crate) fn give_way_to_others(nice: i32) {
    let nice_now = rustix::process::getpriority_process(None).unwrap_or(0);
    if nice_now < nice {
        let _ = rustix::process::setpriority_process(None, nice);
    }
}

// === The lanes ===

/// The threads for calls that compute long. They end when this is dropped.
pub(crate) struct SlowLane(Arc<Queue>);

struct Queue {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

struct Jobs {
    /// At most as many as there are places in the pool.
    waiting: Turns<Job>,
    closed: bool,
}

struct Job {
    work: Work,
    pace: Arc<Pace>,
    /// Whose timers and connections the work uses.
    runtime: Handle,
    back: oneshot::Sender<Left>,
}

/// How work left the slow lane.
enum Left {
    Done(CallEnd),
    /// It waits for something.
    Waits(Work),
    Panicked(Box<dyn Any + Send>),
}

impl SlowLane {
    /// With one thread for each of the machine's processors, and what tenants get of them against the 1
    /// of all others.
    pub(crate) fn new(shares: BTreeMap<TenantId, u32>) -> io::Result<Self> {
        let lane = Self(Arc::new(Queue {
            jobs: Mutex::new(Jobs {
                waiting: Turns::new(shares),
                closed: false,
            }),
            changed: Condvar::new(),
        }));
        for n in 0..thread::available_parallelism().map_or(1, usize::from) {
            let queue = lane.0.clone();
            thread::Builder::new()
                .name(format!("slow lane {n}"))
                .spawn(move || queue.work_off())?;
        }
        Ok(lane)
    }

    /// Drives a call in this room to its end: in front, or in the slow lane while it computes long; from
    /// the beginning if `heavy`. If this is dropped, the call ends at its next tick.
    pub(crate) async fn drive(
        &self,
        mut work: Work,
        pace: &Arc<Pace>,
        room: &RoomId,
        heavy: bool,
    ) -> CallEnd {
        let runtime = Handle::current();
        let has_lane = runtime.runtime_flavor() != RuntimeFlavor::CurrentThread;
        let mut slow = heavy && has_lane;
        loop {
            if slow {
                let (back, left) = oneshot::channel();
                let job = Job {
                    work,
                    pace: pace.clone(),
                    runtime: runtime.clone(),
                    back,
                };
                self.0.push(room.tenant(), job);
                match left.await {
                    Ok(Left::Done(end)) => return end,
                    Ok(Left::Waits(waiting)) => work = waiting,
                    Ok(Left::Panicked(panic)) => resume_unwind(panic),
                    // The threads end after all calls have.
                    Err(_) => return std::future::pending().await,
                }
            }
            let ended = poll_fn(|context| match work.as_mut().poll(context) {
                Poll::Ready(end) => Poll::Ready(Some(end)),
                Poll::Pending if pace.gave_way.swap(false, Relaxed) && has_lane => {
                    Poll::Ready(None)
                }
                Poll::Pending => Poll::Pending,
            });
            match ended.await {
                Some(end) => return end,
                None => slow = true,
            }
        }
    }
}

impl Drop for SlowLane {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, tenant: TenantId, job: Job) {
        self.lock().waiting.push(tenant, job);
        self.changed.notify_one();
    }

    fn next(&self) -> Option<(TenantId, Job)> {
        let mut jobs = self.lock();
        loop {
            if let Some(next) = jobs.waiting.pop() {
                return Some(next);
            }
            if jobs.closed {
                return None;
            }
            jobs = self
                .changed
                .wait(jobs)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work_off(&self) {
        give_way_to_others(NICE);
        while let Some((tenant, job)) = self.next() {
            let runtime = job.runtime.clone();
            let _inside = runtime.enter();
            if let Some(job) = job.step() {
                self.push(tenant, job);
            }
        }
    }
}

impl Job {
    /// Computes up to the next tick; the job if it goes on.
    fn step(mut self) -> Option<Self> {
        if self.back.is_closed() {
            return None;
        }
        // Whatever it comes to wait for, it is polled again in front before anybody waits.
        let mut context = Context::from_waker(Waker::noop());
        let polled = catch_unwind(AssertUnwindSafe(|| self.work.as_mut().poll(&mut context)));
        let left = match polled {
            Ok(Poll::Pending) if self.pace.gave_way.swap(false, Relaxed) => return Some(self),
            Ok(Poll::Pending) => Left::Waits(self.work),
            Ok(Poll::Ready(end)) => Left::Done(end),
            Err(panic) => Left::Panicked(panic),
        };
        // Nobody may be there any more.
        let _ = self.back.send(left);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> SlowLane {
        SlowLane::new(BTreeMap::new()).unwrap()
    }

    fn room() -> RoomId {
        RoomId::new("main/lobby").unwrap()
    }

    /// Work that gives way so often, and notes on which threads it ran.
    fn computing(pace: &Arc<Pace>, ticks: usize, threads: &Arc<Mutex<Vec<String>>>) -> Work {
        let (pace, threads) = (pace.clone(), threads.clone());
        Box::pin(async move {
            for _ in 0..ticks {
                let name = thread::current().name().unwrap_or_default().to_owned();
                threads.lock().unwrap().push(name);
                pace.give_way().await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            let name = thread::current().name().unwrap_or_default().to_owned();
            threads.lock().unwrap().push(name);
            CallEnd::Busy
        })
    }

    async fn threads_of(ticks: usize, heavy: bool) -> Vec<bool> {
        let (lane, pace) = (lane(), Arc::default());
        let threads = Arc::default();
        let work = computing(&pace, ticks, &threads);
        assert_eq!(lane.drive(work, &pace, &room(), heavy).await, CallEnd::Busy);
        let threads = threads.lock().unwrap();
        threads
            .iter()
            .map(|name| name.starts_with("slow lane"))
            .collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn who_computes_long_goes_on_apart_and_waits_in_front() {
        assert_eq!(threads_of(0, false).await, [false]);
        assert_eq!(threads_of(3, false).await, [false, true, true, false]);
        assert_eq!(threads_of(2, true).await, [true, true, false]);
    }

    #[tokio::test]
    async fn one_thread_has_no_slow_lane() {
        assert_eq!(threads_of(3, true).await, [false; 4]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_call_that_is_given_up_ends_at_its_next_tick() {
        let (lane, pace) = (lane(), Arc::<Pace>::default());
        let (held, dropped) = oneshot::channel::<()>();
        let giving_way = pace.clone();
        let work: Work = Box::pin(async move {
            let _held = held;
            loop {
                giving_way.give_way().await;
            }
        });
        let room = room();
        let driven = lane.drive(work, &pace, &room, true);
        let driven = tokio::time::timeout(Duration::from_millis(20), driven);
        assert!(driven.await.is_err());
        assert!(dropped.await.is_err());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_panic_comes_back_to_whoever_called() {
        let lane = lane();
        let lane = Arc::new(lane);
        for _ in 0..8 {
            let (lane, pace) = (lane.clone(), Arc::default());
            let call = async move {
                let work: Work = Box::pin(async { panic!("oh") });
                lane.drive(work, &pace, &room(), true).await
            };
            assert!(tokio::spawn(call).await.unwrap_err().is_panic());
        }
    }

    #[test]
    fn time_spent_elsewhere_is_not_counted() {
        let pace = Pace::default();
        pace.go_on();
        pace.pause();
        let before = pace.used_before();
        thread::sleep(Duration::from_millis(20));
        pace.go_on();
        assert!(pace.used() - before < Duration::from_millis(15));
    }
}
