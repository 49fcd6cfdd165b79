//! Several things measured in turn, so that what the machine does meanwhile meets all of them.

use std::time::Instant;

/// Something that can be measured: a round of it, and what that comes to.
pub(crate) struct Runner<'a> {
    name: String,
    round: Box<dyn FnMut() -> f64 + 'a>,
}

impl<'a> Runner<'a> {
    /// `round` gives the figure of one round.
    pub(crate) fn new(name: impl Into<String>, round: impl FnMut() -> f64 + 'a) -> Self {
        Self {
            name: name.into(),
            round: Box::new(round),
        }
    }
}

/// What all rounds of one runner came to.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    sorted: Vec<f64>,
}

impl Figure {
    pub(crate) fn of(name: impl Into<String>, mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self {
            name: name.into(),
            sorted: values,
        }
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Half the distance between the quartiles, as a part of the median.
    pub(crate) fn spread(&self) -> f64 {
        match self.quantile(0.75) - self.quantile(0.25) {
            // Of the median of nothing at all there is no part.
            0.0 => 0.0,
            distance => distance / 2.0 / self.median(),
        }
    }

    fn quantile(&self, part: f64) -> f64 {
        let at = part * (self.sorted.len() - 1) as f64;
        let (low, high) = (at.floor() as usize, at.ceil() as usize);
        self.sorted[low] + (self.sorted[high] - self.sorted[low]) * at.fract()
    }
}

/// Runs all of them in turn, so many times, after one round that does not count.
pub(crate) fn in_turn<const N: usize>(rounds: usize, runners: [Runner<'_>; N]) -> [Figure; N] {
    values_in_turn(rounds, runners).map(|(name, values)| Figure::of(name, values))
}

/// The same for what differs more from one time to another than between the runners: every round is brought to the
/// level of the middle one, and what remains is what makes one runner dearer than the others of its round.
pub(crate) fn in_turn_on_a_level<const N: usize>(
    rounds: usize,
    runners: [Runner<'_>; N],
) -> [Figure; N] {
    let mut measured = values_in_turn(rounds, runners);
    let levels: Vec<f64> = (0..rounds)
        .map(|round| {
            let logarithms = measured.iter().map(|(_, values)| values[round].ln());
            (logarithms.sum::<f64>() / N as f64).exp()
        })
        .collect();
    let middle = Figure::of("", levels.clone()).median();
    for (_, values) in &mut measured {
        for (value, level) in values.iter_mut().zip(&levels) {
            *value *= middle / level;
        }
    }
    measured.map(|(name, values)| Figure::of(name, values))
}

fn values_in_turn<const N: usize>(
    rounds: usize,
    mut runners: [Runner<'_>; N],
) -> [(String, Vec<f64>); N] {
    let mut values: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        for (runner, values) in runners.iter_mut().zip(&mut values) {
            let value = (runner.round)();
            if round > 0 {
                values.push(value);
            }
        }
    }
    let mut values = values.into_iter();
    runners.map(|runner| (runner.name, values.next().unwrap_or_default()))
}

/// How many seconds something takes.
pub(crate) fn seconds(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64()
}

/// Nanoseconds of the clock that all processes share.
pub(crate) fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
