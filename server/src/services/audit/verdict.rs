//! What a look at the chains found, and how it is told.

use std::fmt;

use crate::store::Trail;
use crate::store::trail::ChainEnds;

/// What became of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// What it says was changed after it was written.
    Edited,
    /// Its hash was overwritten.
    Rehashed,
    /// It stands where another one belongs, which stands there.
    Reordered { belongs_here: i64 },
    /// It does not follow from the one before: put there, or changed together with its hash.
    Foreign,
    /// From the place named up to this one.
    Missing { up_to: i64 },
    /// Entries stand behind the chain's end.
    BehindEnd,
    /// The chain's end names another hash than the newest entry has.
    EndChanged,
    /// The mark that says where retention has removed entries is not the program's.
    AnchorForged,
    /// It is not the entry that was noted.
    NotAsNoted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub seq: i64,
    /// The entry, as far as there is one.
    pub what: Option<String>,
    pub fault: Fault,
}

/// One chain's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub trail: Trail,
    /// How many entries were looked at: all, unless one is broken.
    pub entries: u64,
    pub ends: ChainEnds,
    pub broken: Option<Broken>,
}

/// An end of a chain that somebody has kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noted {
    pub trail: Trail,
    pub seq: i64,
    /// In hexadecimal digits; the first ones will do.
    pub hash: String,
}

impl Noted {
    /// `changes:17:3f9a...`, as `overkey audit verify` and the log tell it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(':');
        let (trail, seq, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let known = hash.len() >= 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) && parts.next().is_none();
        Some(Self {
            trail: Trail::ALL.into_iter().find(|known| known.as_str() == trail)?,
            seq: seq.parse().ok().filter(|seq| *seq > 0)?,
            hash: known.then(|| hash.to_ascii_lowercase())?,
        })
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match &self.fault {
            Fault::Missing { up_to } if *up_to == seq => return write!(f, "entry {seq} is missing"),
            Fault::Missing { up_to } => return write!(f, "entries {seq} to {up_to} are missing"),
            Fault::AnchorForged => {
                return write!(
                    f,
                    "entries up to {seq} are missing: retention did not remove them, or its mark was changed"
                );
            }
            Fault::EndChanged => return write!(f, "the chain's end was changed: its hash is not that of entry {seq}"),
            _ => {}
        }
        write!(f, "entry {seq}")?;
        if let Some(what) = &self.what {
            write!(f, ", {what},")?;
        }
        match &self.fault {
            Fault::Edited => f.write_str(" was edited after it was written"),
            Fault::Rehashed => f.write_str(" has another hash than it was written with"),
            Fault::Reordered { belongs_here } => {
                write!(f, " stands in the wrong place: entry {belongs_here} belongs there")
            }
            Fault::BehindEnd => f.write_str(" stands behind the chain's end"),
            Fault::NotAsNoted => f.write_str(" is not the one that was noted"),
            Fault::Foreign | Fault::Missing { .. } | Fault::AnchorForged | Fault::EndChanged => {
                f.write_str(" does not follow from the one before: it was put there, or edited together with its hash")
            }
        }
    }
}

/// `changes: 17 entries, whole; newest changes:17:3f9a...`, in a line.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trail = self.trail.as_str();
        if let Some(broken) = &self.broken {
            return write!(f, "{trail}: broken after {} good entries: {broken}", self.entries);
        }
        write!(f, "{trail}: {} entries, whole", self.entries)?;
        if self.ends.anchor_seq > 0 {
            write!(f, " (retention removed those up to {})", self.ends.anchor_seq)?;
        }
        if self.ends.seq > 0 {
            write!(f, "; newest {trail}:{}:{}", self.ends.seq, hex(&self.ends.hash))?;
        }
        Ok(())
    }
}

/// As the log and the command line write hashes.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_end_is_read_as_it_is_told() {
        let noted = Noted::parse(" changes:17:3F9a00ff ").unwrap();
        assert_eq!(
            (noted.trail, noted.seq, noted.hash.as_str()),
            (Trail::Changes, 17, "3f9a00ff")
        );
        for bad in [
            "",
            "changes:17",
            "changes:17:3f9a",
            "edits:17:3f9a00ff",
            "changes:0:3f9a00ff",
            "calls:1:xxxxxxxx",
            "calls:1:3f9a00ff:1",
        ] {
            assert_eq!(Noted::parse(bad), None, "{bad}");
        }
    }
}
