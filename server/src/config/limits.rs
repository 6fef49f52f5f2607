//! How much may be going on at once.

use super::{ConfigError, Raw, invalid};

/// Bytes of request bodies, unless `body_limit` asks for more.
const BODIES: usize = 256 * 1024 * 1024;
/// Of those bytes one subject gets a quarter and one server a half.
const SUBJECTS: usize = 4;
const SERVERS: usize = 2;

#[derive(Debug, Clone, Copy)]
pub struct AtMost {
    pub in_all: usize,
    pub per_subject: usize,
    pub per_server: usize,
}

#[derive(Debug, Clone, Copy)]
pub struct LimitsConfig {
    pub calls: AtMost,
    /// What clients listen on.
    pub streams: AtMost,
    /// Bytes of request bodies.
    pub bodies: AtMost,
    pub connections: usize,
}

pub(super) fn limits(raw: &Raw) -> Result<LimitsConfig, ConfigError> {
    Ok(LimitsConfig {
        calls: AtMost {
            in_all: count("max_calls", raw.max_calls)?,
            per_subject: count("max_calls_per_subject", raw.max_calls_per_subject)?,
            per_server: count("max_calls_per_server", raw.max_calls_per_server)?,
        },
        streams: AtMost {
            in_all: count("max_streams", raw.max_streams)?,
            per_subject: count("max_streams_per_subject", raw.max_streams_per_subject)?,
            per_server: count("max_streams_per_server", raw.max_streams_per_server)?,
        },
        bodies: bodies(raw)?,
        connections: count("max_connections", raw.max_connections)?,
    })
}

/// A subject's share has to hold the longest body, or no call could bring one.
fn bodies(raw: &Raw) -> Result<AtMost, ConfigError> {
    let longest = usize::try_from(raw.body_limit).map_err(|_| invalid("body_limit", "a number of bytes"))?;
    let least = longest.saturating_mul(SUBJECTS);
    let in_all = match raw.body_memory {
        Some(given) => usize::try_from(given).map_err(|_| invalid("body_memory", "a number of bytes"))?,
        None => BODIES.max(least),
    };
    if in_all < least {
        return Err(invalid(
            "body_memory",
            "at least four times `body_limit`: one subject gets a quarter of it",
        ));
    }
    Ok(AtMost {
        in_all,
        per_subject: in_all / SUBJECTS,
        per_server: in_all / SERVERS,
    })
}

fn count(key: &'static str, given: u32) -> Result<usize, ConfigError> {
    let given = usize::try_from(given).ok().filter(|given| *given > 0);
    given.ok_or_else(|| invalid(key, "1 or more"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{load, problem};

    #[test]
    fn nothing_may_be_limited_to_nothing() {
        assert_eq!(
            problem("max_calls_per_subject = 0"),
            "setting `max_calls_per_subject`: 1 or more"
        );
        assert!(problem("max_streams = -1").contains("setting `max_streams`"));
    }

    #[test]
    fn a_subjects_share_holds_the_longest_body() {
        let limits = load("body_limit = 100_000_000").unwrap().limits;
        assert_eq!(limits.bodies.in_all, 400_000_000);
        assert_eq!(limits.bodies.per_subject, 100_000_000);
        assert!(problem("body_memory = 1_000_000").starts_with("setting `body_memory`"));
    }
}
