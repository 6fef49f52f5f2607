//! How many overrides match, beside the filters.

use domain::total::Total;

pub fn counted(total: Total) -> String {
    match total {
        Total::Exactly(1) => "1 override".to_owned(),
        Total::Exactly(count) => format!("{} overrides", grouped(count)),
        Total::MoreThan(count) => format!("More than {} overrides", grouped(count)),
    }
}

/// `12,345`. By hand: formatting with a width is a kilobyte that nothing else in the browser needs.
fn grouped(count: i64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s01_the_filters_say_how_many_match_or_that_they_are_too_many_to_count() {
        for (total, text) in [
            (Total::Exactly(0), "0 overrides"),
            (Total::Exactly(1), "1 override"),
            (Total::Exactly(999), "999 overrides"),
            (Total::Exactly(100_001), "100,001 overrides"),
            (Total::Exactly(2_030_000), "2,030,000 overrides"),
            (Total::MoreThan(1_000), "More than 1,000 overrides"),
        ] {
            assert_eq!(counted(total), text);
        }
    }
}
