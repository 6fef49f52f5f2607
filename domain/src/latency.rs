//! Latencies as counts in steps, so that hours and servers add up and percentiles still come out.
//!
//! Four steps to each doubling: a percentile is off by less than a fifth of itself.

const FIRST_MICROS: f64 = 100.0;
const STEPS_PER_DOUBLING: f64 = 4.0;
/// Up to about a minute and three quarters; everything slower is in the last.
pub const STEPS: u8 = 81;

/// The step a latency counts in.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "clamped to the steps there are; microseconds of a century fit into 52 bits"
)]
pub fn step_of(micros: u64) -> u8 {
    let step = (micros as f64 / FIRST_MICROS).log2() * STEPS_PER_DOUBLING;
    step.ceil().clamp(0.0, f64::from(STEPS - 1)) as u8
}

/// The longest latency that counts in a step, in microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a hundred times two to the twentieth at most"
)]
pub fn upper_micros(step: u8) -> u64 {
    (FIRST_MICROS * (f64::from(step) / STEPS_PER_DOUBLING).exp2()).round() as u64
}

/// How many calls counted in each step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Latencies {
    counts: std::collections::BTreeMap<u8, u64>,
}

impl Latencies {
    pub fn add(&mut self, step: u8, calls: u64) {
        *self.counts.entry(step.min(STEPS - 1)).or_default() += calls;
    }

    pub fn calls(&self) -> u64 {
        self.counts.values().sum()
    }

    /// What `percent` of the calls stayed within, in microseconds; `None` without calls. Within a step, calls are taken to lie
    /// evenly.
    pub fn percentile(&self, percent: u64) -> Option<u64> {
        let all = self.calls();
        // The rank of the call that decides, counted from one.
        let rank = (all * percent).div_ceil(100).max(1);
        let mut below = 0;
        for (step, calls) in &self.counts {
            if below + calls >= rank {
                let lower = step.checked_sub(1).map_or(0, upper_micros);
                let width = upper_micros(*step) - lower;
                return Some(lower + width * (rank - below) / calls);
            }
            below += calls;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(latencies: &[u64]) -> Latencies {
        let mut counted = Latencies::default();
        for micros in latencies {
            counted.add(step_of(*micros), 1);
        }
        counted
    }

    #[test]
    fn ends_and_edges_have_steps() {
        assert_eq!([step_of(0), step_of(100), step_of(101), step_of(200)], [0, 0, 1, 4]);
        assert_eq!(step_of(u64::MAX), STEPS - 1);
        assert_eq!(upper_micros(4), 200);
        assert_eq!(Latencies::default().percentile(50), None);
    }

    proptest! {
        #[test]
        fn a_latency_lies_within_its_step(micros in 1u64..100_000_000) {
            let step = step_of(micros);
            prop_assert!(micros <= upper_micros(step) + 1);
            prop_assert!(step == 0 || micros + 1 >= upper_micros(step - 1));
        }

        #[test]
        fn percentiles_are_off_by_less_than_a_fifth(mut latencies in proptest::collection::vec(100u64..60_000_000, 1..200), percent in 1u64..=100) {
            let told = of(&latencies).percentile(percent).unwrap();
            latencies.sort_unstable();
            let rank = (latencies.len() as u64 * percent).div_ceil(100) as usize;
            let exact = latencies[rank - 1];
            prop_assert!(told.abs_diff(exact) * 5 <= exact.max(told) + 5, "{told} for {exact}");
        }

        #[test]
        fn sums_of_parts_are_the_whole(one in proptest::collection::vec(0u64..9_000_000, 0..50), other in proptest::collection::vec(0u64..9_000_000, 0..50)) {
            let whole = of(&[one.clone(), other.clone()].concat());
            let mut sum = of(&one);
            for (step, calls) in of(&other).counts { sum.add(step, calls); }
            prop_assert_eq!(whole, sum);
        }
    }
}
