//! How many there are of what a list shows. What takes long to count is counted only so far.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Total {
    Exactly(i64),
    MoreThan(i64),
}

impl Total {
    /// `counted`: all there are, but no more than one beyond `most`.
    pub fn up_to(most: i64, counted: i64) -> Self {
        if counted > most {
            Self::MoreThan(most)
        } else {
            Self::Exactly(counted)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_exact_as_long_as_counting_ends() {
        let totals = [0, 3, 4, 9].map(|counted| Total::up_to(3, counted));
        let right = [
            Total::Exactly(0),
            Total::Exactly(3),
            Total::MoreThan(3),
            Total::MoreThan(3),
        ];
        assert_eq!(totals, right);
    }
}
