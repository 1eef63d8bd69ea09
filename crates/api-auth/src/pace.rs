//! The pace of a client: a maximum rate of requests, and pauses after responses with status 429.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Limits the rate of a client's requests, and delays them after a response with status 429. All
/// threads share one instance.
///
/// If the rate is limited, requests that must wait are sent in the order of their turns. Only the
/// thread of the first one sleeps. The others wait until it is sent or gives up its turn, so a
/// request that is not sent delays no other request.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// The minimum time between two requests. `None` if the rate is not limited.
    interval: Option<Duration>,
    /// Whether there may be a pause. If it is `false`, a client without a maximum rate does not
    /// need the lock.
    may_pause: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The earliest time at which the maximum rate allows the next request.
    next: Option<SystemTime>,
    /// The end of the last pause that a response with status 429 caused.
    paused_until: Option<SystemTime>,
    /// The time that the clock returned last.
    last: Option<SystemTime>,
    /// The sum of the durations by which the clock was set back. It is added to the time of the
    /// clock, so that the time never decreases.
    set_back: Duration,
    /// The number of turns that were assigned.
    turns: u64,
    /// The turns of the threads that wait, and their signals. Their number is small, and a map would
    /// need more code.
    waiting: Vec<(Order, Arc<Condvar>)>,
}

/// The order of the turns. `false` is first: requests for tokens, for which other requests wait.
type Order = (bool, u64);

/// The turn of a request among those that wait. A request keeps its turn if it has to wait again.
#[derive(Debug)]
pub(crate) struct Turn {
    is_normal: bool,
    number: Option<u64>,
    /// The time at which the request can be sent, after the wait.
    start: Option<SystemTime>,
}

impl Turn {
    /// Returns the turn of a request.
    pub(crate) fn normal() -> Self {
        Self { is_normal: true, number: None, start: None }
    }

    /// Records that the request was sent, so that its time cannot be given back any more.
    pub(crate) fn sent(&mut self) {
        self.start = None;
    }

    /// Returns the turn of a request for a token, which is before those of all other requests.
    pub(crate) fn first() -> Self {
        Self { is_normal: false, number: None, start: None }
    }
}

/// The entry of a waiting thread. It is removed when the thread stops waiting, for whatever reason.
struct Entry<'a> {
    pace: &'a Pace,
    order: Order,
    signal: Arc<Condvar>,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.lock();
        state.waiting.retain(|(order, _)| *order != self.order);
        if let Some((_, signal)) = state.first() {
            signal.notify_all();
        }
    }
}

impl State {
    /// Returns the time of the clock, corrected so that it never decreases. After a sleep, it is at
    /// least the end of the sleep, because the clock of a test does not always advance.
    fn time(&mut self, now: SystemTime, slept_until: Option<SystemTime>) -> SystemTime {
        if let Some(last) = self.last.replace(now) {
            self.correct(now, last);
        }
        let time = now.checked_add(self.set_back).unwrap_or(now);
        slept_until.map_or(time, |end| {
            self.correct(time, end);
            time.max(end)
        })
    }

    /// Adds the duration from `time` to `minimum`, if that is later, to all times of the clock.
    fn correct(&mut self, time: SystemTime, minimum: SystemTime) {
        let missing = minimum.duration_since(time).unwrap_or_default();
        self.set_back = self.set_back.saturating_add(missing);
    }

    /// Returns the earliest time at which a request can be sent, or `time` if it can be sent then.
    fn start(&self, time: SystemTime) -> SystemTime {
        [self.next, self.paused_until].into_iter().flatten().fold(time, SystemTime::max)
    }

    /// Returns the thread whose turn is first.
    fn first(&self) -> Option<&(Order, Arc<Condvar>)> {
        self.waiting.iter().min_by_key(|(order, _)| *order)
    }

    fn is_first(&self, order: Order) -> bool {
        self.first().is_none_or(|(first, _)| order <= *first)
    }
}

impl Pace {
    /// Creates a pace with at most this number of requests per second, or without a limit for
    /// `None`.
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let interval = per_second.and_then(|rate| Duration::from_secs(1).checked_div(rate));
        Self { interval, ..Self::default() }
    }

    /// Returns whether a request may have to wait.
    pub(crate) fn may_wait(&self) -> bool {
        self.interval.is_some() || self.may_pause.load(Ordering::Acquire)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the request with this turn can be sent. Returns whether it waited, or `None` if
    /// the wait was interrupted.
    ///
    /// `now` reads the clock. `sleep` sleeps, and returns `false` if it was interrupted. After it has
    /// returned `true`, the duration has passed, even if the clock, such as that of a test, did not
    /// advance. `is_interrupted` is called again after each [`wake`](Self::wake).
    pub(crate) fn wait(
        &self,
        turn: &mut Turn,
        now: impl Fn() -> SystemTime,
        sleep: impl Fn(Duration) -> bool,
        is_interrupted: impl Fn() -> bool,
    ) -> Option<bool> {
        match self.interval {
            Some(interval) => self.wait_for_turn(interval, turn, now, sleep, is_interrupted),
            None if self.may_pause.load(Ordering::Acquire) => self.wait_for_pause(now, sleep),
            None => Some(false),
        }
    }

    fn wait_for_turn(
        &self,
        interval: Duration,
        turn: &mut Turn,
        now: impl Fn() -> SystemTime,
        sleep: impl Fn(Duration) -> bool,
        is_interrupted: impl Fn() -> bool,
    ) -> Option<bool> {
        // It is dropped after the lock is released.
        let mut entry = None;
        let mut slept_until = None;
        let mut state = self.lock();
        let number = *turn.number.get_or_insert_with(|| {
            state.turns += 1;
            state.turns
        });
        let order = (turn.is_normal, number);
        loop {
            if is_interrupted() {
                return None;
            }
            let mut pause = None;
            if state.is_first(order) {
                let time = state.time(now(), slept_until);
                let start = state.start(time);
                if start == time {
                    state.next = start.checked_add(interval);
                    turn.start = Some(start);
                    return Some(entry.is_some());
                }
                pause = Some((start, start.duration_since(time).unwrap_or_default()));
            }
            let entry: &mut Entry<'_> = entry.get_or_insert_with(|| {
                let signal = Arc::<Condvar>::default();
                state.waiting.push((order, signal.clone()));
                Entry { pace: self, order, signal }
            });
            if let Some((start, pause)) = pause {
                drop(state);
                if !sleep(pause) {
                    return None;
                }
                state = self.lock();
                slept_until = Some(start);
            } else {
                state = entry.signal.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Lets another request be sent at the time of this one, which is not sent or does not count.
    /// Does nothing if a later request was sent.
    pub(crate) fn give_back(&self, turn: &mut Turn) {
        if let (Some(start), Some(interval)) = (turn.start.take(), self.interval) {
            let mut state = self.lock();
            if state.next == start.checked_add(interval) {
                state.next = Some(start);
            }
        }
    }

    /// Waits until no pause is left. All threads continue at the same time.
    fn wait_for_pause(
        &self,
        now: impl Fn() -> SystemTime,
        sleep: impl Fn(Duration) -> bool,
    ) -> Option<bool> {
        let mut slept_until = None;
        loop {
            let mut state = self.lock();
            let time = state.time(now(), slept_until);
            let start = state.start(time);
            if start == time {
                state.paused_until = None;
                self.may_pause.store(false, Ordering::Release);
                return Some(slept_until.is_some());
            }
            drop(state);
            if !sleep(start.duration_since(time).unwrap_or_default()) {
                return None;
            }
            slept_until = Some(start);
        }
    }

    /// Delays all requests until `duration` has passed since the current time of the clock `now`.
    pub(crate) fn pause(&self, now: impl FnOnce() -> SystemTime, duration: Duration) {
        let mut state = self.lock();
        // If it were read before, a later reading of another thread would look like a clock that was
        // set back.
        let end = state.time(now(), None).checked_add(duration);
        state.paused_until = state.paused_until.max(end);
        self.may_pause.store(true, Ordering::Release);
    }

    /// Wakes all threads that wait for their turns, so that they notice an interrupt.
    pub(crate) fn wake(&self) {
        self.lock().waiting.iter().for_each(|(_, signal)| signal.notify_all());
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::mpsc;

    use super::*;

    fn at(milliseconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000) + ms(milliseconds)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Returns how long a request waits at a clock that advances when a thread sleeps.
    fn wait(pace: &Pace, milliseconds: u64) -> Duration {
        let slept = Cell::new(Duration::ZERO);
        let now = || at(milliseconds) + slept.get();
        let sleep = |duration| {
            slept.set(slept.get() + duration);
            true
        };
        let waited = pace.wait(&mut Turn::normal(), now, sleep, || false);
        assert_eq!(waited, Some(!slept.get().is_zero()));
        slept.get()
    }

    #[test]
    fn requests_are_spread_evenly() {
        let pace = Pace::new(Some(4));
        let waits = [0, 0, 350, 2000, 2100].map(|now| wait(&pace, now));
        assert_eq!(waits, [0, 250, 150, 0, 150].map(ms));
    }

    #[test]
    fn time_of_a_sent_request_is_not_given_back() {
        for (is_sent, next) in [(true, 1000), (false, 0)] {
            let pace = Pace::new(Some(1));
            let mut turn = Turn::normal();
            assert_eq!(pace.wait(&mut turn, || at(0), |_| true, || false), Some(false));
            if is_sent {
                turn.sent();
            }
            pace.give_back(&mut turn);
            assert_eq!(wait(&pace, 0), ms(next));
        }
    }

    #[test]
    fn pause_reads_the_clock_while_no_other_thread_can() {
        let pace = Pace::new(None);
        pace.pause(
            || {
                assert!(pace.state.try_lock().is_err());
                at(0)
            },
            ms(1000),
        );
        assert_eq!(wait(&pace, 0), ms(1000));
    }

    #[test]
    fn pause_holds_for_all_requests() {
        for rate in [None, Some(10)] {
            let pace = Pace::new(rate);
            assert_eq!(wait(&pace, 0), ms(0));
            pace.pause(|| at(0), ms(7000));
            pace.pause(|| at(0), ms(3000));
            assert_eq!(wait(&pace, 1000), ms(6000), "the longer pause");
            let spread = if rate.is_some() { 100 } else { 0 };
            assert_eq!(wait(&pace, 7000), ms(spread));
            assert_eq!(wait(&pace, 8000), ms(0));
        }
    }

    #[test]
    fn pause_that_begins_during_a_wait_prolongs_it() {
        for rate in [None, Some(1)] {
            let pace = Pace::new(rate);
            assert_eq!(wait(&pace, 0), ms(0));
            pace.pause(|| at(0), ms(1000));
            let slept = Cell::new(Duration::ZERO);
            let now = || at(0) + slept.get();
            let sleep = |duration| {
                if slept.get().is_zero() {
                    pace.pause(now, ms(5000));
                }
                slept.set(slept.get() + duration);
                true
            };
            assert_eq!(pace.wait(&mut Turn::normal(), now, sleep, || false), Some(true));
            assert_eq!(slept.get(), ms(5000));
        }
    }

    #[test]
    fn clock_that_is_set_back_does_not_prolong_the_wait() {
        let pace = Pace::new(Some(1));
        assert_eq!(wait(&pace, 100_000), ms(0));
        assert_eq!(wait(&pace, 10_000), ms(1000));
        pace.pause(|| at(11_000), ms(5000));
        assert_eq!(wait(&pace, 1000), ms(5000));
        // It is set back during the sleep.
        let set_back = Cell::new(false);
        let now = || if set_back.get() { at(1000) } else { at(6000) };
        let sleep = |duration| {
            assert_eq!(duration, ms(1000));
            !set_back.replace(true)
        };
        assert_eq!(pace.wait(&mut Turn::normal(), now, sleep, || false), Some(true));
        assert_eq!(wait(&pace, 1000), ms(1000));
    }

    #[test]
    fn clock_that_stands_still_does_not_prolong_the_wait() {
        let pace = Pace::new(Some(1));
        for _ in 0..3 {
            let sleeps = Cell::new(0);
            let sleep = |duration| {
                assert_eq!(duration, ms(1000));
                sleeps.set(sleeps.get() + 1);
                true
            };
            assert!(pace.wait(&mut Turn::normal(), || at(0), sleep, || false).is_some());
            assert!(sleeps.get() <= 1);
        }
    }

    #[test]
    fn clock_is_not_read_without_limits_and_pauses() {
        let pace = Pace::new(None);
        let turn = &mut Turn::normal();
        assert_eq!(pace.wait(turn, || panic!("read"), |_| false, || false), Some(false));
    }

    #[test]
    fn request_that_gives_up_its_turn_delays_no_other() {
        let pace = Pace::new(Some(4));
        assert_eq!(wait(&pace, 0), ms(0));
        for _ in 0..100 {
            assert_eq!(pace.wait(&mut Turn::normal(), || at(0), |_| false, || false), None);
            assert_eq!(pace.wait(&mut Turn::normal(), || at(0), |_| true, || true), None);
        }
        assert_eq!(wait(&pace, 0), ms(250));
        // A panic of the clock, too.
        std::panic::catch_unwind(|| {
            pace.wait(&mut Turn::normal(), || at(250), |_| panic!("sleep"), || false)
        })
        .unwrap_err();
        assert_eq!(wait(&pace, 250), ms(250));
        assert!(pace.lock().waiting.is_empty());
    }

    #[test]
    fn time_that_is_given_back_is_that_of_the_next_request() {
        let pace = Pace::new(Some(4));
        let take = |turn: &mut Turn| pace.wait(turn, || at(0), |_| panic!("sleep"), || false);
        let (mut first, mut second) = (Turn::normal(), Turn::normal());
        assert_eq!(take(&mut first), Some(false));
        pace.give_back(&mut first);
        assert_eq!(take(&mut second), Some(false));
        pace.give_back(&mut first);
        assert_eq!(wait(&pace, 0), ms(250));
        pace.give_back(&mut second);
        assert_eq!(wait(&pace, 250), ms(250), "a later request was sent");
    }

    #[test]
    fn threads_take_turns_in_order() {
        const THREADS: u64 = 20;
        let pace = Pace::new(Some(4));
        assert_eq!(wait(&pace, 0), ms(0));
        // The time of the clock, and the number of threads that sleep.
        let (clock, changed) = (Mutex::new((0, 0)), Condvar::new());
        let now = || at(clock.lock().unwrap().0);
        let sleep = |duration: Duration| {
            let mut state = clock.lock().unwrap();
            let end = state.0 + u64::try_from(duration.as_millis()).unwrap();
            state.1 += 1;
            changed.notify_all();
            changed.wait_while(state, |state| state.0 < end).unwrap().1 -= 1;
            true
        };
        let advance_to = |time, sleeping| {
            let state = clock.lock().unwrap();
            changed.wait_while(state, |state| state.1 < sleeping).unwrap().0 = time;
            changed.notify_all();
        };
        let is_stopped = AtomicBool::new(false);
        let (sent, order) = mpsc::channel();
        std::thread::scope(|scope| {
            let waiting = || u64::try_from(pace.lock().waiting.len()).unwrap();
            for number in 0..=THREADS {
                // The last one is a request for a token. Number 7 is interrupted.
                let mut turn = if number == THREADS { Turn::first() } else { Turn::normal() };
                let (pace, clock, now, sleep, sent) = (&pace, &clock, &now, &sleep, sent.clone());
                let is_stopped = &is_stopped;
                scope.spawn(move || {
                    let is_stopped = || number == 7 && is_stopped.load(Ordering::SeqCst);
                    if pace.wait(&mut turn, now, sleep, is_stopped).is_some() {
                        sent.send((number, clock.lock().unwrap().0)).unwrap();
                    } else {
                        assert_eq!(number, 7);
                    }
                });
                while waiting() <= number {
                    std::thread::yield_now();
                }
            }
            is_stopped.store(true, Ordering::SeqCst);
            pace.wake();
            while waiting() > THREADS {
                std::thread::yield_now();
            }
            let numbers = std::iter::once(THREADS).chain((0..THREADS).filter(|n| *n != 7));
            for (number, slot) in numbers.zip(1..) {
                // First, the token's thread sleeps as well as the one that was first before it.
                advance_to(slot * 250, if slot == 1 { 2 } else { 1 });
                assert_eq!(order.recv().unwrap(), (number, slot * 250));
            }
        });
        drop(sent);
        assert_eq!(order.recv(), Err(mpsc::RecvError));
    }
}
