//! Times as people read them.

use app::ui::expiry::{Expiry, When};
use app::ui::time::Moment;
use domain::timestamp::Timestamp;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, Time};

use crate::services::activity::Span;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

pub(super) fn moment(now: Timestamp, at: Timestamp) -> Moment {
    Moment {
        exact: rfc3339(at),
        relative: relative(now, at),
    }
}

/// RFC 3339, for addresses of the REST API.
pub(super) fn rfc3339(at: Timestamp) -> String {
    let time = OffsetDateTime::from_unix_timestamp(at.0).ok();
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// When a piece of a chart's time begins.
pub(super) fn piece(at: Timestamp, span: Span) -> String {
    let hour = format_description!("[hour]:[minute]");
    let day = format_description!("[day padding:none] [month repr:short]");
    let day_and_hour = format_description!("[day padding:none] [month repr:short], [hour]:[minute]");
    let time = OffsetDateTime::from_unix_timestamp(at.0).ok();
    let text = time.and_then(|time| match span {
        Span::Day => time.format(hour).ok(),
        Span::Week => time.format(day_and_hour).ok(),
        Span::Month => time.format(day).ok(),
    });
    text.unwrap_or_default()
}

/// The first second of a day that was typed or picked.
pub(super) fn beginning_of_day(text: &str) -> Option<Timestamp> {
    let date = Date::parse(text.trim(), format_description!("[year]-[month]-[day]")).ok()?;
    Some(Timestamp(date.midnight().assume_utc().unix_timestamp()))
}

/// From when on an expiry is near: time enough to get another credential.
const NEAR: i64 = 14 * DAY;

pub(super) fn expiry(now: Timestamp, at: Timestamp) -> Expiry {
    let when = match at.0.saturating_sub(now.0) {
        ..=0 => When::Past,
        1..=NEAR => When::Near,
        _ => When::Far,
    };
    Expiry {
        at: moment(now, at),
        when,
    }
}

fn relative(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.0.saturating_sub(at.0);
    let (distance, future) = (seconds.saturating_abs(), seconds < 0);
    let text = match distance {
        ..MINUTE if future => return "in a moment".to_owned(),
        ..MINUTE => return "just now".to_owned(),
        MINUTE..HOUR => format!("{} min", distance / MINUTE),
        HOUR..DAY => format!("{} h", distance / HOUR),
        _ => match distance / DAY {
            1 => "1 day".to_owned(),
            days => format!("{days} days"),
        },
    };
    if future {
        format!("in {text}")
    } else {
        format!("{text} ago")
    }
}

/// The day an expiry falls on, as a date field wants it.
pub(super) fn day(at: Timestamp) -> String {
    OffsetDateTime::from_unix_timestamp(at.0)
        .ok()
        .and_then(|time| time.format(format_description!("[year]-[month]-[day]")).ok())
        .unwrap_or_default()
}

/// The last second of a day that was typed or picked.
pub(super) fn end_of_day(text: &str) -> Option<Timestamp> {
    let date = Date::parse(text.trim(), format_description!("[year]-[month]-[day]")).ok()?;
    let last = date.with_time(Time::from_hms(23, 59, 59).ok()?).assume_utc();
    Some(Timestamp(last.unix_timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_say_them() {
        let now = Timestamp(1_000_000);
        for (seconds, text) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (7_200, "2 h ago"),
            (DAY, "1 day ago"),
            (9 * DAY, "9 days ago"),
            (-30, "in a moment"),
            (-3 * DAY, "in 3 days"),
        ] {
            assert_eq!(relative(now, now.plus(-seconds)), text);
        }
    }

    #[test]
    fn b05_an_expiry_is_near_for_two_weeks_and_past_at_its_second() {
        let now = Timestamp(1_000_000);
        for (seconds, when) in [
            (-1, When::Past),
            (0, When::Past),
            (1, When::Near),
            (NEAR, When::Near),
            (NEAR + 1, When::Far),
        ] {
            assert_eq!(expiry(now, now.plus(seconds)).when, when, "{seconds}");
        }
    }

    #[test]
    fn a_day_ends_with_its_last_second_and_comes_back_as_typed() {
        let end = end_of_day(" 2026-11-23 ").unwrap();
        assert_eq!(day(end), "2026-11-23");
        assert_eq!(day(end.plus(1)), "2026-11-24");
        assert_eq!(end_of_day("23.11.2026"), None);
    }
}
