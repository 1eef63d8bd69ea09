//! Contenders that run in turns, so that disturbances affect all of them.

use std::hint::black_box;
use std::time::Instant;

use crate::count::{Counts, count};

/// One way to do the work. Calls are numbered, and no two calls of a round are the same.
pub struct Contender<'a> {
    pub name: &'static str,
    pub call: Box<dyn FnMut(u64) + 'a>,
}

impl<'a> Contender<'a> {
    pub fn new<T>(name: &'static str, mut call: impl FnMut(u64) -> T + 'a) -> Self {
        Self { name, call: Box::new(move |number| drop(black_box(call(black_box(number))))) }
    }
}

/// Median, and the tenth from either end.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub p10: f64,
    pub median: f64,
    pub p90: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        Self { p10: at(0.1), median: at(0.5), p90: at(0.9) }
    }
}

/// A contender as a multiple of its baseline.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// Round by round, without the rounds in which the baseline itself was disturbed.
    pub spread: Spread,
    /// The baseline, in the same rounds.
    pub baseline: Spread,
    /// The ratio of the p10 values of all rounds, without disturbances.
    pub quiet: f64,
    /// Whether the baseline was disturbed in less than half of the rounds.
    pub steady: bool,
}

impl Ratio {
    /// In a round that took twice its p10, a baseline was disturbed.
    pub fn of(baseline: &[f64], contender: &[f64]) -> Self {
        let p10 = |times: &[f64]| Spread::of(times.to_vec()).p10;
        let quickest = p10(baseline);
        let pairs =
            || baseline.iter().zip(contender).filter(|(baseline, _)| **baseline <= 2.0 * quickest);
        Self {
            spread: Spread::of(pairs().map(|(baseline, contender)| contender / baseline).collect()),
            baseline: Spread::of(pairs().map(|(baseline, _)| *baseline).collect()),
            quiet: p10(contender) / quickest,
            steady: pairs().count() * 2 > baseline.len(),
        }
    }
}

/// Nanoseconds a call, by contender and round.
pub struct Race {
    pub names: Vec<&'static str>,
    times: Vec<Vec<f64>>,
    pub counts: Vec<Counts>,
}

/// Runs every contender once per round, in a rotating order.
pub fn race(contenders: &mut [Contender<'_>], rounds: usize, calls: u64) -> Race {
    race_after(0, contenders, rounds, calls)
}

/// Runs every contender once per round, in a rotating order. The time of a turn begins after
/// `ignored` calls, so that the code of the other contenders is no longer in the caches.
fn race_after(ignored: u64, contenders: &mut [Contender<'_>], rounds: usize, calls: u64) -> Race {
    let number = contenders.len();
    let mut next = 0;
    let mut counts = Vec::new();
    for contender in contenders.iter_mut() {
        // Warm-up, then the minimum of three counts, because another thread may allocate.
        (0..10).for_each(|_| (contender.call)(take(&mut next)));
        let counted = (0..3).map(|_| count(|| (contender.call)(take(&mut next))).1);
        counts.push(counted.min_by_key(|counts| counts.allocations).unwrap());
    }
    let mut times = vec![Vec::with_capacity(rounds); number];
    for round in 0..rounds {
        for turn in 0..number {
            let index = (round + turn) % number;
            for _ in 0..ignored {
                (contenders[index].call)(take(&mut next));
            }
            let begin = Instant::now();
            for _ in 0..calls {
                (contenders[index].call)(take(&mut next));
            }
            times[index].push(begin.elapsed().as_nanos() as f64 / calls as f64);
        }
    }
    Race { names: contenders.iter().map(|contender| contender.name).collect(), times, counts }
}

/// Combines races with new contenders, so that properties of a connection, such as the core of its
/// server thread, affect only a part of the rounds. The time of a turn begins after `ignored` calls.
pub fn heats<'a>(
    make: impl Fn() -> Vec<Contender<'a>>,
    heats: usize,
    rounds: usize,
    [ignored, calls]: [u64; 2],
) -> Race {
    let mut all = race_after(ignored, &mut make(), rounds, calls);
    for _ in 1..heats {
        let next = race_after(ignored, &mut make(), rounds, calls);
        for (times, more) in all.times.iter_mut().zip(next.times) {
            times.extend(more);
        }
    }
    all
}

fn take(number: &mut u64) -> u64 {
    *number += 1;
    *number
}

impl Race {
    fn index(&self, name: &str) -> usize {
        self.names.iter().position(|known| *known == name).unwrap()
    }

    pub fn spread(&self, name: &str) -> Spread {
        Spread::of(self.times[self.index(name)].clone())
    }

    pub fn ratio(&self, name: &str, baseline: &str) -> Ratio {
        Ratio::of(&self.times[self.index(baseline)], &self.times[self.index(name)])
    }

    pub fn counts(&self, name: &str) -> Counts {
        self.counts[self.index(name)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twice_the_work_takes_about_twice_the_time() {
        fn work(times: u64) -> u64 {
            (0..times * 20_000).fold(0, |sum, number| black_box(sum ^ number))
        }
        let mut contenders =
            [Contender::new("one", |_| work(1)), Contender::new("two", |_| work(2))];
        let ratio = race(&mut contenders, 21, 5).ratio("two", "one").spread.median;
        assert!((1.2..3.3).contains(&ratio), "{ratio}");
    }

    #[test]
    fn rounds_that_disturb_the_floor_are_set_aside() {
        let mostly_quiet = [10.0, 11.0, 10.0, 90.0, 10.0, 12.0];
        let ratio = Ratio::of(&mostly_quiet, &[20.0, 22.0, 20.0, 20.0, 20.0, 24.0]);
        assert!(ratio.steady);
        assert_eq!((ratio.spread.p10, ratio.spread.p90), (2.0, 2.0));
        assert_eq!(ratio.baseline.p90, 12.0);
        let mostly_disturbed = [10.0, 90.0, 80.0, 90.0, 10.0, 70.0];
        assert!(!Ratio::of(&mostly_disturbed, &[20.0; 6]).steady);
    }

    #[test]
    fn allocations_are_counted() {
        let race = race(&mut [Contender::new("two", |_| (vec![0_u8; 10], vec![0_u8; 20]))], 1, 1);
        assert_eq!((race.counts[0].allocations, race.counts[0].bytes), (2, 30));
    }
}
