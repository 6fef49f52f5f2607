//! File descriptors: as many as the system lets us have, and not more connections than there are descriptors for.

use tracing::warn;

/// For the database, files, and connections to upstreams that wait for use.
const RESERVED: u64 = 256;
/// A call has two: its caller's connection and its upstream's.
const PER_CONNECTION: u64 = 2;

/// Raises our limit to the system's, and answers how many of the wanted connections there can be.
pub fn connections(wanted: usize) -> usize {
    let Ok(descriptors) = rlimit::increase_nofile_limit(rlimit::INFINITY) else {
        warn!("The limit on open files could not be raised");
        return wanted;
    };
    let possible = possible(wanted, descriptors);
    if possible < wanted {
        warn!(
            descriptors,
            connections = possible,
            wanted,
            "Fewer connections than max_connections: the limit on open files (ulimit -n) is too low for them"
        );
    }
    possible
}

fn possible(wanted: usize, descriptors: u64) -> usize {
    let fitting = (descriptors.saturating_sub(RESERVED) / PER_CONNECTION).max(1);
    usize::try_from(fitting).map_or(wanted, |fitting| wanted.min(fitting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_needs_two_descriptors_and_some_are_kept() {
        assert_eq!(possible(16_384, 1_048_576), 16_384);
        assert_eq!(possible(16_384, u64::MAX), 16_384);
        assert_eq!(possible(16_384, 1_024), 384);
        assert_eq!(possible(100, 10), 1);
    }
}
