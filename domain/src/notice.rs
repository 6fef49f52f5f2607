//! What people are told about their overrides, and when: which step of an expiry is due, and when a message that did not go out is
//! tried again.

use crate::timestamp::Timestamp;

const DAY: i64 = 86_400;

/// Before the end of an override: each is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Within two weeks.
    Fortnight,
    /// Within three days.
    ThreeDays,
    /// It has ended.
    Ended,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Fortnight, Self::ThreeDays, Self::Ended];

    pub const fn days(self) -> i64 {
        match self {
            Self::Fortnight => 14,
            Self::ThreeDays => 3,
            Self::Ended => 0,
        }
    }

    /// The ends that this step is for, later than the first and up to the second. An earlier step that was missed is left out, and an
    /// end of more than a week ago is no news.
    pub const fn ends(self, now: Timestamp) -> (Timestamp, Timestamp) {
        match self {
            Self::Fortnight => (now.plus(3 * DAY), now.plus(14 * DAY)),
            Self::ThreeDays => (now, now.plus(3 * DAY)),
            Self::Ended => (now.plus(-7 * DAY), now),
        }
    }

    /// Which step an end is at.
    pub fn of(ends_at: Timestamp, now: Timestamp) -> Option<Self> {
        Self::ALL.into_iter().find(|step| {
            let (after, until) = step.ends(now);
            after < ends_at && ends_at <= until
        })
    }
}

/// Whole days until then, rounded up: what remains of today counts.
pub const fn days_left(ends_at: Timestamp, now: Timestamp) -> i64 {
    let seconds = ends_at.0 - now.0;
    if seconds <= 0 { 0 } else { (seconds + DAY - 1) / DAY }
}

/// Seconds until the next try, by how many failed; `None`: given up, a day and a half after the first.
pub const fn again_in(failed: i64) -> Option<i64> {
    match failed {
        ..=1 => Some(10),
        2 => Some(60),
        3 => Some(5 * 60),
        4 => Some(30 * 60),
        5 => Some(2 * 3_600),
        6 => Some(10 * 3_600),
        7 => Some(DAY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b05_an_end_is_at_one_step_at_a_time() {
        let now = Timestamp(1_000_000_000);
        let step = |seconds: i64| Step::of(now.plus(seconds), now);
        assert_eq!(step(14 * DAY + 1), None);
        assert_eq!(step(14 * DAY), Some(Step::Fortnight));
        assert_eq!(step(3 * DAY + 1), Some(Step::Fortnight));
        assert_eq!(step(3 * DAY), Some(Step::ThreeDays));
        assert_eq!(step(1), Some(Step::ThreeDays));
        assert_eq!(step(0), Some(Step::Ended));
        assert_eq!(step(-7 * DAY + 1), Some(Step::Ended));
        assert_eq!(step(-7 * DAY), None);
    }

    #[test]
    fn what_remains_of_a_day_counts_as_one() {
        let now = Timestamp(0);
        let left = |seconds: i64| days_left(Timestamp(seconds), now);
        assert_eq!(
            [left(14 * DAY), left(3 * DAY - 5), left(1), left(0), left(-9)],
            [14, 3, 1, 0, 0]
        );
    }

    #[test]
    fn tries_come_later_and_later_and_end() {
        let pauses: Vec<_> = (1..).map_while(again_in).collect();
        assert_eq!(pauses.len(), 7);
        assert!(pauses.is_sorted_by(|a, b| a < b));
        assert_eq!(again_in(8), None);
    }
}
