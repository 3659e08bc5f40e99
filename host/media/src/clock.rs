//! The stream's clock: where in it a piece of sound lies, and when its time has come.
//!
//! It counts samples, so that it can't drift from what is heard, and is held to the time that has
//! passed. A process of ffmpeg tells samples without holes; where it begins, or goes on after a stall,
//! is decided here.

use crate::feed::ms_of;
use std::time::Duration;
use tokio::time::Instant;

/// How late a piece of a live source may be. Beyond that its time is told as a gap.
pub(crate) const LATE: Duration = Duration::from_secs(3);

/// How early a piece of a source that sets the pace may come.
const EARLY: Duration = Duration::from_secs(1);

/// Where sound was dropped since it came too early, so much is told as a gap, in milliseconds: what follows
/// does not go on from what was before.
const CUT_MS: u64 = 20;

/// While a source begins, what comes early is what was said before it began to be read: the clock
/// begins with that.
const BEGINNING: Duration = Duration::from_secs(3);

/// What is late may be caught up with for so long; then it is taken for what happens now.
const CATCH_UP: Duration = Duration::from_secs(1);

/// A file that is so far behind goes on from there.
const BEHIND: Duration = Duration::from_secs(5);

/// Who sets the pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// The reader: nothing is lost, however slowly it is read.
    File {
        /// How fast.
        speed: f64,
    },
    /// A live source that keeps what was not fetched yet, as web servers do.
    Pulled,
    /// A live source that sends what happens now.
    Pushed,
}

/// What to do with a piece.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Take {
    /// Tell it. If something is missing before it, from here to where it begins.
    Tell { at_ms: u64, gap: Option<Gap> },
    /// Ask again then.
    Wait(Instant),
    /// It comes too late, or too early.
    Drop,
}

/// Time in which nothing came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
}

#[derive(Debug)]
pub(crate) struct Clock {
    pace: Pace,
    /// A moment, and what the clock said then.
    anchor: Option<(Instant, u64)>,
    /// Everything before has been told.
    told_ms: u64,
    /// Where this process' first sample lies; none until there is one.
    base_ms: Option<u64>,
    /// How many of its samples have been told or dropped.
    samples: u64,
    late_since: Option<Instant>,
    /// What came last was dropped, and no gap has been told since.
    cut: bool,
    /// When the first piece came, until the beginning is over.
    beginning: Option<Instant>,
}

impl Clock {
    pub(crate) fn new(pace: Pace, from_ms: u64) -> Self {
        Self {
            pace,
            anchor: None,
            told_ms: from_ms,
            base_ms: None,
            samples: 0,
            late_since: None,
            cut: false,
            beginning: None,
        }
    }

    /// What turned out about the source when it was opened.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// Everything before has been told.
    pub(crate) fn told_ms(&self) -> u64 {
        self.told_ms
    }

    /// Where the first sample of the process that plays now lies.
    pub(crate) fn base_ms(&self) -> Option<u64> {
        self.base_ms
    }

    /// Another process begins.
    pub(crate) fn restart(&mut self) {
        self.base_ms = None;
        self.samples = 0;
        self.late_since = None;
    }

    /// A piece has come.
    pub(crate) fn take(&mut self, samples: usize, now: Instant) -> Take {
        let (anchor, anchor_ms) = *self.anchor.get_or_insert((now, self.told_ms));
        match self.pace {
            Pace::File { speed } => {
                let base_ms = *self.base_ms.get_or_insert(self.told_ms);
                let end_ms = base_ms + (self.samples + samples as u64) * 1000 / RATE;
                let after = end_ms.saturating_sub(anchor_ms) as f64 / 1000.0 / speed;
                // A file may be slower than any clock counts.
                let after = Duration::try_from_secs_f64(after).unwrap_or(Duration::MAX);
                let Some(due) = anchor.checked_add(after) else {
                    return Take::Wait(now + Duration::from_secs(3600));
                };
                if now < due {
                    return Take::Wait(due);
                }
                if now - due > BEHIND {
                    self.anchor = Some((now, end_ms));
                }
                self.tell(samples, None)
            }
            Pace::Pulled | Pace::Pushed => self.take_live(samples, now),
        }
    }

    fn take_live(&mut self, samples: usize, now: Instant) -> Take {
        let mut wall_ms = self.wall_ms(now);
        let mut gap = None;
        if self.base_ms.is_none() {
            // It lies before the moment in which it came; but nothing is told twice.
            let at_ms = wall_ms.saturating_sub(ms_of(samples)).max(self.told_ms);
            gap = self.skip_to(at_ms);
            self.base_ms = Some(at_ms);
        }
        let beginning = now - *self.beginning.get_or_insert(now) < BEGINNING;
        let mut at_ms = self.next_ms();
        let cut_ms = if self.cut { CUT_MS } else { 0 };
        let end_ms = at_ms + ms_of(samples) + cut_ms;
        let early = Duration::from_millis(end_ms.saturating_sub(wall_ms));
        match self.pace {
            Pace::Pulled if !early.is_zero() => return Take::Wait(now + early),
            Pace::Pushed if early > EARLY => {
                if !beginning {
                    // What was dropped takes hardly any time.
                    self.cut = true;
                    return Take::Drop;
                }
                if let Some((anchor, _)) = &mut self.anchor
                    && let Some(before) = anchor.checked_sub(early)
                {
                    *anchor = before;
                    wall_ms = self.wall_ms(now);
                }
            }
            _ => {}
        }
        if at_ms < self.told_ms {
            let since = *self.late_since.get_or_insert(now);
            if now - since < CATCH_UP {
                self.samples += samples as u64;
                return Take::Drop;
            }
            let to_ms = self.told_ms.max(wall_ms.saturating_sub(ms_of(samples)));
            self.base_ms = self.base_ms.map(|base_ms| base_ms + (to_ms - at_ms));
            at_ms = to_ms;
        }
        self.late_since = None;
        if self.cut && at_ms == self.told_ms {
            self.base_ms = self.base_ms.map(|base_ms| base_ms + CUT_MS);
            at_ms += CUT_MS;
        }
        let more = self.skip_to(at_ms);
        let gap = match (gap, more) {
            (Some(gap), Some(more)) => Some(Gap {
                from_ms: gap.from_ms,
                ..more
            }),
            (gap, more) => gap.or(more),
        };
        self.tell(samples, gap)
    }

    /// Time passes. Of a live source, what is too late by now is told as a gap.
    pub(crate) fn idle(&mut self, now: Instant) -> Option<Gap> {
        if matches!(self.pace, Pace::File { .. }) || self.anchor.is_none() {
            return None;
        }
        let wall_ms = self.wall_ms(now);
        let late = wall_ms.saturating_sub(self.told_ms);
        if u128::from(late) < LATE.as_millis() {
            return None;
        }
        self.skip_to(wall_ms)
    }

    fn skip_to(&mut self, at_ms: u64) -> Option<Gap> {
        if at_ms <= self.told_ms {
            return None;
        }
        let gap = Gap {
            from_ms: self.told_ms,
            to_ms: at_ms,
        };
        self.told_ms = at_ms;
        self.cut = false;
        Some(gap)
    }

    fn tell(&mut self, samples: usize, gap: Option<Gap>) -> Take {
        let at_ms = self.next_ms();
        self.samples += samples as u64;
        self.told_ms = self.next_ms();
        Take::Tell { at_ms, gap }
    }

    /// Where the next sample of this process lies.
    fn next_ms(&self) -> u64 {
        self.base_ms.unwrap_or(self.told_ms) + self.samples * 1000 / RATE
    }

    /// What the clock would say if everything came in time.
    fn wall_ms(&self, now: Instant) -> u64 {
        self.anchor.map_or(self.told_ms, |(anchor, ms)| {
            let passed = now.saturating_duration_since(anchor).as_millis();
            ms.saturating_add(u64::try_from(passed).unwrap_or(u64::MAX))
        })
    }
}

const RATE: u64 = crate::SAMPLE_RATE as u64;

#[cfg(test)]
mod tests {
    use super::*;

    const PIECE: usize = crate::PIECE;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Lets pieces come at these times, and gives what is told: the times of sound, and the gaps.
    struct Desk {
        clock: Clock,
        began: Instant,
        now: Instant,
        told: Vec<(u64, u64)>,
        gaps: Vec<(u64, u64)>,
    }

    impl Desk {
        fn new(pace: Pace, from_ms: u64) -> Self {
            let now = Instant::now();
            Self {
                clock: Clock::new(pace, from_ms),
                began: now,
                now,
                told: Vec::new(),
                gaps: Vec::new(),
            }
        }

        /// Pieces that come one after another, `every_ms`.
        fn pieces(&mut self, count: usize, every_ms: u64) -> &mut Self {
            for _ in 0..count {
                self.now += ms(every_ms);
                self.idle();
                self.piece();
            }
            self
        }

        fn piece(&mut self) {
            loop {
                match self.clock.take(PIECE, self.now) {
                    Take::Wait(due) => {
                        assert!(due > self.now);
                        self.now = due;
                        self.idle();
                    }
                    Take::Drop => return,
                    Take::Tell { at_ms, gap } => {
                        self.gaps.extend(gap.map(|gap| (gap.from_ms, gap.to_ms)));
                        self.told.push((at_ms, at_ms + 100));
                        return;
                    }
                }
            }
        }

        fn nothing(&mut self, for_ms: u64) -> &mut Self {
            for _ in 0..for_ms / 250 {
                self.now += ms(250);
                self.idle();
            }
            self
        }

        fn idle(&mut self) {
            let gap = self.clock.idle(self.now);
            self.gaps.extend(gap.map(|gap| (gap.from_ms, gap.to_ms)));
        }

        fn wall(&self) -> u64 {
            u64::try_from((self.now - self.began).as_millis()).unwrap()
        }

        /// Sound and gaps leave nothing out and tell nothing twice.
        fn check(&self) {
            let mut all: Vec<_> = self.told.iter().chain(&self.gaps).copied().collect();
            all.sort_unstable();
            for pair in all.windows(2) {
                assert_eq!(pair[0].1, pair[1].0, "{:?}", self.gaps);
            }
        }

        fn gone(&self) -> u64 {
            self.gaps.iter().map(|(from, to)| to - from).sum()
        }
    }

    #[test]
    fn a_file_keeps_to_the_time_at_which_it_began() {
        for (speed, wall) in [(1.0, 1_800_000), (2.0, 900_000), (1000.0, 1_800)] {
            let mut desk = Desk::new(Pace::File { speed }, 7_000);
            desk.pieces(18_000, 0).check();
            assert_eq!(desk.told[17_999], (1_806_900, 1_807_000));
            assert!(desk.wall().abs_diff(wall) <= 1, "{speed}: {}", desk.wall());
            assert_eq!(desk.gaps, []);
        }
    }

    #[test]
    fn a_file_catches_up_after_a_short_delay_and_waits_in_a_long_one() {
        for (delay, expected) in [(4_000, 60_000), (100_000, 160_000)] {
            let mut desk = Desk::new(Pace::File { speed: 1.0 }, 0);
            desk.pieces(100, 0);
            desk.now += ms(delay);
            desk.pieces(500, 0).check();
            assert!(
                desk.wall().abs_diff(expected) <= 200,
                "{delay}: {}",
                desk.wall()
            );
        }
    }

    #[test]
    fn a_file_that_hardly_moves_asks_to_wait() {
        let now = Instant::now();
        let mut clock = Clock::new(Pace::File { speed: 0.01 }, u64::MAX / 2);
        assert_eq!(clock.take(PIECE, now), Take::Wait(now + ms(10_000)));
    }

    #[test]
    fn pieces_that_come_in_time_are_told_as_they_come() {
        for pace in [Pace::Pulled, Pace::Pushed] {
            let mut desk = Desk::new(pace, 5_000);
            desk.pieces(1_000, 100).check();
            assert_eq!(desk.told.len(), 1_000);
            assert_eq!(desk.told[0].0, 5_000);
            assert_eq!(desk.gaps, []);
        }
    }

    #[test]
    fn a_server_that_has_much_is_read_at_the_clocks_pace() {
        let mut desk = Desk::new(Pace::Pulled, 0);
        // Segments of 6 s, three of them at once.
        desk.pieces(180, 0);
        assert_eq!(desk.wall(), 18_000);
        desk.pieces(60, 0).check();
        assert_eq!((desk.told.len(), desk.gaps.len()), (240, 0));
    }

    #[test]
    fn what_was_said_before_it_was_listened_to_begins_the_clock() {
        let mut desk = Desk::new(Pace::Pushed, 0);
        desk.pieces(40, 1).pieces(600, 100).check();
        assert_eq!((desk.told.len(), desk.gaps.len()), (640, 0));
    }

    #[test]
    fn where_a_burst_is_cut_there_is_a_short_gap() {
        let mut desk = Desk::new(Pace::Pushed, 0);
        desk.pieces(50, 100).nothing(10_000);
        desk.clock.restart();
        desk.pieces(40, 1).pieces(100, 100).check();
        let cuts = desk.gaps.iter().filter(|(from, to)| to - from == CUT_MS);
        assert_eq!(cuts.count(), 1, "{:?}", desk.gaps);
        let told = desk.clock.told_ms();
        assert!(told < desk.wall() + 1_000, "{told} at {}", desk.wall());
    }

    #[test]
    fn a_short_stall_is_caught_up_with() {
        let mut desk = Desk::new(Pace::Pushed, 0);
        desk.pieces(50, 100)
            .nothing(2_500)
            .pieces(25, 1)
            .pieces(50, 100)
            .check();
        assert_eq!((desk.told.len(), desk.gone()), (125, 0));
    }

    #[test]
    fn a_long_stall_is_a_gap_and_what_is_late_then_is_not_told() {
        let mut desk = Desk::new(Pace::Pushed, 0);
        // What was held up comes at once, then what is said now.
        desk.pieces(50, 100)
            .nothing(60_000)
            .pieces(600, 1)
            .pieces(100, 100)
            .check();
        assert!(desk.gone().abs_diff(60_000) < 1_000, "{:?}", desk.gaps);
        let last = desk.told.last().unwrap().1;
        assert!(
            last.abs_diff(desk.wall()) < 1_000,
            "{last} at {}",
            desk.wall()
        );
    }

    #[test]
    fn a_source_that_goes_on_where_it_stood_is_what_happens_now() {
        let mut desk = Desk::new(Pace::Pushed, 0);
        desk.pieces(50, 100)
            .nothing(60_000)
            .pieces(100, 100)
            .check();
        let last = desk.told.last().unwrap().1;
        assert!(
            last.abs_diff(desk.wall()) < 1_500,
            "{last} at {}",
            desk.wall()
        );
        // A second of it was taken for what was late.
        assert!(
            (138..=142).contains(&desk.told.len()),
            "{}",
            desk.told.len()
        );
    }

    #[test]
    fn another_process_goes_on_now() {
        for pace in [Pace::Pulled, Pace::Pushed] {
            let mut desk = Desk::new(pace, 0);
            desk.pieces(50, 100).nothing(1_000);
            desk.clock.restart();
            desk.pieces(50, 100).nothing(10_000);
            desk.clock.restart();
            desk.pieces(50, 100).check();
            assert_eq!(desk.told.len(), 150);
            assert!(desk.gone().abs_diff(11_000) < 300, "{:?}", desk.gaps);
        }
    }

    #[test]
    fn clocks_that_run_differently_stay_together_for_a_day() {
        // 200 ppm slower and faster than this machine's.
        for (every_us, most) in [(100_020u64, 40), (99_980, 40)] {
            let mut desk = Desk::new(Pace::Pushed, 0);
            for n in 0..864_000u64 {
                desk.now = desk.began + Duration::from_micros(n * every_us);
                desk.idle();
                desk.piece();
                let told = desk.clock.told_ms();
                assert!(
                    told.abs_diff(desk.wall()) < 3_200,
                    "{told} at {}",
                    desk.wall()
                );
            }
            desk.check();
            let lost = 864_000 - desk.told.len();
            assert!(lost / 10 < most, "{lost}");
        }
    }
}
